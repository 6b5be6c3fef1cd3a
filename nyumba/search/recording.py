"""A search as it is recorded: what was asked, and what was answered.

Invariant: this happens after the answer was sent and only puts it into a buffer.
"""

from collections.abc import Sequence

from nyumba.events.search_log import SearchLog
from nyumba.events.streams import build_search_record
from nyumba.search.answers import SearchPage
from nyumba.search.schemas import PropertySearch

_NOT_FILTERS = frozenset({"sort", "typo", "interpret"})


def record_search(log: SearchLog, search: PropertySearch, page: SearchPage, ids: Sequence[str], took_ms: float) -> None:
    """Note an answered search. Filters are named, with their values only where those are no more than a choice."""
    applied = page.query.applied
    attributes = {
        "filters": sorted(applied.keys() - _NOT_FILTERS - (set() if search.status else {"status"})),
        "city": applied.get("city"),
        "neighborhood": applied.get("neighborhood"),
        "listing_type": applied.get("listing_type"),
        "property_type": applied.get("property_type"),
        "sort": applied["sort"],
        "total": page.total.value,
        "took_ms": round(took_ms, 1),
        "index_lag_ms": page.index_lag_ms,
        "degraded": page.degraded,
        "zero_results": page.total.value == 0,
        "page": None if search.cursor else search.skip // search.limit + 1,
    }
    record = build_search_record(page.query_id, search.search, attributes, ids)
    log.recorder.note(record)
