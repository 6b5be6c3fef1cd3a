"""Draws the facts of a listing: what it is, how large, how old, what it has and what it costs.

Invariant: the order of the draws is part of a seed's meaning; a draw put in between changes every listing.
"""

import math
from random import Random

import msgspec

from nyumba.properties.vocabulary import ListingType
from nyumba.seed.amenities import draw_amenities, draw_features
from nyumba.seed.listing import Listing
from nyumba.seed.places import Kind, Place
from nyumba.seed.prices import draw_price

SQUARE_METRES_PER_ACRE = 4046.86

RENT_SHARE: dict[Kind, float] = {
    "bedsitter": 1.0,
    "studio": 0.88,
    "apartment": 0.66,
    "townhouse": 0.42,
    "house": 0.38,
    "shop": 0.88,
    "office": 0.85,
    "godown": 0.72,
    "plot": 0.0,
    "farm": 0.0,
}

# The usual m² of each kind by bedrooms; commercial space and one-room homes have one range.
APARTMENT_M2 = {1: (45, 64), 2: (78, 108), 3: (112, 155), 4: (160, 230), 5: (220, 300)}
TOWNHOUSE_M2 = {3: (130, 180), 4: (180, 260), 5: (240, 340)}
HOUSE_M2 = {2: (80, 120), 3: (125, 185), 4: (185, 290), 5: (260, 400), 6: (360, 560)}
SPACE_M2: dict[Kind, tuple[int, int]] = {
    "bedsitter": (16, 24),
    "studio": (26, 40),
    "shop": (12, 90),
    "office": (25, 420),
    "godown": (280, 2_400),
}

NOUNS: dict[Kind, tuple[str, ...]] = {
    "apartment": ("apartment", "apartment", "apartment", "flat"),
    "studio": ("studio apartment", "studio"),
    "bedsitter": ("bedsitter",),
    "townhouse": ("townhouse", "townhouse", "maisonette"),
    "plot": ("plot", "plot", "land"),
    "farm": ("farm", "land"),
    "shop": ("shop", "shop", "retail space"),
    "office": ("office", "office space", "office space"),
    "godown": ("godown", "godown", "warehouse"),
}

LAST_YEAR = 2025


def draw_listing(rng: Random, place: Place, *, private: bool) -> Listing:
    """All facts of a listing in this place."""
    listing = _draw_shape(rng, place, private=private)
    listing = msgspec.structs.replace(listing, amenities=draw_amenities(rng, listing))
    listing = msgspec.structs.replace(listing, features=draw_features(rng, listing))
    return msgspec.structs.replace(listing, price=draw_price(rng, listing))


def _draw_shape(rng: Random, place: Place, *, private: bool) -> Listing:
    kind = rng.choices(list(place.profile.kinds), list(place.profile.kinds.values()))[0]
    listing_type: ListingType = "rent" if rng.random() < RENT_SHARE[kind] else "sale"
    bedrooms = _draw_bedrooms(rng, kind, place)
    acres = _draw_acres(rng, kind, place)
    return Listing(
        place=place,
        kind=kind,
        listing_type=listing_type,
        noun=_draw_noun(rng, kind, place, bedrooms),
        private=private,
        square_meters=_draw_square_meters(rng, kind, place, bedrooms, acres),
        bedrooms=bedrooms,
        bathrooms=_draw_bathrooms(rng, bedrooms, place),
        acres=acres,
        year_built=_draw_year(rng, place) if kind not in {"plot", "farm"} else None,
        road=rng.choice(place.roads) if rng.random() < 0.8 else None,
        landmark=rng.choice(place.near) if rng.random() < 0.8 else None,
    )


def _draw_bedrooms(rng: Random, kind: Kind, place: Place) -> int | None:
    profile = place.profile
    weights = {"apartment": profile.apartment, "townhouse": profile.townhouse, "house": profile.house}.get(kind)
    if weights is not None:
        return rng.choices(range(1, len(weights) + 1), weights)[0]
    return 0 if kind in {"studio", "bedsitter"} else None


def _draw_bathrooms(rng: Random, bedrooms: int | None, place: Place) -> int | None:
    """One bathroom for small homes; from two bedrooms on the master's own, and more where there is money."""
    if bedrooms is None:
        return None
    if bedrooms < 2:
        return 1
    all_ensuite = {"basic": 0.04, "middle": 0.2, "upscale": 0.55}[place.tier]
    if rng.random() < all_ensuite:
        return bedrooms + rng.choice((0, 1))
    if bedrooms == 2:
        return rng.choice((1, 2) if place.tier == "basic" else (2, 2, 1))
    return rng.choice((bedrooms - 1, max(bedrooms - 2, 2), bedrooms - 1))


def _draw_acres(rng: Random, kind: Kind, place: Place) -> float | None:
    plots = place.profile.plots
    if kind == "plot":
        return rng.choice(plots)
    if kind == "house":  # the larger plots of a place are mostly bare land
        return min(rng.choice(plots), rng.choice(plots))
    return rng.choice(place.profile.farms) if kind == "farm" else None


def _draw_square_meters(rng: Random, kind: Kind, place: Place, bedrooms: int | None, acres: float | None) -> int:
    if kind in {"plot", "farm"}:
        return round((acres or 0) * SQUARE_METRES_PER_ACRE)
    if kind in SPACE_M2:
        low, high = SPACE_M2[kind]
        return round(low * math.pow(high / low, rng.random()))
    sizes = {"apartment": APARTMENT_M2, "townhouse": TOWNHOUSE_M2, "house": HOUSE_M2}[kind]
    low, high = sizes[bedrooms or 0]
    area = round(rng.uniform(low, high) * place.profile.size)
    if kind == "house" and acres is not None:
        area = min(area, round(acres * SQUARE_METRES_PER_ACRE * 0.8))
    return area if rng.random() < 0.5 else round(area / 5) * 5


def _draw_noun(rng: Random, kind: Kind, place: Place, bedrooms: int | None) -> str:
    if kind != "house":
        return rng.choice(NOUNS[kind])
    nouns = ["house", "standalone house"]
    if (bedrooms or 0) <= 4:
        nouns += ["bungalow", "bungalow"]
    if (bedrooms or 0) >= 3:
        nouns += ["maisonette", "maisonette"]
    if (bedrooms or 0) >= 4 and place.tier != "basic":
        nouns += ["villa", "villa"]
    return rng.choice(nouns)


def _draw_year(rng: Random, place: Place) -> int | None:
    """The year it was built, which a third of the sellers do not say."""
    profile = place.profile
    year = LAST_YEAR - int((LAST_YEAR + 1 - profile.oldest) * math.pow(rng.random(), 1 / profile.ageing))
    return year if rng.random() < 0.66 else None
