"""The error tree of the API and the command lines, free of any framework.

Invariant: messages are shown to strangers, so they hold no SQL, index name, stack or personal data.
"""

from typing import ClassVar

import msgspec


class NyumbaError(Exception):
    """Something that the caller can be told about.

    `status` is HTTP's, `code` is stable for programs, `exit_code` is that of a command: 1 something needs a look,
    2 usage, 3 a dependency is down. `keeps_changes` says that what the request changed is committed all the same.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    retry_after_s: int | None = None
    keeps_changes: ClassVar[bool] = False

    @property
    def headers(self) -> dict[str, str]:
        """The headers of its HTTP answer."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with one value. `pointer` is a JSON pointer into the body, `parameter` a query parameter."""

    detail: str
    parameter: str | None = None
    pointer: str | None = None


class InvalidRequest(NyumbaError):
    """The request does not fit its contract; every offending field is listed."""

    status = 400
    exit_code = 2
    code = "invalid-request"
    title = "Invalid request"

    def __init__(self, errors: list[FieldError]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{e.parameter or e.pointer}: {e.detail}" for e in errors))


class MalformedBody(NyumbaError):
    """The body is not even of the right form."""

    status = 400
    code = "malformed-body"
    title = "Malformed body"


class PropertyNotFound(NyumbaError):
    """No such property, or none that the caller may see."""

    status = 404
    code = "property-not-found"
    title = "Property not found"


class SearchUnavailable(NyumbaError):
    """Elasticsearch does not answer, or has no index to answer from."""

    status = 503
    exit_code = 3
    code = "search-unavailable"
    title = "Search is unavailable"
    retry_after_s = 5


class SearchTimedOut(SearchUnavailable):
    """Elasticsearch gave a search up at its time limit: there is a part of a result, which nobody is told."""

    def __init__(self) -> None:
        super().__init__("the search took too long; narrow it down, or try again soon")


class AccessDenied(NyumbaError):
    """Elasticsearch refuses the credentials of this process."""

    exit_code = 3


class DatabaseUnavailable(NyumbaError):
    """PostgreSQL does not answer."""

    status = 503
    exit_code = 3
    code = "database-unavailable"
    title = "The database is unavailable"
    retry_after_s = 5


class SchemaMissing(NyumbaError):
    """The database has not been migrated."""


class SettingError(NyumbaError):
    """A setting keeps the program from starting."""

    exit_code = 2

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(f"{name} {reason}")


class SettingInvalid(SettingError):
    """A value that cannot be used."""


class SettingMissing(SettingError):
    """A value without which nothing works."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, f"is not set: {reason}")
