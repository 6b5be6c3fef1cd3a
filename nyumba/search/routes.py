"""The search, and the same result as a map and as a file.

Invariant: the list itself takes nothing but the request and answers with bytes. What Litestar does for dependencies and
typed answers takes longer than the building of the query; the schema of the answer is given by hand instead.
"""

import asyncio
from time import perf_counter
from typing import Any

import msgspec
from litestar import MediaType, Request, Router, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream
from litestar.response.base import ASGIResponse

from nyumba.accounts.errors import Forbidden, InvalidToken, Unauthenticated
from nyumba.bodies import StrictBody
from nyumba.elastic import SearchEngine
from nyumba.errors import SearchUnavailable
from nyumba.events.search_log import SearchLog
from nyumba.limits.errors import RateLimited
from nyumba.limits.guards import limit_by_address
from nyumba.limits.policies import EXPORT
from nyumba.parameters import parse_parameters
from nyumba.queries import describe_query
from nyumba.search.answers import SearchPage
from nyumba.search.export import MEDIA_TYPES, ExportTooLarge, export_properties
from nyumba.search.map import FeatureCollection, map_properties
from nyumba.search.recording import record_search
from nyumba.search.schemas import ExportSearch, MapSearch, PropertySearch
from nyumba.search.service import search_properties
from nyumba.search.suggest import Suggested, SuggestSearch, suggest

LARGEST_BODY = 1_000_000
TOTAL_COUNT = ResponseHeader(name="Total-Count", documentation_only=True, description="how many properties there are")
ANSWERS = {200: ResponseSpec(SearchPage, generate_examples=False, description="Request fulfilled, document follows")}


@get(
    "/properties",
    operation_class=describe_query(PropertySearch),
    responses=ANSWERS,
    errors=[Unauthenticated, InvalidToken, Forbidden, SearchUnavailable],
    summary="Search properties",
)
async def list_properties(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Find properties on the market by words, price, place and more.

    The total is exact. Filters combine; several values of one filter are alternatives. Newest first, or, when
    `search` is given, best match first. Read on with `page.next_cursor`.
    """
    return await _answer(request, parse_parameters(PropertySearch, request.query_params.multi_items()))


@post(
    "/properties/search",
    dto=StrictBody[PropertySearch],
    return_dto=None,
    status_code=200,
    request_max_body_size=LARGEST_BODY,
    responses=ANSWERS,
    errors=[Unauthenticated, InvalidToken, Forbidden, SearchUnavailable],
    summary="Search properties, within a polygon too",
)
async def search_with_body(data: JSONBody[PropertySearch], request: Request[Any, Any, Any]) -> ASGIResponse:
    """The same search with its parameters in a JSON object: those with several values take a list."""
    return await _answer(request, data)


async def _answer(request: Request[Any, Any, Any], search: PropertySearch) -> ASGIResponse:
    state = request.app.state
    if "explain" in search.include:
        await state.require_admin(request)
    log: SearchLog = state.search_log
    started = perf_counter()
    page, ids = await search_properties(state.search_engine, state.freshness, search, log.query_ids.make())
    took_ms = 1000 * (perf_counter() - started)
    asyncio.get_running_loop().call_soon(record_search, log, search, page, ids, took_ms)
    return ASGIResponse(body=msgspec.json.encode(page), media_type=MediaType.JSON)


@get(
    "/properties/map",
    operation_class=describe_query(MapSearch, required=["bbox", "zoom"]),
    media_type="application/geo+json",
    summary="Search properties on a map",
)
async def show_map(request: Request[Any, Any, Any], search_engine: NamedDependency[SearchEngine]) -> FeatureCollection:
    """The properties within a box as GeoJSON: the first in order as pins, the rest in clusters.

    The counts add up to the total of the list for that box.
    """
    return await map_properties(search_engine, parse_parameters(MapSearch, request.query_params.multi_items()))


@get(
    "/properties/export",
    operation_class=describe_query(ExportSearch, media_types=list(MEDIA_TYPES.values())),
    guards=[limit_by_address(EXPORT)],
    response_headers=[TOTAL_COUNT],
    errors=[ExportTooLarge, RateLimited],
    summary="Download a whole search result",
)
async def download_properties(request: Request[Any, Any, Any], search_engine: NamedDependency[SearchEngine]) -> Stream:
    """All properties of a search as CSV or NDJSON, up to 50,000. `Total-Count` says how many there are."""
    search = parse_parameters(ExportSearch, request.query_params.multi_items())
    total, file = await export_properties(search_engine, search)
    headers = {
        "Total-Count": str(total),
        "Content-Disposition": f'attachment; filename="properties.{search.format}"',
    }
    return Stream(file, media_type=MEDIA_TYPES[search.format], headers=headers)


@get(
    "/properties/suggest",
    operation_class=describe_query(SuggestSearch, required=["q"]),
    summary="Complete what somebody types",
)
async def suggest_completions(
    request: Request[Any, Any, Any], search_engine: NamedDependency[SearchEngine]
) -> Suggested:
    """Places, titles of properties and agents that begin so, mistyped letters forgiven.

    Each has the parameters of the search that it stands for.
    """
    return await suggest(search_engine, parse_parameters(SuggestSearch, request.query_params.multi_items()))


search_router = Router(
    "/",
    route_handlers=[list_properties, search_with_body, show_map, download_properties, suggest_completions],
    tags=["properties"],
)
