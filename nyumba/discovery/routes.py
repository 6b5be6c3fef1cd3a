"""`/properties/{id}/similar`, `/properties/trending` and `/properties/featured`."""

from typing import Any
from uuid import UUID

from litestar import Request, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_viewer
from nyumba.accounts.guards import recognize_user
from nyumba.accounts.models import User
from nyumba.discovery import service
from nyumba.discovery.schemas import (
    DiscoveryParameters,
    FeaturedPage,
    SimilarPage,
    SimilarParameters,
    TrendingPage,
)
from nyumba.elastic import SearchEngine
from nyumba.errors import PropertyNotFound
from nyumba.parameters import parse_parameters
from nyumba.properties.user_routes import BEARER_OR_NOTHING
from nyumba.queries import describe_query


@get(
    "/properties/{property_id:uuid}/similar",
    guards=[recognize_user],
    security=BEARER_OR_NOTHING,
    operation_class=describe_query(SimilarParameters),
    errors=[PropertyNotFound],
    summary="List similar properties",
)
async def list_similar(
    property_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    viewer: NamedDependency[User | None],
    session: NamedDependency[AsyncSession],
    search_engine: NamedDependency[SearchEngine],
) -> SimilarPage:
    """What else is on the market that is like a property: of the same listing type, for half to twice its price.

    `match.score` is from 0 to 1; `match.reasons` are the two that add most to it.
    """
    asked = parse_parameters(SimilarParameters, request.query_params.multi_items())
    return await service.find_similar(session, search_engine, viewer, property_id, asked)


@get("/properties/trending", operation_class=describe_query(DiscoveryParameters), summary="List what is trending")
async def list_trending(request: Request[Any, Any, Any], search_engine: NamedDependency[SearchEngine]) -> TrendingPage:
    """What people look at, save and ask about now, newer interest counting more; then the newest.

    Where a place has nothing on the market, `scope` says how far the list was widened.
    """
    asked = parse_parameters(DiscoveryParameters, request.query_params.multi_items())
    return await service.find_trending(search_engine, asked)


@get("/properties/featured", operation_class=describe_query(DiscoveryParameters), summary="List what is featured")
async def list_featured(request: Request[Any, Any, Any], search_engine: NamedDependency[SearchEngine]) -> FeaturedPage:
    """Featured properties for slots that are labelled as such: all are `promoted`. Their order changes hourly."""
    asked = parse_parameters(DiscoveryParameters, request.query_params.multi_items())
    return await service.find_featured(search_engine, asked)


discovery_router = Router(
    "/",
    route_handlers=[list_similar, list_trending, list_featured],
    dependencies={"viewer": Provide(provide_viewer)},
    tags=["properties"],
)
