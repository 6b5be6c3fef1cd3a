"""The places of the demo: where they lie, how one builds there and what that costs.

Invariant: the order and the weights in `places.toml` decide which place a seed draws, so a change there is another
demo: the rows of an earlier run stay as they are and the new ones differ.
"""

import tomllib
from functools import cache
from importlib.resources import files
from itertools import accumulate
from math import cos, hypot, radians, sin
from random import Random
from typing import Literal

import msgspec

Tier = Literal["basic", "middle", "upscale"]
Kind = Literal[
    "apartment", "studio", "bedsitter", "house", "townhouse", "plot", "farm", "shop", "office", "godown"
]  # fmt: skip

METRES_PER_DEGREE = 111_320
FARTHEST_SPREADS = 1.8


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way of building. Weights of bedroom counts start at one bedroom; plots and farms are in acres."""

    kinds: dict[Kind, int]
    plots: tuple[float, ...]
    size: float
    house_rent: float
    oldest: int
    ageing: float
    apartment: tuple[int, ...] = ()
    townhouse: tuple[int, ...] = ()
    house: tuple[int, ...] = ()
    farms: tuple[float, ...] = ()
    air_conditioning: bool = False


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An estate, or a town itself when it has no `neighborhood`. The file's head gives the units."""

    city: str
    profile: Profile
    at: tuple[float, float]
    spread: float
    rent: float
    buy: float
    land: float
    weight: int
    roads: tuple[str, ...]
    near: tuple[str, ...]
    neighborhood: str | None = None
    inland: float | None = None
    views: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.neighborhood or self.city

    @property
    def tier(self) -> Tier:
        """How much money lives here."""
        if self.rent < 345:
            return "basic"
        return "middle" if self.rent < 600 else "upscale"


@cache
def load_places() -> tuple[Place, ...]:
    """All places, in the order of the file."""
    data = tomllib.loads(files("nyumba.seed").joinpath("places.toml").read_text(encoding="utf-8"))
    entries = [
        entry | {"city": city["name"], "profile": data["profiles"][entry["profile"]]}
        for city in data["cities"]
        for entry in city["places"]
    ]
    return msgspec.convert(entries, tuple[Place, ...])


@cache
def _cumulative_weights() -> tuple[int, ...]:
    return tuple(accumulate(place.weight for place in load_places()))


@cache
def market_share(city: str) -> float:
    """The part of all listings that are in this city, from 0 to 1."""
    places = load_places()
    return sum(place.weight for place in places if place.city == city) / sum(place.weight for place in places)


def draw_place(rng: Random) -> Place:
    """A place, the larger markets more often."""
    return rng.choices(load_places(), cum_weights=_cumulative_weights())[0]


def draw_point(rng: Random, place: Place) -> tuple[float, float]:
    """Latitude and longitude of a home: dense in the middle, never on the water side of its place."""
    north, east = rng.gauss(0, place.spread / 2), rng.gauss(0, place.spread / 2)
    if place.inland is not None:
        bearing = radians(place.inland)
        if north * cos(bearing) + east * sin(bearing) < 0:
            north, east = -north, -east
    excess = hypot(north, east) / (place.spread * FARTHEST_SPREADS)
    if excess > 1:
        north, east = north / excess, east / excess
    lat, lon = place.at
    return lat + north / METRES_PER_DEGREE, lon + east / (METRES_PER_DEGREE * cos(radians(lat)))
