"""What can go wrong with agents and their reviews."""

from nyumba.errors import FieldError, InvalidRequest, NyumbaError


class AgentNotFound(NyumbaError):
    """No such agent: no profile, another role, or deactivated. Strangers cannot tell these apart."""

    status = 404
    code = "agent-not-found"
    title = "Agent not found"


class ProfileNotFound(NyumbaError):
    """An agent who has published no profile."""

    status = 404
    code = "profile-not-found"
    title = "Profile not found"


class ProfileExists(NyumbaError):
    """An agent has one profile."""

    status = 409
    code = "profile-exists"
    title = "Profile exists"


class LicenseTaken(InvalidRequest):
    """Another agent has this license."""

    status = 409
    exit_code = 1
    code = "license-taken"
    title = "License taken"

    def __init__(self) -> None:
        super().__init__([FieldError("belongs to another agent", pointer="/license")])


class ReviewNotFound(NyumbaError):
    """Nothing was said of this agent, or there is no such agent: strangers cannot tell these apart."""

    status = 404
    code = "review-not-found"
    title = "Review not found"


class ReviewExists(NyumbaError):
    """A client reviews an agent once."""

    status = 409
    code = "review-exists"
    title = "Review exists"
