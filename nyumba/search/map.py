"""The result of a search on a map: the best as pins, the rest in clusters.

Invariant: pins and clusters together are the result, each property once. So clusters are counted without the pins, by a
second request that is made only where there are pins and more than those.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from nyumba.elastic import SearchEngine
from nyumba.pagination import Total
from nyumba.search.answers import SearchItem
from nyumba.search.asking import ITEMS, ask
from nyumba.search.query import build_listing
from nyumba.search.schemas import MapSearch
from nyumba.search.tiles import choose_precision, locate_tile
from nyumba.search.understanding import understand

MOST_BUCKETS = 10_000


class Point(msgspec.Struct, frozen=True, tag_field="type"):
    """A GeoJSON point: longitude, latitude."""

    coordinates: tuple[float, float]


class Pin(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="pin"):
    """A property on the map."""

    id: UUID
    title: str
    property_type: str
    listing_type: str
    price: float
    bedrooms: int | None
    image_url: str | None


class Cluster(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="cluster"):
    """Properties that lie close together, the pins not among them."""

    count: int
    price_min: float
    price_max: float


class Feature(msgspec.Struct, frozen=True, tag_field="type", omit_defaults=True):
    """A pin where it is, or a cluster in the middle of its properties; `bbox` is the tile that holds those."""

    geometry: Point
    properties: Pin | Cluster
    bbox: list[float] | None = None


class FeatureCollection(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """GeoJSON (RFC 7946), with the total of the search."""

    features: list[Feature]
    total: Total
    as_of: datetime


async def map_properties(engine: SearchEngine, search: MapSearch) -> FeatureCollection:
    """Show the result of a search on a map.

    Raises:
        SearchUnavailable: Elasticsearch is down, too slow, or nothing has been indexed yet.
    """
    now = datetime.now(UTC)
    search = understand(search).search
    listing = build_listing(search, now)
    query = msgspec.json.encode(search.list_applied())
    pins: list[SearchItem] = []
    rest = search.pins == 0
    if search.pins:
        found = (await ask(engine, listing | {"size": search.pins}, ITEMS, belonging=query)).hits
        pins = [hit.source for hit in found.hits]
        rest = found.total.value > len(pins)
    body = build_clusters(search, listing, [pin.id for pin in pins])
    clusters = (await ask(engine, body, ITEMS, belonging=query)).aggregations["tiles"]["buckets"] if rest else []
    return FeatureCollection(
        features=[*map(_show_pin, pins), *map(_show_cluster, clusters)],
        total=Total(len(pins) + sum(bucket["doc_count"] for bucket in clusters)),
        as_of=now,
    )


def build_clusters(search: MapSearch, listing: dict[str, Any], pins: list[UUID]) -> dict[str, Any]:
    """The body that counts, by tile, what is no pin."""
    grid = {"field": "location", "precision": choose_precision(search.bbox, search.zoom or 0), "size": MOST_BUCKETS}
    figures = {
        "middle": {"geo_centroid": {"field": "location"}},
        "least": {"min": {"field": "price"}},
        "most": {"max": {"field": "price"}},
    }
    return {
        "query": {"bool": {"filter": listing["query"], "must_not": {"ids": {"values": pins}}}},
        "size": 0,
        "track_total_hits": True,
        "timeout": listing["timeout"],
        "aggs": {"tiles": {"geotile_grid": grid, "aggs": figures}},
    }


def _show_pin(item: SearchItem) -> Feature:
    pin = Pin(**{name: getattr(item, name) for name in Pin.__struct_fields__})
    return Feature(Point((item.longitude or 0.0, item.latitude or 0.0)), pin)


def _show_cluster(bucket: dict[str, Any]) -> Feature:
    middle = bucket["middle"]["location"]
    cluster = Cluster(count=bucket["doc_count"], price_min=bucket["least"]["value"], price_max=bucket["most"]["value"])
    return Feature(Point((middle["lon"], middle["lat"])), cluster, locate_tile(bucket["key"]))
