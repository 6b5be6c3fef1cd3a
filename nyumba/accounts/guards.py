"""Who may pass. A route without a guard is open to everyone, and does not look at tokens.

Invariant: a user is read from the database at each request, so that one who was deactivated, logged out or given a new
password is out at once. docs/access.md lists who may do what, and a test holds every route against it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from nyumba.accounts.errors import Forbidden, InvalidToken, Unauthenticated
from nyumba.accounts.families import find_user
from nyumba.accounts.models import ROLES, User

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


async def require_user(connection: Connection, _: BaseRouteHandler) -> None:
    """Let everyone pass who is logged in; the handler finds them as `user`.

    Raises:
        Unauthenticated: there is no token.
        InvalidToken: there is one, but it is not that of somebody who is logged in.
    """
    claims = connection.app.state.token_keys.read("access", _read_bearer(connection))
    async with connection.app.state.session_factory() as session:
        connection.scope["user"] = await find_user(session, claims)


async def recognize_user(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let everyone pass, and tell who it is: the handler finds a user or None as `viewer`.

    Raises:
        InvalidToken: there is a token, but it is not that of somebody who is logged in.
    """
    connection.scope["user"] = None
    if "authorization" in connection.headers:
        await require_user(connection, handler)


def require_role(*roles: str) -> Guard:
    """Let those pass who are logged in and have one of the roles; the others get `Forbidden`."""
    unknown = set(roles) - set(ROLES)
    if unknown or not roles:
        raise ValueError(f"no such roles: {unknown}")

    async def require_one_of(connection: Connection, handler: BaseRouteHandler) -> None:
        await require_user(connection, handler)
        user: User = connection.user
        if user.role not in roles:
            raise Forbidden(f"this takes an account of another role: {', '.join(roles)}")

    return require_one_of


def _read_bearer(connection: Connection) -> str:
    given = connection.headers.getall("authorization", [])
    if not given:
        raise Unauthenticated("send an access token as `Authorization: Bearer …`")
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer":
        raise InvalidToken("the header must be one `Authorization: Bearer …`")
    return token
