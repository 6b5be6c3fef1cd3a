"""Items of a page: what the index holds of each, passed on as it came, and what the search adds to it.

Invariant: `SearchItem` is what both together are: a source has the fields that were asked for (`SOURCE_FIELDS`), and
`Added` those that are left. Taking sources apart only to put them together again would cost more than all the rest.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import cast

import msgspec

from nyumba.search.answers import Match, SearchItem
from nyumba.search.asking import Hit
from nyumba.search.distances import measure_distance
from nyumba.search.ranking import explain
from nyumba.search.schemas import PropertySearch


class Added(msgspec.Struct):
    """What holds of an item for this search alone."""

    distance_m: float | None
    highlights: dict[str, list[str]]
    promoted: bool
    match: Match


class _Place(msgspec.Struct):
    latitude: float | None
    longitude: float | None


_place_decoder = msgspec.json.Decoder(_Place)
_item_decoder = msgspec.json.Decoder(SearchItem)
_encoder = msgspec.json.Encoder()


def make_items(
    hits: Iterable[Hit], search: PropertySearch, now: datetime, *, promoted: bool = False
) -> list[SearchItem]:
    """The items of hits, as JSON that is ready to be sent."""
    point = None if search.lat is None or search.lon is None else (search.lat, search.lon)
    with_reasons = "reasons" in search.include
    items = []
    for hit in hits:
        source = bytes(hit.source)
        distance_m = _measure(source, *point) if point else None
        highlights = {name.partition(".")[0]: marked for name, marked in hit.highlight.items()} if hit.highlight else {}
        reasons = []
        if with_reasons:
            popularity = hit.fields.get("popularity", ())
            reasons = explain(_item_decoder.decode(source), distance_m, search.search, now, *popularity)
        added = Added(distance_m, highlights, promoted, Match(hit.score, reasons, hit.explanation))
        items.append(msgspec.Raw(source[:-1] + b"," + _encoder.encode(added)[1:]))
    return cast(list[SearchItem], items)


def _measure(source: bytes, lat: float, lon: float) -> float | None:
    """How far a property is from a point."""
    place = _place_decoder.decode(source)
    if place.latitude is None or place.longitude is None:
        return None
    return round(measure_distance(lat, lon, place.latitude, place.longitude), 1)
