"""What can go wrong with an account.

Invariant: none of these tells whether an e-mail address has an account, save the one of the command line.
"""

from nyumba.errors import NyumbaError


class Unauthenticated(NyumbaError):
    """Nobody is logged in."""

    status = 401
    code = "unauthenticated"
    title = "Not logged in"
    challenge = "Bearer"

    @property
    def headers(self) -> dict[str, str]:
        """The challenge of RFC 6750."""
        return {"WWW-Authenticate": self.challenge}


class InvalidToken(Unauthenticated):
    """A token that was not issued for this, is over, or belongs to someone who is gone."""

    code = "invalid-token"
    title = "Invalid token"
    challenge = 'Bearer error="invalid_token"'


class TokenReplayed(InvalidToken):
    """A refresh token came a second time, so two have it: its family ends with this answer."""

    keeps_changes = True


class InvalidCredentials(Unauthenticated):
    """No such account, another password, or deactivated: strangers cannot tell these apart."""

    code = "invalid-credentials"
    title = "Invalid credentials"


class Forbidden(NyumbaError):
    """The account may not do this."""

    status = 403
    code = "forbidden"
    title = "Forbidden"


class HashingBusy(NyumbaError):
    """More passwords wait to be hashed than can be soon."""

    status = 503
    code = "busy"
    title = "Too busy"
    retry_after_s = 5


class EmailTaken(NyumbaError):
    """Another account has this address. For operators alone."""
