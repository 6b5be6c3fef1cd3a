"""`/search/events`: what people did with results."""

from typing import Any

from litestar import Request, Router, post
from litestar.datastructures import CacheControlHeader, State
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_viewer
from nyumba.accounts.guards import recognize_user
from nyumba.accounts.models import User
from nyumba.events import service
from nyumba.events.schemas import EventBatch, EventsAccepted, NestedBody
from nyumba.events.service import Intake, Sender
from nyumba.limits.errors import RateLimited
from nyumba.limits.guards import AccountLimits, limit_by_address, locate_client
from nyumba.limits.policies import EVENTS
from nyumba.properties.user_routes import BEARER_OR_NOTHING

LARGEST_BODY = 65_536


@post(
    "/search/events",
    status_code=202,
    dto=NestedBody[EventBatch],
    return_dto=None,
    guards=[limit_by_address(EVENTS), recognize_user],
    security=BEARER_OR_NOTHING,
    errors=[RateLimited],
    summary="Tell what people did with results",
)
async def accept_events(
    data: JSONBody[EventBatch],
    session: NamedDependency[AsyncSession],
    intake: NamedDependency[Intake],
    sender: NamedDependency[Sender],
) -> EventsAccepted:
    """Record impressions, clicks, saves and contacts, a batch at a time.

    Of whose they were nothing is recorded. Each visitor's contact about a property counts for what is trending once a
    day (UTC), its owner's never; visitors are told apart as views tell them.
    """
    return await service.accept_events(session, intake, sender, data)


async def provide_intake(state: State) -> Intake:
    """What the application made at start-up."""
    intake: Intake = state.intake
    return intake


async def provide_sender(
    request: Request[Any, Any, Any],
    viewer: NamedDependency[User | None],
    account_limits: NamedDependency[AccountLimits],
) -> Sender:
    """Whose events these are; an account has a limit of its own."""
    if viewer is not None:
        await account_limits.take(EVENTS, str(viewer.id))
    return Sender(viewer, f"{locate_client(request)} {request.headers.get('user-agent', '')}")


events_router = Router(
    "/",
    route_handlers=[accept_events],
    dependencies={
        "viewer": Provide(provide_viewer),
        "intake": Provide(provide_intake),
        "sender": Provide(provide_sender),
    },
    tags=["search"],
    request_max_body_size=LARGEST_BODY,
    cache_control=CacheControlHeader(no_store=True),
)
