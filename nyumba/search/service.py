"""Search: one round trip to Elasticsearch, none to PostgreSQL."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from nyumba.elastic import SearchEngine
from nyumba.pagination import PageInfo, decode_cursor, encode_cursor
from nyumba.search.answers import QueryEcho, SearchPage, Suggestions
from nyumba.search.asking import Answer, Counted, Hit, ask
from nyumba.search.facets import read_facets
from nyumba.search.freshness import Freshness, is_degraded
from nyumba.search.items import make_items
from nyumba.search.promotion import read_slots
from nyumba.search.query import build_search
from nyumba.search.relaxations import read_meant, read_relaxations
from nyumba.search.schemas import PropertySearch
from nyumba.search.understanding import guess, understand

_decoder = msgspec.json.Decoder(Answer[Hit, Counted])


async def search_properties(
    engine: SearchEngine, freshness: Freshness, search: PropertySearch, query_id: UUID
) -> tuple[SearchPage, list[str]]:
    """Find properties: a page of them, and their ids.

    What depends on the time is as of the first page for all pages of a search: its cursors carry that time.

    Raises:
        InvalidRequest: a cursor of another query.
        SearchUnavailable: Elasticsearch is down, too slow, or nothing has been indexed yet.
    """
    now = datetime.now(UTC)
    meant = guess(search) if "suggestions" in search.include else None
    understood = understand(search)
    search = understood.search
    filters = search.list_applied()
    query = search.fingerprint(filters)
    after = decode_cursor(engine.secret, query, search.cursor) if search.cursor else None
    began = datetime.fromtimestamp(after.pop(), UTC) if after else now
    lag_s = freshness.measure_lag()
    body = build_search(search, after, began, meant=understand(meant).search if meant else None)
    answer = await ask(engine, body, _decoder, belonging=query)
    hits = answer.hits.hits[: search.limit]
    more = len(answer.hits.hits) > search.limit
    total = answer.hits.total
    position = [*hits[-1].read_sort(), began.timestamp()] if more else None
    page = SearchPage(
        query_id=query_id,
        as_of=now,
        index_lag_ms=None if lag_s is None else round(lag_s * 1000),
        degraded=is_degraded(lag_s),
        query=QueryEcho(
            search.search, describe_applied(search, filters), understood.interpreted, understood.overridden
        ),
        total=total,
        items=make_items(hits, search, began),
        promoted=make_items(read_slots(answer.aggregations), search, began, promoted=True),
        facets=read_facets(search, answer.aggregations),
        suggestions=Suggestions(
            read_meant(meant.search if meant else None, total.value, answer.aggregations),
            [] if total.value else read_relaxations(search, answer.aggregations),
        ),
        page=PageInfo(search.limit, encode_cursor(engine.secret, query, position) if position else None),
    )
    return page, [hit.id for hit in hits]


def describe_applied(search: PropertySearch, filters: dict[str, Any]) -> dict[str, Any]:
    """All filters that hold, and the order."""
    applied = filters | {"status": search.status or ["active"], "sort": search.order}
    applied.pop("search", None)
    return applied
