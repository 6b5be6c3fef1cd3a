"""Searches as people make them, each around a point of its own, so that no path warms the geo cache of another."""

import random
from collections.abc import Callable
from typing import Any

Parameters = dict[str, Any]

FACETS = "property_type,bedrooms,city,amenities,price"
WORDS = (
    "garden",
    "swimming pool",
    "spacious",
    "master ensuite",
    "borehole",
    "gated community",
    "parking",
    "near mall",
    "servant quarter",
    "fibre internet",
    "modern kitchen",
    "balcony",
)
TYPED = (
    "2 bedroom apartment in kilimani",
    "house for sale karen",
    "bedsitter under 15k",
    "shamba kiambu",
    "3 bedroom with pool",
    "office space westlands",
    "nyumba ya kupanga nakuru",
    "plot near thika road",
)
CENTRES = ((-1.286, 36.817), (-1.3, 36.78), (-4.05, 39.67), (-0.1, 34.75), (-0.3, 36.07), (0.51, 35.27))
MOST_RENT, MOST_PRICE = (20_000, 40_000, 60_000, 100_000, 200_000), (5_000_000, 10_000_000, 20_000_000, 60_000_000)


def draw_search(chance: random.Random) -> Parameters:
    """One search of the mix, with the five facets."""
    kinds: list[Callable[[random.Random], Parameters]] = [_words, _typed, _filters, _place, _box, _everything]
    (kind,) = chance.choices(kinds, weights=[15, 15, 20, 15, 10, 25])
    return {**kind(chance), "facets": FACETS}


def _words(chance: random.Random) -> Parameters:
    return {"search": chance.choice(WORDS)}


def _typed(chance: random.Random) -> Parameters:
    return {"search": chance.choice(TYPED)}


def _filters(chance: random.Random) -> Parameters:
    deal = chance.choice(["rent", "sale"])
    return {
        "listing_type": deal,
        "property_type": chance.sample(["house", "apartment", "townhouse"], 2),
        "price_max": chance.choice(MOST_RENT if deal == "rent" else MOST_PRICE),
        "bedrooms": chance.sample([1, 2, 3, 4], 2),
        "sort": chance.choice(["price", "-created_at", "-price"]),
    }


def _place(chance: random.Random) -> Parameters:
    return {**_point(chance), "radius_m": chance.choice([2_000, 5_000, 10_000]), "sort": "distance"}


def _box(chance: random.Random) -> Parameters:
    point = _point(chance)
    lat, lon = point["lat"], point["lon"]
    return {"bbox": f"{lon - 0.08:.6f},{lat - 0.06:.6f},{lon + 0.08:.6f},{lat + 0.06:.6f}", "listing_type": "rent"}


def _everything(chance: random.Random) -> Parameters:
    most = chance.choice([*MOST_RENT, *MOST_PRICE])
    return {**_words(chance), **_point(chance), "radius_m": 10_000, "price_max": most, "bedrooms": [2, 3]}


def _point(chance: random.Random) -> Parameters:
    lat, lon = chance.choice(CENTRES)
    return {"lat": round(lat + chance.uniform(-0.05, 0.05), 6), "lon": round(lon + chance.uniform(-0.05, 0.05), 6)}
