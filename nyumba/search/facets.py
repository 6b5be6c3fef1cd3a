"""Facets: for each value of a field, how many results choosing it would give.

A facet counts under all filters but its own: those filters of the facets that are asked for wait until after the
aggregations (`post_filter`), and each facet puts the others' back. `amenities` is another matter: choosing one more
narrows the result, so it counts under its own filter too.

Invariant: a count is the total of the same search with the facet's parameter set to that value alone; for amenities,
with the value added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nyumba.search.answers import Facet, TermBucket, TermsFacet
from nyumba.search.asking import Bucket, Counted
from nyumba.search.filters import Clauses, join_clauses
from nyumba.search.folding import fold
from nyumba.search.histograms import build_histogram, read_histogram
from nyumba.search.schemas import PropertySearch

LEAST_BATHROOMS = (1, 2, 3, 4, 5)
_SPELLINGS = 3
_MOST_SHOWN = 50
# More than any market has of towns or amenities. A shard that sends all its values is counted exactly, and is searched
# by several cores at once: Elasticsearch does so only where none of a field's values could be cut off.
_ALL_VALUES = 3_000


@dataclass(frozen=True, slots=True)
class FacetPlan:
    """How a facet is counted. `own` are the parameters that choose from it; `is_word` says that spellings differ.

    `is_few` says that a shard can send all values that it has.
    """

    field: str
    own: tuple[str, ...]
    is_word: bool = False
    is_few: bool = True


PLANS: dict[str, FacetPlan] = {
    "property_type": FacetPlan("property_type", ("property_type",)),
    "listing_type": FacetPlan("listing_type", ("listing_type",)),
    "status": FacetPlan("status", ("status",)),
    "bedrooms": FacetPlan("bedrooms", ("bedrooms",)),
    "bathrooms": FacetPlan("bathrooms", ("bathrooms_min",)),
    "city": FacetPlan("city", ("city",), is_word=True),
    "neighborhood": FacetPlan("neighborhood", ("neighborhood",), is_word=True),
    "amenities": FacetPlan("amenities", (), is_word=True),
    "features": FacetPlan("features", ("features",), is_word=True),
    "price": FacetPlan("price", ("price_min", "price_max")),
    "price_per_m2": FacetPlan("price_per_m2", ("price_per_m2_min", "price_per_m2_max")),
    "agent": FacetPlan("user_id", ("agent_id",), is_few=False),
}
HISTOGRAMS = ("price", "price_per_m2")
_PARTS = ("values", "spellings", "selected", "steps", "least", "most")
_fold_word = lru_cache(maxsize=4_096)(fold)  # every answer has some of the same few words
_PARAMETERS = {"agent": "agent_id", "bathrooms": "bathrooms_min"}


def list_own_filters(facets: Sequence[str]) -> set[str]:
    """The parameters whose filters have to wait until the facets are counted."""
    return {parameter for name in facets for parameter in PLANS[name].own}


def build_facets(search: PropertySearch, waiting: Clauses) -> dict[str, Any]:
    """The aggregations. `waiting` are the filters that the query itself does not have."""
    aggregations: dict[str, Any] = {}
    for name in dict.fromkeys(search.facets):
        others = join_clauses(waiting, without=PLANS[name].own)
        counted = _count(name, search)
        if others:
            aggregations[name] = {"filter": {"bool": {"filter": others}}, "aggs": counted}
        else:
            aggregations |= {f"{name}.{part}": counting for part, counting in counted.items()}
    return aggregations


def read_facets(search: PropertySearch, aggregations: Mapping[str, Counted]) -> dict[str, Facet]:
    """The facets of an answer."""
    found: dict[str, Facet] = {}
    for name in dict.fromkeys(search.facets):
        parts = _find_parts(name, aggregations)
        if name in HISTOGRAMS:
            found[name] = read_histogram(parts)
        elif name == "bathrooms":
            found[name] = _read_bathrooms(search, parts)
        else:
            found[name] = _read_terms(name, search, parts)
    return found


def _find_parts(name: str, aggregations: Mapping[str, Counted]) -> dict[str, Counted]:
    """What was counted for a facet, whether or not other filters had to be put back around it."""
    whole = aggregations.get(name)
    parts = {part: getattr(whole, part) if whole else aggregations.get(f"{name}.{part}") for part in _PARTS}
    return {part: counted for part, counted in parts.items() if counted is not None}


def _list_selected(name: str, search: PropertySearch) -> dict[str, Any]:
    """The chosen values, by what the index calls them."""
    value = getattr(search, _PARAMETERS.get(name, name))
    if name == "status":
        value = value or ["active"]
    values = value if isinstance(value, list) else [] if value is None else [value]
    return {fold(value) if PLANS[name].is_word else str(value): value for value in values}


def _list_bathrooms(selected: Mapping[str, float]) -> list[float]:
    return sorted({*LEAST_BATHROOMS, *selected.values()})


def _count(name: str, search: PropertySearch) -> dict[str, Any]:
    if name in HISTOGRAMS:
        return build_histogram(name)
    plan = PLANS[name]
    selected = _list_selected(name, search)
    if name == "bathrooms":
        return {"values": {"range": {"field": plan.field, "ranges": [{"from": n} for n in _list_bathrooms(selected)]}}}
    counted = {"values": _count_values(plan, plan.field, search.facet_size)}
    if plan.is_word:
        counted["spellings"] = _count_values(plan, f"{plan.field}.shown", search.facet_size * _SPELLINGS)
    if selected:
        filters = [{"term": {plan.field: value}} for value in selected.values()]
        counted["selected"] = {"filters": {"filters": filters}}
        if plan.is_word:
            counted["selected"]["aggs"] = {"shown": _count_values(plan, f"{plan.field}.shown", _MOST_SHOWN)}
    return counted


def _count_values(plan: FacetPlan, field: str, size: int) -> dict[str, Any]:
    return {"terms": {"field": field, "size": size, **({"shard_size": _ALL_VALUES} if plan.is_few else {})}}


def _read_terms(name: str, search: PropertySearch, parts: Mapping[str, Counted]) -> TermsFacet:
    selected = _list_selected(name, search)
    spellings = _choose_spellings(parts["spellings"].buckets) if "spellings" in parts else {}
    values = parts["values"]
    buckets = [
        TermBucket(spellings.get(bucket.key, bucket.key), bucket.count, str(bucket.key) in selected)
        for bucket in values.buckets
    ]
    other_count = values.other_count
    if selected:
        listed = {str(bucket.key) for bucket in values.buckets}
        for key, counted in zip(selected, parts["selected"].buckets, strict=True):
            if key not in listed:
                buckets.append(TermBucket(_spell(key, selected[key], counted), counted.count, selected=True))
                other_count -= counted.count
    if name == "bedrooms":
        buckets.sort(key=lambda bucket: bucket.value)
    return TermsFacet(buckets, other_count)


def _spell(key: str, value: object, counted: Bucket) -> str | int:
    """A chosen value as most rows have it; as it was asked for where none has it."""
    shown = (str(bucket.key) for bucket in counted.shown.buckets) if counted.shown else ()
    return next((word for word in shown if _fold_word(word) == key), value if isinstance(value, int) else str(value))


def _choose_spellings(buckets: Sequence[Bucket]) -> dict[str | int | float, str]:
    """The most frequent spelling of each folded word."""
    spellings: dict[str | int | float, str] = {}
    for bucket in buckets:
        spelling = str(bucket.key)
        spellings.setdefault(_fold_word(spelling), spelling)
    return spellings


def _read_bathrooms(search: PropertySearch, parts: Mapping[str, Counted]) -> TermsFacet:
    buckets = [
        TermBucket(bucket.start, bucket.count, bucket.start == search.bathrooms_min)
        for bucket in parts["values"].buckets
    ]
    return TermsFacet(buckets, 0)
