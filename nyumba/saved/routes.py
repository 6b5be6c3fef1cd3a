"""`/properties/{id}/save` and `/users/me/saved`: what somebody keeps an eye on."""

from uuid import UUID

from litestar import Router, delete, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_user
from nyumba.accounts.guards import require_user
from nyumba.accounts.models import User
from nyumba.accounts.routes import BEARER
from nyumba.errors import PropertyNotFound
from nyumba.pagination import Page, PageParameters, Paging
from nyumba.queries import describe_query, provide_paging
from nyumba.saved import service
from nyumba.saved.schemas import SavedCard


@post("/properties/{property_id:uuid}/save", status_code=204, errors=[PropertyNotFound], summary="Save a property")
async def save_property(
    property_id: FromPath[UUID], user: NamedDependency[User], session: NamedDependency[AsyncSession]
) -> None:
    """Keep an eye on a property that is on the market. Saving it again changes nothing."""
    await service.save_property(session, user.id, property_id)


@delete("/properties/{property_id:uuid}/save", summary="Forget a saved property")
async def forget_property(
    property_id: FromPath[UUID], user: NamedDependency[User], session: NamedDependency[AsyncSession]
) -> None:
    """No longer keep an eye on a property. Answers the same when it was not saved."""
    await service.forget_property(session, user.id, property_id)


@get("/users/me/saved", operation_class=describe_query(PageParameters), summary="List what you saved")
async def list_saved(
    user: NamedDependency[User], paging: NamedDependency[Paging], session: NamedDependency[AsyncSession]
) -> Page[SavedCard]:
    """What you saved, last saved first. What has left the market since is there too, with `available` false."""
    return await service.list_saved(session, user.id, paging)


saved_router = Router(
    "/",
    route_handlers=[save_property, forget_property, list_saved],
    guards=[require_user],
    security=BEARER,
    dependencies={"user": Provide(provide_user), "paging": Provide(provide_paging)},
    tags=["saved"],
    cache_control=CacheControlHeader(no_store=True),
)
