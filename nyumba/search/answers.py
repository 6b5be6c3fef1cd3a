"""What searches answer.

Invariant: an item is read from the index as it is sent: its fields are those of the document, and what a search adds to
each has a default.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from nyumba.pagination import PageInfo, Total
from nyumba.properties.schemas import ListingCard


class Interpretation(msgspec.Struct, frozen=True):
    """Some typed words, and the filter that they were understood as."""

    text: str
    param: str
    value: Any


class QueryEcho(msgspec.Struct, frozen=True):
    """How the query was understood. `text` is what stays to be looked for as words; `applied` are all filters.

    `overridden` are typed words that say nothing, because a parameter for the same thing was given.
    """

    text: str | None
    applied: dict[str, Any]
    interpreted: list[Interpretation]
    overridden: list[Interpretation]


class Match(msgspec.Struct, frozen=True):
    """Why an item is where it is. `score` is null unless the order is by relevance."""

    score: float | None = None
    reasons: list[str] = []
    explanation: Annotated[Any, Meta(description="how Elasticsearch computed the score, for administrators")] = None


class SearchItem(ListingCard, frozen=False, kw_only=True):  # type: ignore[misc]  # msgspec allows it
    """A property as searches show it: its card, and what holds for this search."""

    price_per_m2: float | None
    price_drop_pct: float | None
    listed_at: datetime
    distance_m: Annotated[float | None, Meta(description="from lat and lon, if those are given")] = None
    highlights: Annotated[
        dict[str, list[str]], Meta(description="HTML: escaped text in which `<mark>` is the only element")
    ] = msgspec.field(default_factory=dict)
    promoted: bool = False
    match: Match = msgspec.field(default_factory=Match)


SOURCE_FIELDS = [
    field.name
    for field in msgspec.structs.fields(SearchItem)
    if field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
]


class TermBucket(msgspec.Struct, frozen=True, gc=False):
    """A value, and the total that choosing it would give."""

    value: str | float
    count: int
    selected: bool


class TermsFacet(msgspec.Struct, frozen=True, tag_field="type", tag="terms"):
    """The most frequent values, and the selected ones. `other_count` adds up the counts of those that are left out."""

    buckets: list[TermBucket]
    other_count: int


class RangeBucket(msgspec.Struct, frozen=True, gc=False, rename={"start": "from", "end": "to"}):
    """Both ends are inclusive: they can be used as the bounds of a filter as they are."""

    start: float
    end: float
    count: int


class HistogramFacet(msgspec.Struct, frozen=True, tag_field="type", tag="histogram"):
    """Counts in steps of `interval`, without a gap from `min` to `max`; all null and empty when nothing has a value."""

    min: float | None
    max: float | None
    interval: float | None
    buckets: list[RangeBucket]


Facet = TermsFacet | HistogramFacet


class Relaxation(msgspec.Struct, frozen=True):
    """Without the filters `remove` there would be `count` results; `params` is the search without them."""

    remove: list[str]
    count: int
    params: dict[str, Any]


class Suggestions(msgspec.Struct, frozen=True):
    """What could be tried instead."""

    did_you_mean: str | None = None
    relaxations: list[Relaxation] = []


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of results. `index_lag_ms` is the age of the oldest change that the index lacks; null when unknown.

    `promoted` is on first pages that ask for it. What is there has its place in the order of `items` all the same.
    """

    query_id: UUID
    as_of: datetime
    index_lag_ms: int | None
    degraded: bool
    query: QueryEcho
    total: Total
    items: list[SearchItem]
    promoted: list[SearchItem]
    facets: dict[str, Facet]
    suggestions: Suggestions
    page: PageInfo
