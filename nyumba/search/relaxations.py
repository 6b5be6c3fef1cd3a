"""What helps on an empty page: which filter to drop, and what its words were probably meant to be.

Invariant: a suggestion comes true when it is followed: what is counted is the search that it makes.
"""

from collections.abc import Mapping
from typing import Any

from nyumba.search.answers import Relaxation
from nyumba.search.asking import Counted
from nyumba.search.filters import ON_THE_MARKET, Clauses, join_clauses
from nyumba.search.schemas import PropertySearch

MOST = 5
AGGREGATION = "relaxations"
TEXT = "search"
MEANT = "meant"


def build_relaxations(clauses: Clauses, text: dict[str, Any] | None) -> dict[str, Any]:
    """An aggregation over everything, with a filter for each parameter that could be dropped."""
    droppable = [name for name, clause in clauses.items() if clause != ON_THE_MARKET] + ([TEXT] if text else [])
    if not droppable:
        return {}
    filters = {name: {"bool": {"filter": _drop(name, clauses, text)}} for name in droppable}
    return {AGGREGATION: {"global": {}, "aggs": {"without": {"filters": {"filters": filters}}}}}


def count_meant(clauses: Clauses, text: dict[str, Any] | None) -> dict[str, Any]:
    """An aggregation over everything that counts another search."""
    wanted = {"bool": {"filter": join_clauses(clauses) + ([text] if text else [])}}
    return {MEANT: {"global": {}, "aggs": {"found": {"filter": wanted}}}}


def read_meant(meant: str | None, total: int, aggregations: Mapping[str, Counted]) -> str | None:
    """What was probably meant, if that finds something where what was typed finds nothing."""
    if meant is None or total or MEANT not in aggregations:
        return None
    found = aggregations[MEANT].found
    return meant if found and found.count else None


def read_relaxations(search: PropertySearch, aggregations: Mapping[str, Counted]) -> list[Relaxation]:
    """Those that lead somewhere, most results first."""
    if AGGREGATION not in aggregations or (without := aggregations[AGGREGATION].without) is None:
        return []
    counts = {name: bucket.count for name, bucket in without.named.items() if bucket.count}
    best = sorted(counts, key=lambda name: (-counts[name], name))[:MOST]
    return [Relaxation([name], counts[name], _describe(search, name)) for name in best]


def _drop(name: str, clauses: Clauses, text: dict[str, Any] | None) -> list[dict[str, Any]]:
    kept = {**clauses, "status": ON_THE_MARKET} if name == "status" else {n: clauses[n] for n in clauses if n != name}
    return join_clauses(kept) + ([text] if text and name != TEXT else [])


def _describe(search: PropertySearch, without: str) -> dict[str, Any]:
    """The parameters of the same search without one of them. What was typed has been interpreted already."""
    params = {name: value for name, value in search.list_applied().items() if name != without}
    if TEXT in params:
        params["interpret"] = "off"
    if search.sort and not (search.sort == "distance" and "lat" not in params):
        params["sort"] = search.sort
    return params
