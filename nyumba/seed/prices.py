"""What a listing costs: the level of its place, times size, kind and condition, rounded as people round.

Invariant: a price follows from the facts and one draw of noise, so that dearer places stay dearer in the demo.
"""

import math
from random import Random

from nyumba.seed.listing import Listing
from nyumba.seed.places import Kind, Place

FARM_SHARE = 0.45  # farms lie at the edge of their town
ROOMS_FACTOR = {0: 1.2, 1: 1.1, 2: 1.0, 3: 0.92, 4: 0.88, 5: 0.86, 6: 0.74}
DEAREST_GODOWN_RENT = 480


def draw_price(rng: Random, listing: Listing) -> int:
    """KES: the whole price of a sale, a month's rent."""
    rent = listing.listing_type == "rent"
    worth = _monthly_rent(listing) if rent else _sale_price(listing)
    noise = min(max(rng.gauss(1, 0.11), 0.72), 1.32)
    exact = worth * noise * _condition(listing)
    return _round_rent(rng, exact) if rent else _round_sale(rng, exact)


def _monthly_rent(listing: Listing) -> float:
    level, area = listing.place.rent, listing.square_meters
    rooms = ROOMS_FACTOR[listing.bedrooms or 0]
    house = listing.place.profile.house_rent
    factors: dict[Kind, float] = {
        "shop": 1.9 * math.pow(30 / area, 0.2),
        "office": math.pow(100 / area, 0.08),
        "godown": min(0.95, DEAREST_GODOWN_RENT / level),
        "house": rooms * house,
        "townhouse": rooms * house,
        "bedsitter": 1.15,
    }
    return level * area * factors.get(listing.kind, rooms)


def _sale_price(listing: Listing) -> float:
    land = _land_price(listing.place, listing.acres) if listing.acres else 0
    if listing.property_type == "land":
        return land * FARM_SHARE if listing.kind == "farm" else land
    rooms = ROOMS_FACTOR[listing.bedrooms or 0]
    factors: dict[Kind, float] = {"house": 0.85, "townhouse": 1.12, "shop": 1.8, "office": 1.05, "godown": 0.8}
    return listing.place.buy * listing.square_meters * factors.get(listing.kind, rooms) + land


def _land_price(place: Place, acres: float) -> float:
    """Small plots cost more an acre than farms do."""
    return place.land * 1e6 * acres * math.pow(0.25 / acres, 0.12)


def _condition(listing: Listing) -> float:
    factor = 1.0
    if listing.year_built is not None:
        factor *= min(max(1 + (listing.year_built - 2010) * 0.006, 0.84), 1.09)
    for word, premium in (
        ("furnished", 1.35),
        ("swimming pool", 1.05),
        ("sea view", 1.1),
        ("lake view", 1.05),
        ("corner plot", 1.04),
    ):
        if listing.has(word):
            factor *= premium
    return factor


def _round_rent(rng: Random, rent: float) -> int:
    if rent < 12_000:
        step = 500
    elif rent < 50_000:
        step = rng.choice((500, 1_000, 1_000, 1_000))
    elif rent < 200_000:
        step = rng.choice((1_000, 5_000, 5_000))
    else:
        step = rng.choice((5_000, 10_000, 50_000))
    return max(round(rent / step), 1) * step


def _round_sale(rng: Random, price: float) -> int:
    if price < 3e6:
        step = 50_000
    elif price < 20e6:
        step = rng.choice((100_000, 500_000, 500_000))
    elif price < 100e6:
        step = rng.choice((500_000, 1_000_000, 1_000_000))
    else:
        step = rng.choice((1_000_000, 5_000_000, 5_000_000))
    return max(round(price / step), 1) * step
