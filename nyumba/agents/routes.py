"""`/agents`: who they are, what they offer, and what clients say of them. An agent's id is their user id."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, post, put
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_user
from nyumba.accounts.errors import Forbidden
from nyumba.accounts.guards import require_role, require_user
from nyumba.accounts.models import User
from nyumba.accounts.routes import BEARER
from nyumba.agents import reviews, service
from nyumba.agents.errors import (
    AgentNotFound,
    LicenseTaken,
    ProfileExists,
    ProfileNotFound,
    ReviewExists,
    ReviewNotFound,
)
from nyumba.agents.schemas import AgentProfileWrite, AgentRead, AgentSearch, ReviewCreate, ReviewRead, ReviewUpdate
from nyumba.bodies import StrictBody
from nyumba.pagination import Page, PageParameters, Paging
from nyumba.parameters import parse_parameters
from nyumba.properties.schemas import ListingCard
from nyumba.queries import describe_query, open_page, provide_paging

LARGEST_BODY = 65_536

IS_AGENT = require_role("agent")


@get("/", operation_class=describe_query(AgentSearch), summary="Find agents")
async def list_agents(request: Request[Any, Any, Any], session: NamedDependency[AsyncSession]) -> Page[AgentRead]:
    """Agents by where they work, what they do and how they are rated. Best rated first, then most reviewed."""
    search = parse_parameters(AgentSearch, request.query_params.multi_items())
    return await service.list_agents(session, search, open_page(request, search))


@get("/{agent_id:uuid}", errors=[AgentNotFound], summary="Read one agent")
async def get_agent(agent_id: FromPath[UUID], session: NamedDependency[AsyncSession]) -> AgentRead:
    """All that an agent shows to the public. The id is `user_id` of the agent's properties."""
    return await service.get_agent(session, agent_id)


@get(
    "/{agent_id:uuid}/properties",
    operation_class=describe_query(PageParameters),
    errors=[AgentNotFound],
    summary="List an agent's properties",
)
async def list_agent_properties(
    agent_id: FromPath[UUID], paging: NamedDependency[Paging], session: NamedDependency[AsyncSession]
) -> Page[ListingCard]:
    """What an agent has on the market, newest first."""
    return await service.list_agent_properties(session, agent_id, paging)


@post(
    "/profile",
    dto=StrictBody[AgentProfileWrite],
    return_dto=None,
    guards=[IS_AGENT],
    security=BEARER,
    errors=[Forbidden, ProfileExists, LicenseTaken],
    response_headers=[ResponseHeader(name="Location", documentation_only=True, description="the path of your profile")],
    summary="Publish your profile",
)
async def create_profile(
    data: JSONBody[AgentProfileWrite], user: NamedDependency[User], session: NamedDependency[AsyncSession]
) -> Response[AgentRead]:
    """Appear among the agents. There is one profile for each; change it with PUT."""
    agent = await service.create_profile(session, user.id, data)
    return Response(agent, headers={"Location": f"/api/v1/agents/{agent.id}"})


@put(
    "/profile",
    dto=StrictBody[AgentProfileWrite],
    return_dto=None,
    guards=[IS_AGENT],
    security=BEARER,
    errors=[Forbidden, ProfileNotFound, LicenseTaken],
    summary="Change your profile",
)
async def update_profile(
    data: JSONBody[AgentProfileWrite], user: NamedDependency[User], session: NamedDependency[AsyncSession]
) -> AgentRead:
    """Change your profile. What is left out stays as it is; null empties it."""
    return await service.update_profile(session, user.id, data)


@get(
    "/{agent_id:uuid}/reviews",
    operation_class=describe_query(PageParameters),
    errors=[AgentNotFound],
    summary="List an agent's reviews",
)
async def list_reviews(
    agent_id: FromPath[UUID], paging: NamedDependency[Paging], session: NamedDependency[AsyncSession]
) -> Page[ReviewRead]:
    """What clients say of an agent, newest first."""
    return await reviews.list_reviews(session, agent_id, paging)


@post(
    "/{agent_id:uuid}/reviews",
    dto=StrictBody[ReviewCreate],
    return_dto=None,
    guards=[require_user],
    security=BEARER,
    errors=[Forbidden, AgentNotFound, ReviewExists],
    summary="Review an agent",
)
async def add_review(
    agent_id: FromPath[UUID],
    data: JSONBody[ReviewCreate],
    user: NamedDependency[User],
    session: NamedDependency[AsyncSession],
) -> ReviewRead:
    """Say what you think of an agent: once, and not of yourself. Others see your first name and an initial."""
    return await reviews.add_review(session, agent_id, user, data)


@put(
    "/{agent_id:uuid}/reviews/mine",
    dto=StrictBody[ReviewUpdate],
    return_dto=None,
    guards=[require_user],
    security=BEARER,
    errors=[ReviewNotFound],
    summary="Change your review",
)
async def update_review(
    agent_id: FromPath[UUID],
    data: JSONBody[ReviewUpdate],
    user: NamedDependency[User],
    session: NamedDependency[AsyncSession],
) -> ReviewRead:
    """Change what you said of an agent. What is left out stays as it is."""
    return await reviews.update_review(session, agent_id, user, data)


@delete(
    "/{agent_id:uuid}/reviews/mine",
    guards=[require_user],
    security=BEARER,
    errors=[ReviewNotFound],
    summary="Take your review back",
)
async def remove_review(
    agent_id: FromPath[UUID], user: NamedDependency[User], session: NamedDependency[AsyncSession]
) -> None:
    """Take back what you said of an agent."""
    await reviews.remove_review(session, agent_id, user.id)


agents_router = Router(
    "/agents",
    route_handlers=[
        list_agents,
        get_agent,
        list_agent_properties,
        create_profile,
        update_profile,
        list_reviews,
        add_review,
        update_review,
        remove_review,
    ],
    dependencies={"user": Provide(provide_user), "paging": Provide(provide_paging)},
    tags=["agents"],
    request_max_body_size=LARGEST_BODY,
)
