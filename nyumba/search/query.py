"""From parameters to the request body that Elasticsearch gets; pure, so that it can be tested as a value.

Invariant: filters never score, and the id is the last key of every order, so that orders are total.
"""

from datetime import datetime
from typing import Any

from nyumba.search.answers import SOURCE_FIELDS
from nyumba.search.facets import build_facets, list_own_filters
from nyumba.search.filters import build_clauses, join_clauses
from nyumba.search.promotion import build_slots
from nyumba.search.ranking import prefer_phrase, rank
from nyumba.search.relaxations import build_relaxations, count_meant
from nyumba.search.schemas import OrderedFilters, PropertyFilters, PropertySearch
from nyumba.search.text import build_marks, build_text

TIME_LIMIT = "2s"
ID_LAST = {"id": "asc"}
SORTS: dict[str, dict[str, Any]] = {
    "relevance": {"_score": "desc"},
    "-created_at": {"created_at": "desc"},
    "price": {"price": "asc"},
    "-price": {"price": "desc"},
    "price_per_m2": {"price_per_m2": {"order": "asc", "missing": "_last"}},
    "trending": {"trending": {"order": "desc", "missing": "_last", "unmapped_type": "double"}},
}
HIGHLIGHTED = {
    "title": {"number_of_fragments": 0},
    "description": {"number_of_fragments": 2, "fragment_size": 150},
    "neighborhood.text": {"number_of_fragments": 0},
    "city.text": {"number_of_fragments": 0},
    "address": {"number_of_fragments": 0},
    "amenities.text": {"number_of_fragments": 0},
    "features.text": {"number_of_fragments": 0},
}
HIGHLIGHTED_CHARACTERS = 20_000


def build_search(
    search: PropertySearch, after: list[Any] | None, now: datetime, *, meant: PropertySearch | None = None
) -> dict[str, Any]:
    """The body of a `_search`. It asks for one hit more than the page holds: that one says whether there is a next.

    `after` holds the sort values of the last hit of the page before. What `meant` finds is counted beside it.
    """
    clauses = build_clauses(search, now)
    text = match_text(search)
    afterwards = list_own_filters(search.facets) & clauses.keys()
    body = _list(search, text, join_clauses(clauses, without=afterwards), now) | {"size": search.limit + 1}
    if afterwards:
        others = clauses.keys() - afterwards
        body["post_filter"] = {"bool": {"filter": join_clauses(clauses, without=others)}}
    waiting = {name: clauses[name] for name in clauses if name in afterwards}
    aggregations = build_facets(search, waiting)
    shown = _show_more(search)
    if "suggestions" in search.include:
        aggregations |= build_relaxations(clauses, text)
        if meant is not None:
            aggregations |= count_meant(build_clauses(meant, now), match_text(meant))
    if "promoted" in search.include and after is None and not search.skip:
        aggregations |= build_slots(waiting, now, shown)
    if aggregations:
        body["aggs"] = aggregations
    if "explain" in search.include:
        body["explain"] = True
    if after is not None:
        body["search_after"] = after
    elif search.skip:
        body["from"] = search.skip
    return body | shown


def _show_more(search: PropertySearch) -> dict[str, Any]:
    """What hits show besides the fields of their items."""
    shown: dict[str, Any] = {}
    if search.highlight and search.search:
        shown["highlight"] = build_highlight(search.search, forgive=search.typo == "auto")
    if "reasons" in search.include:
        shown["docvalue_fields"] = ["popularity"]
    return shown


def build_listing(search: OrderedFilters, now: datetime) -> dict[str, Any]:
    """The query and the order of a search, for whoever shows its result in a way of their own."""
    return _list(search, match_text(search), join_clauses(build_clauses(search, now)), now)


def match_text(search: PropertyFilters) -> dict[str, Any] | None:
    """The clause of the typed words."""
    return build_text(search.search, forgive=search.typo == "auto") if search.search else None


def build_query(text: dict[str, Any] | None, filters: list[dict[str, Any]]) -> dict[str, Any]:
    """Text scores, filters do not."""
    return {"bool": {"filter": filters, "must": [text] if text else []}}


def build_sort(search: OrderedFilters) -> list[dict[str, Any]]:
    """The keys of the order. What lacks a value comes last."""
    if search.order == "distance":
        point = {"lat": search.lat, "lon": search.lon}
        return [{"_geo_distance": {"location": point, "order": "asc", "unit": "m"}}, ID_LAST]
    return [SORTS[search.order], ID_LAST]


def _order_by_relevance(
    search: OrderedFilters, text: dict[str, Any] | None, filters: list[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    query = build_query(text or {"match_all": {}}, filters)
    if search.search and (phrase := prefer_phrase(search.search)):
        query["bool"]["should"] = [phrase]
    point = None if search.lat is None or search.lon is None else (search.lat, search.lon)
    return rank(query, now, point=point)


def _list(
    search: OrderedFilters, text: dict[str, Any] | None, filters: list[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    return {
        "query": _order_by_relevance(search, text, filters, now)
        if search.order == "relevance"
        else build_query(text, filters),
        "sort": build_sort(search),
        "track_total_hits": True,
        "timeout": TIME_LIMIT,
        "_source": SOURCE_FIELDS,
    }


def build_highlight(text: str, *, forgive: bool) -> dict[str, Any]:
    """Where the words stand, as HTML with no other element than `<mark>`."""
    return {
        "encoder": "html",
        "pre_tags": ["<mark>"],
        "post_tags": ["</mark>"],
        "highlight_query": build_marks(text, forgive=forgive),
        "require_field_match": False,
        "max_analyzed_offset": HIGHLIGHTED_CHARACTERS,
        "fields": HIGHLIGHTED,
    }
