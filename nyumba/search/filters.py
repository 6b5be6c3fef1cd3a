"""Filters as clauses of Elasticsearch's query language, each under the name of its parameter.

Invariant: whoever takes a name out of these clauses gets exactly the search without that parameter. Facets and
relaxations count by that.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from nyumba.search.schemas import PropertyFilters

Clause = dict[str, Any]
Clauses = dict[str, Clause]

ON_THE_MARKET: Clause = {"terms": {"status": ["active"]}}

_ONE_OF = {
    "status": "status",
    "property_type": "property_type",
    "bedrooms": "bedrooms",
    "amenities_any": "amenities",
    "features": "features",
    "agent_id": "user_id",
    "city": "city",
    "neighborhood": "neighborhood",
}
_EXACT = {"listing_type": "listing_type", "is_featured": "is_featured"}
_BOUNDS = {
    "price_min": ("price", "gte"),
    "price_max": ("price", "lte"),
    "bedrooms_min": ("bedrooms", "gte"),
    "bathrooms_min": ("bathrooms", "gte"),
    "square_meters_min": ("square_meters", "gte"),
    "square_meters_max": ("square_meters", "lte"),
    "price_per_m2_min": ("price_per_m2", "gte"),
    "price_per_m2_max": ("price_per_m2", "lte"),
    "year_built_min": ("year_built", "gte"),
    "year_built_max": ("year_built", "lte"),
    "price_drop_pct_min": ("price_drop_pct", "gte"),
}
# Points are stored in whole steps of these, downwards.
_LATITUDE_STEP, _LONGITUDE_STEP = 180 / 2**32, 360 / 2**32


def build_clauses(search: PropertyFilters, now: datetime) -> Clauses:
    """One clause for each filter that is set. Unless asked, only listings that are still to be had are found."""
    clauses: Clauses = {"status": ON_THE_MARKET}
    for name, field in _ONE_OF.items():
        if values := getattr(search, name):
            clauses[name] = {"terms": {field: values}}
    for name, field in _EXACT.items():
        if (value := getattr(search, name)) is not None:
            clauses[name] = {"term": {field: value}}
    for name, (field, side) in _BOUNDS.items():
        if (value := getattr(search, name)) is not None:
            clauses[name] = {"range": {field: {side: value}}}
    return clauses | _build_others(search, now) | _build_places(search)


def join_clauses(clauses: Mapping[str, Clause], *, without: Iterable[str] = ()) -> list[Clause]:
    """The clauses as a list of filters, but for those of `without`."""
    left_out = set(without)
    filters: list[Clause] = []
    ranges: dict[str, dict[str, Any]] = {}
    for name, clause in clauses.items():
        if name in left_out:
            continue
        if "range" in clause:
            for field, bounds in clause["range"].items():
                ranges.setdefault(field, {}).update(bounds)
        else:
            filters.append(clause)
    return filters + [{"range": {field: bounds}} for field, bounds in ranges.items()]


def _build_others(search: PropertyFilters, now: datetime) -> Clauses:
    clauses: Clauses = {}
    if search.amenities:
        clauses["amenities"] = {"bool": {"filter": [{"term": {"amenities": name}} for name in search.amenities]}}
    if search.listed_within_days is not None:
        since = now - timedelta(days=search.listed_within_days)
        clauses["listed_within_days"] = {"range": {"listed_at": {"gte": since.isoformat()}}}
    if search.exclude_ids:
        clauses["exclude_ids"] = {"bool": {"must_not": {"ids": {"values": search.exclude_ids}}}}
    return clauses


def _build_places(search: PropertyFilters) -> Clauses:
    clauses: Clauses = {}
    if search.place:
        named = [{"terms": {field: search.place}} for field in ("city", "neighborhood")]
        clauses["place"] = {"bool": {"should": named, "minimum_should_match": 1}}
    if search.radius_m is not None:
        centre = {"lat": search.lat, "lon": search.lon}
        clauses["radius_m"] = {"geo_distance": {"distance": f"{search.radius_m}m", "location": centre}}
    if search.bbox:
        clauses["bbox"] = {"geo_bounding_box": {"location": _widen_box(search.bbox)}}
    if search.polygon is not None:
        clauses["polygon"] = {"geo_shape": {"location": {"shape": search.polygon.prepared}}}
    return clauses


def _widen_box(box: list[float]) -> dict[str, float]:
    """A box whose lower edges lie below the step of their points, so that points on all four edges are in it."""
    west, south, east, north = box
    left = max(-180.0, (math.floor(west / _LONGITUDE_STEP) - 0.5) * _LONGITUDE_STEP)
    if left <= east < west:  # all the way round, back to the step where it begins
        left, east = -180.0, 180.0
    bottom = max(-90.0, (math.floor(south / _LATITUDE_STEP) - 0.5) * _LATITUDE_STEP)
    return {"left": left, "bottom": bottom, "right": east, "top": north}
