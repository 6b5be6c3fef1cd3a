"""`/users`: accounts, as their owners see them."""

from litestar import Router, get, put
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_user
from nyumba.accounts.guards import require_user
from nyumba.accounts.models import User
from nyumba.accounts.profiles import to_read, update_profile
from nyumba.accounts.routes import BEARER, LARGEST_BODY
from nyumba.accounts.schemas import ProfileUpdate, UserRead
from nyumba.bodies import StrictBody


@get("/me", summary="Read your account")
async def read_own_account(user: NamedDependency[User]) -> UserRead:
    """Your own account; the same as `/auth/me`."""
    return to_read(user)


@put("/me", dto=StrictBody[ProfileUpdate], return_dto=None, summary="Change your account")
async def update_own_account(
    data: JSONBody[ProfileUpdate], user: NamedDependency[User], session: NamedDependency[AsyncSession]
) -> UserRead:
    """Change name, telephone number and picture. What is left out stays as it is; null empties it."""
    return await update_profile(session, user.id, data)


users_router = Router(
    "/users",
    route_handlers=[read_own_account, update_own_account],
    guards=[require_user],
    security=BEARER,
    dependencies={"user": Provide(provide_user)},
    tags=["users"],
    cache_control=CacheControlHeader(no_store=True),
    request_max_body_size=LARGEST_BODY,
)
