"""Labelled slots for featured listings, beside a page of results.

Invariant: slots only add an aggregation over the very same matches; order, total and cursors of the result do not know
of them. Who gets a slot is drawn anew each hour, every advertiser with a match being as likely as any other.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from nyumba.search.answers import SOURCE_FIELDS
from nyumba.search.asking import Counted, Hit
from nyumba.search.filters import Clauses, join_clauses

AGGREGATION = "promoted"
SLOTS = 2
TURN_S = 3600

# A number from 0 to 2^53 that looks like chance, from the text of a field and the turn: it is the same for all
# documents and nodes, and editing a listing does not draw again.
_DRAW = (
    "long h = doc[params.field].value.hashCode() * params.spread ^ params.turn;"
    " h = (h ^ (h >>> 32)) * params.spread; h = (h ^ (h >>> 29)) * params.spread; return (h ^ (h >>> 32)) >>> 11;"
)
_SPREAD = -0x61C8864680B583EB  # 2^64 by the golden ratio: odd, its bits evenly mixed


def draw(field: str, now: datetime) -> dict[str, Any]:
    """A script whose values order documents by chance, for one turn."""
    turn = hashlib.sha256(str(int(now.timestamp() // TURN_S)).encode()).digest()[:8]
    params = {"field": field, "spread": _SPREAD, "turn": int.from_bytes(turn, signed=True)}
    return {"source": _DRAW, "params": params}


def order_by_draw(now: datetime) -> dict[str, Any]:
    """A key to sort by."""
    return {"_script": {"type": "number", "script": draw("id", now), "order": "asc"}}


def build_slots(waiting: Clauses, now: datetime, shown: Mapping[str, Any]) -> dict[str, Any]:
    """One listing each of the advertisers who are drawn.

    `waiting` are the filters that the query itself lacks, `shown` is what its hits show besides their source.
    """
    listing = {"size": 1, "sort": [order_by_draw(now)], "_source": SOURCE_FIELDS, **shown}
    # A draw is the same on every shard, so the first of each are enough; more would cost a fetch each.
    advertisers = {
        "terms": {"field": "user_id", "size": SLOTS, "shard_size": SLOTS, "order": {"draw": "asc"}},
        "aggs": {"draw": {"min": {"script": draw("user_id", now)}}, "listing": {"top_hits": listing}},
    }
    featured = [{"term": {"is_featured": True}}, *join_clauses(waiting)]
    return {AGGREGATION: {"filter": {"bool": {"filter": featured}}, "aggs": {"advertisers": advertisers}}}


class _Hits(msgspec.Struct):
    hits: list[Hit]


class _Listing(msgspec.Struct):
    hits: _Hits


class _Advertiser(msgspec.Struct):
    listing: _Listing


class _Advertisers(msgspec.Struct):
    buckets: list[_Advertiser]


_decoder = msgspec.json.Decoder(_Advertisers)


def read_slots(aggregations: Mapping[str, Counted]) -> list[Hit]:
    """The hits that fill the slots; none when they were not asked for, or when nothing featured matches."""
    counted = aggregations.get(AGGREGATION)
    if counted is None:
        return []
    return [advertiser.listing.hits.hits[0] for advertiser in _decoder.decode(counted.advertisers).buckets]
