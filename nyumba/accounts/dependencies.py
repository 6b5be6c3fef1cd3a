"""What handlers of accounts ask for by name."""

from typing import Any

from litestar import Request
from litestar.datastructures import State

from nyumba.accounts.guards import require_role
from nyumba.accounts.models import User
from nyumba.accounts.passwords import Passwords
from nyumba.accounts.tokens import TokenKeys


async def provide_token_keys(state: State) -> TokenKeys:
    """The keys that the application made at start-up."""
    keys: TokenKeys = state.token_keys
    return keys


async def provide_passwords(state: State) -> Passwords:
    """The hashing threads that the application made at start-up."""
    passwords: Passwords = state.passwords
    return passwords


async def provide_user(request: Request[User, Any, Any]) -> User:
    """The user whom a guard let pass."""
    return request.user


async def provide_viewer(request: Request[User | None, Any, Any]) -> User | None:
    """The user whom `recognize_user` recognized; None for strangers."""
    return request.user


async def require_admin(request: Request[Any, Any, Any]) -> None:
    """For endpoints that are open to all, but not with every parameter.

    Raises:
        Unauthenticated, InvalidToken: nobody is logged in.
        Forbidden: somebody else is.
    """
    await require_role("admin")(request, request.route_handler)
