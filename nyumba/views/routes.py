"""`/properties/{id}/view`: somebody looks at a property."""

from typing import Any
from uuid import UUID

from litestar import Request, Router, post
from litestar.datastructures import CacheControlHeader, State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_viewer
from nyumba.accounts.guards import recognize_user
from nyumba.accounts.models import User
from nyumba.errors import PropertyNotFound
from nyumba.limits.errors import RateLimited
from nyumba.limits.guards import AccountLimits, limit_by_address, locate_client
from nyumba.limits.policies import VIEW
from nyumba.properties.user_routes import BEARER_OR_NOTHING
from nyumba.views.service import Visitors, note_view


@post(
    "/properties/{property_id:uuid}/view",
    status_code=204,
    guards=[limit_by_address(VIEW), recognize_user],
    security=BEARER_OR_NOTHING,
    errors=[PropertyNotFound, RateLimited],
    summary="Count a view",
)
async def view_property(
    property_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    viewer: NamedDependency[User | None],
    visitors: NamedDependency[Visitors],
    account_limits: NamedDependency[AccountLimits],
    session: NamedDependency[AsyncSession],
) -> None:
    """Say that somebody looks at a property. Each visitor counts once a day (UTC); `view_count` follows in a minute.

    Visitors are told apart by their account, else by network address and browser, of which nothing is kept.
    """
    if viewer is not None:
        await account_limits.take(VIEW, str(viewer.id))
    device = f"{locate_client(request)} {request.headers.get('user-agent', '')}"
    await note_view(session, visitors, property_id, viewer, device)


async def provide_visitors(state: State) -> Visitors:
    """What the application made at start-up."""
    visitors: Visitors = state.visitors
    return visitors


views_router = Router(
    "/",
    route_handlers=[view_property],
    dependencies={"viewer": Provide(provide_viewer), "visitors": Provide(provide_visitors)},
    tags=["properties"],
    cache_control=CacheControlHeader(no_store=True),
)
