"""Searches, drawn at random, whose edges are those of the market."""

import math
from typing import Any

from hypothesis import strategies as st

from tests.integration.search.oracle import (
    AMENITIES,
    AREAS,
    CENTRE,
    CITIES,
    COUNT,
    FEATURES,
    NEIGHBORHOODS,
    OWNERS,
    PRICES,
    SEED,
    TYPES,
    WORDS,
    YEARS,
    make_market,
)

SORTS = ("-created_at", "price", "-price", "price_per_m2", "trending")
IDS = [str(one.id) for one in make_market(SEED, COUNT)]


def _some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


def _range(name: str, values: tuple[float | int | None, ...]) -> dict[str, st.SearchStrategy[Any]]:
    bounds = sorted(value for value in values if value is not None)
    return {f"{name}_min": st.sampled_from(bounds[:3]), f"{name}_max": st.sampled_from(bounds[3:])}


_POINT = st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.none() | st.floats(100, 30_000))
_BOX = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))

OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "search": st.lists(st.sampled_from([*WORDS, "Listing", "POOL"]), min_size=1, max_size=2).map(" ".join),
    "typo": st.sampled_from(["auto", "off"]),
    "listing_type": st.sampled_from(["sale", "rent"]),
    "status": _some(("active", "under_offer")),
    "property_type": _some(TYPES),
    "is_featured": st.booleans(),
    **_range("price", PRICES),
    "bedrooms": st.lists(st.integers(0, 7), min_size=1, max_size=3, unique=True),
    "bedrooms_min": st.integers(0, 7),
    "bathrooms_min": st.sampled_from([0, 1, 1.5, 2.25, 7, 8]),
    **_range("square_meters", AREAS),
    "price_per_m2_min": st.sampled_from([0, 10, 1_000.01]),
    "price_per_m2_max": st.sampled_from([2_000, 99_812_356.24]),
    **_range("year_built", YEARS),
    "listed_within_days": st.sampled_from([1, 3650]),
    "price_drop_pct_min": st.sampled_from([0, 49.99, 50, 50.01]),
    "amenities": _some(AMENITIES),
    "amenities_any": _some(AMENITIES),
    "features": _some(FEATURES),
    "city": _some((*CITIES, "Kisumu")),
    "neighborhood": _some(NEIGHBORHOODS),
    "place": _some((*CITIES, *NEIGHBORHOODS)),
    "agent_id": _some(tuple(map(str, OWNERS))),
    "exclude_ids": st.lists(st.sampled_from(IDS), min_size=1, max_size=100, unique=True),
    "around": _POINT,
    "box": _BOX,
    "polygon": st.tuples(st.lists(st.floats(0.05, 0.25), min_size=3, max_size=9), st.none() | st.floats(0.1, 0.9)),
}
BODY_ONLY = {"polygon"}


def _draw_ring(radii: list[float]) -> list[list[float]]:
    """A star around the middle of the market, closed."""
    turns = [2 * math.pi * number / len(radii) for number in range(len(radii))]
    pairs = zip(radii, turns, strict=True)
    ring = [[CENTRE[1] + r * math.cos(turn), CENTRE[0] + r * math.sin(turn)] for r, turn in pairs]
    return [*ring, ring[0]]


def _to_parameters(drawn: dict[str, Any]) -> dict[str, Any]:
    params = dict(drawn)
    if "search" in params:
        params["interpret"] = "off"  # the second opinion knows words alone
    if around := params.pop("around", None):
        params |= {"lat": CENTRE[0] + around[0], "lon": CENTRE[1] + around[1]}
        if around[2] is not None:
            params["radius_m"] = around[2]
    if box := params.pop("box", None):
        west, east = sorted((CENTRE[1] + box[0], CENTRE[1] + box[2]))
        south, north = sorted((CENTRE[0] + box[1], CENTRE[0] + box[3]))
        params["bbox"] = [west, south, east, north]
    if star := params.pop("polygon", None):
        radii, hole = star
        rings = [_draw_ring(radii)] + ([_draw_ring([min(radii) * hole * 0.4] * 3)] if hole else [])
        params["polygon"] = {"type": "Polygon", "coordinates": rings}
    return params


TYPED = st.lists(
    st.sampled_from(
        ["2 bedroom", "house", "apartment in nairobi", "under 100k", "for rent", "with pool", "kilimani", "gym",
         "garden", "bedsitter", "kupanga", "listing", "3br", "not a word"]
    ),
    min_size=1,
    max_size=4,
    unique=True,
).map(" ".join)  # fmt: skip


def draw_filters(most: int = 4, *, in_body: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """A few filters at once: with all of them, nothing would ever be found."""
    known = sorted(OPTIONS if in_body else OPTIONS.keys() - BODY_ONLY)
    names = st.lists(st.sampled_from(known), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: OPTIONS[name] for name in chosen})).map(
        _to_parameters
    )
