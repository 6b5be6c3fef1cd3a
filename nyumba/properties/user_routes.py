"""`/users/{id}/properties`: what somebody offers."""

from uuid import UUID

from litestar import Router, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_viewer
from nyumba.accounts.guards import recognize_user
from nyumba.accounts.models import User
from nyumba.accounts.routes import BEARER
from nyumba.pagination import Page, PageParameters, Paging
from nyumba.properties.cards import list_user_properties
from nyumba.properties.schemas import ListingCard
from nyumba.properties.service import is_owned
from nyumba.queries import describe_query, provide_paging

BEARER_OR_NOTHING = [*BEARER, {}]


@get(
    "/{user_id:uuid}/properties",
    guards=[recognize_user],
    security=BEARER_OR_NOTHING,
    operation_class=describe_query(PageParameters),
    summary="List a user's properties",
)
async def list_properties_of_user(
    user_id: FromPath[UUID],
    viewer: NamedDependency[User | None],
    paging: NamedDependency[Paging],
    session: NamedDependency[AsyncSession],
) -> Page[ListingCard]:
    """What a user offers, newest first: all of it to themselves and to admins, what is on the market to others."""
    return await list_user_properties(session, user_id, paging, with_private=is_owned(viewer, user_id))


user_properties_router = Router(
    "/users",
    route_handlers=[list_properties_of_user],
    dependencies={"viewer": Provide(provide_viewer), "paging": Provide(provide_paging)},
    tags=["users"],
    cache_control=CacheControlHeader(no_store=True),
)
