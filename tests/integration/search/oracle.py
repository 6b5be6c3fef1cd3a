"""A market of made-up listings, and what a search of it must find, in plain Python.

Nothing of the product is used to decide what matches: this is the other opinion.
"""

import math
import random
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tests.conftest import World

TYPES = ("house", "apartment", "townhouse", "land", "commercial")
CITIES = ("Nairobi", "NAIROBI", "Mombasa", "São Hill", "sao hill", "Nyeri")
NEIGHBORHOODS = ("Kilimani", "Karen", "Bamburi", "Kīlimani")
AMENITIES = ("Pool", "pool", "Gym", "Borehole", "Lift", "Garage")
FEATURES = ("Sea view", "Corner plot", "sea view")
WORDS = ("garden", "windmill", "spacious", "gated", "quiet", "bright")
PRICES = (0.01, 0.99, 9.99, 999.99, 1_000, 1_000.01, 25_000, 99_999.99, 100_000, 1_234_567.89, 9_999_999_999.99)
AREAS = (None, 45, 99.99, 100, 250.5, 4_046.86)
YEARS = (None, 1950, 1999, 2000, 2024)
CENTRE = (-1.2921, 36.8219)
EARTH_RADIUS_M = 6_371_008.7714
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
SEED, COUNT = 7, 250
OWNERS = [UUID(int=number) for number in (1, 2, 3)]
INTEREST = (None, None, None, 0.0, 12.5, 12.5, 2050.125)

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A row, and the words that go with it. The price was `price_before` before it was `price`."""

    id: UUID
    user_id: UUID
    title: str
    description: str | None
    property_type: str
    listing_type: str
    status: str
    price: float
    price_before: float | None
    bedrooms: int | None
    bathrooms: float | None
    square_meters: float | None
    year_built: int | None
    neighborhood: str | None
    city: str | None
    latitude: float | None
    longitude: float | None
    is_featured: bool
    created_at: datetime
    trending: float | None
    amenities: tuple[str, ...] = field(default=())
    features: tuple[str, ...] = field(default=())

    @property
    def price_per_m2(self) -> float | None:
        return round(self.price / self.square_meters + 1e-12, 2) if self.square_meters else None

    @property
    def price_drop_pct(self) -> float | None:
        before = self.price_before
        return round(100 * (before - self.price) / before, 2) if before is not None and before > self.price else None


def make_market(seed: int, count: int) -> list[Listing]:
    """Listings, many of them on the edges that filters ask for, and many alike."""
    chance = random.Random(seed)
    return [_make_listing(chance, number) for number in range(count)]


def _make_listing(chance: random.Random, number: int) -> Listing:
    kind = chance.choice(TYPES)
    located = chance.random() < 0.9
    price = chance.choice([*PRICES, round(chance.uniform(10_000, 200_000), 2)])
    return Listing(
        id=UUID(int=chance.getrandbits(128)),
        user_id=chance.choice(OWNERS),
        title=f"Listing {number} {chance.choice(WORDS)}",
        description=chance.choice([None, " ".join(chance.sample(WORDS, 2))]),
        property_type=kind,
        listing_type=chance.choice(["sale", "rent"]),
        status=chance.choice(["active"] * 8 + ["under_offer", "under_offer", "sold", "draft"]),
        price=price,
        price_before=chance.choice([None, None, price * 2 if price < 1e9 else None, price / 2 if price > 1 else None]),
        bedrooms=None if kind == "land" or chance.random() < 0.1 else chance.randint(0, 6),
        bathrooms=chance.choice([None, 1, 1.5, 2, 2.25, 3, 7]),
        square_meters=chance.choice(AREAS),
        year_built=chance.choice(YEARS),
        neighborhood=chance.choice([*NEIGHBORHOODS, None]),
        city=chance.choice([*CITIES, None]),
        latitude=round(CENTRE[0] + chance.uniform(-0.2, 0.2), 6) if located else None,
        longitude=round(CENTRE[1] + chance.uniform(-0.2, 0.2), 6) if located else None,
        is_featured=chance.random() < 0.2,
        created_at=FIRST_DAY + timedelta(days=chance.randint(0, 40)),
        trending=chance.choice(INTEREST),
        amenities=tuple(chance.sample(AMENITIES, chance.randint(0, 4))),
        features=tuple(chance.sample(FEATURES, chance.randint(0, 2))),
    )


async def insert_market(world: World, market: list[Listing]) -> None:
    """Write the rows, the words, the price history and the interest."""
    rows = [msgspec.to_builtins(asdict(listing)) for listing in market]
    columns = [name for name in rows[0] if name not in ("amenities", "features", "price_before", "trending")]
    listed = ", ".join(columns)
    first = [row | {"price": row["price_before"] or row["price"]} for row in rows]
    await world.sql(
        f"INSERT INTO properties ({listed}) SELECT {listed}"
        " FROM jsonb_populate_recordset(NULL::properties, CAST(:rows AS jsonb))",
        rows=msgspec.json.encode([{name: row[name] for name in columns} for row in first]).decode(),
    )
    for words in ("amenities", "features"):
        pairs = [{"property_id": row["id"], "name": name} for row in rows for name in row[words]]
        await world.sql(
            f"INSERT INTO {words} (property_id, name) SELECT property_id, name"
            f" FROM jsonb_populate_recordset(NULL::{words}, CAST(:pairs AS jsonb))",
            pairs=msgspec.json.encode(pairs).decode(),
        )
    await world.sql(
        "INSERT INTO property_trends (property_id, score, weight, trending)"
        " SELECT id, trending, 1, trending FROM jsonb_to_recordset(CAST(:rows AS jsonb)) r (id uuid, trending float8)"
        " WHERE trending IS NOT NULL",
        rows=msgspec.json.encode([{"id": row["id"], "trending": row["trending"]} for row in rows]).decode(),
    )
    await world.sql(
        "UPDATE properties p SET price = r.price"
        " FROM jsonb_populate_recordset(NULL::properties, CAST(:rows AS jsonb)) r"
        " WHERE p.id = r.id AND p.price <> r.price",
        rows=msgspec.json.encode([{"id": row["id"], "price": row["price"]} for row in rows]).decode(),
    )


async def read_prices(world: World, market: list[Listing]) -> list[Listing]:
    """The same with prices as the database rounds them."""
    prices = {UUID(str(i)): float(price) for i, price in await world.sql("SELECT id, price FROM properties")}
    befores = {
        UUID(str(i)): float(price)
        for i, price in await world.sql(
            "SELECT DISTINCT ON (property_id) property_id, previous_price FROM price_changes"
            " ORDER BY property_id, id DESC"
        )
        if price is not None
    }
    return [replace(one, price=prices[one.id], price_before=befores.get(one.id)) for one in market]


def fold(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def measure(lat: float, lon: float, listing: Listing) -> float | None:
    if listing.latitude is None or listing.longitude is None:
        return None
    return measure_between((lon, lat), (listing.longitude, listing.latitude))


def measure_between(here: Point, there: Point) -> float:
    """Metres over the ground. Points are longitude, latitude."""
    (west, south), (east, north) = ((math.radians(lon), math.radians(lat)) for lon, lat in (here, there))
    cosines = math.cos(south) * math.cos(north)
    half = math.sin((north - south) / 2) ** 2 + cosines * math.sin((east - west) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


def contains(ring: list[Point], point: Point) -> bool:
    """Even-odd rule. Points are longitude, latitude."""
    lon, lat = point
    crossings = 0
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > lat) != (y2 > lat) and lon < x1 + (lat - y1) * (x2 - x1) / (y2 - y1):
            crossings += 1
    return crossings % 2 == 1


def _in_polygon(listing: Listing, polygon: dict[str, Any]) -> bool:
    if listing.latitude is None or listing.longitude is None:
        return False
    shell, *holes = polygon["coordinates"]
    point = (listing.longitude, listing.latitude)
    return contains(shell, point) and not any(contains(hole, point) for hole in holes)


def _in_box(listing: Listing, box: list[float]) -> bool:
    west, south, east, north = box
    if listing.latitude is None or listing.longitude is None:
        return False
    lon = listing.longitude
    return south <= listing.latitude <= north and (west <= lon <= east if west <= east else lon >= west or lon <= east)


def _has_words(listing: Listing, text: str) -> bool:
    texts = [listing.title, listing.description, listing.neighborhood, listing.city]
    texts += [*listing.amenities, *listing.features]
    held = set(fold(" ".join(filter(None, texts))).split())
    return set(fold(text).split()) <= held


def _within(least: float | None, value: float | None, most: float | None = None) -> bool:
    return value is not None and (least is None or value >= least) and (most is None or value <= most)


TESTS: dict[str, Callable[[Listing, Any], bool]] = {
    "search": _has_words,
    "listing_type": lambda x, v: x.listing_type == v,
    "property_type": lambda x, v: x.property_type in v,
    "is_featured": lambda x, v: x.is_featured == v,
    "price_min": lambda x, v: x.price >= v,
    "price_max": lambda x, v: x.price <= v,
    "bedrooms": lambda x, v: x.bedrooms in v,
    "bedrooms_min": lambda x, v: _within(v, x.bedrooms),
    "bathrooms_min": lambda x, v: _within(v, x.bathrooms),
    "square_meters_min": lambda x, v: _within(v, x.square_meters),
    "square_meters_max": lambda x, v: _within(None, x.square_meters, v),
    "price_per_m2_min": lambda x, v: _within(v, x.price_per_m2),
    "price_per_m2_max": lambda x, v: _within(None, x.price_per_m2, v),
    "year_built_min": lambda x, v: _within(v, x.year_built),
    "year_built_max": lambda x, v: _within(None, x.year_built, v),
    "price_drop_pct_min": lambda x, v: _within(v, x.price_drop_pct),
    "amenities": lambda x, v: set(map(fold, v)) <= set(map(fold, x.amenities)),
    "amenities_any": lambda x, v: bool(set(map(fold, v)) & set(map(fold, x.amenities))),
    "features": lambda x, v: bool(set(map(fold, v)) & set(map(fold, x.features))),
    "agent_id": lambda x, v: str(x.user_id) in v,
    "city": lambda x, v: x.city is not None and fold(x.city) in set(map(fold, v)),
    "neighborhood": lambda x, v: x.neighborhood is not None and fold(x.neighborhood) in set(map(fold, v)),
    "place": lambda x, v: bool({fold(name) for name in (x.city, x.neighborhood) if name} & set(map(fold, v))),
    "bbox": _in_box,
    "polygon": _in_polygon,
    "exclude_ids": lambda x, v: str(x.id) not in v,
}


def find(market: Iterable[Listing], params: dict[str, Any], now: datetime) -> list[Listing]:
    """All listings that a search must find, in no order."""
    found = [one for one in market if one.status in (params.get("status") or ["active"])]
    for name, test in TESTS.items():
        if params.get(name) not in (None, []):
            found = [one for one in found if test(one, params[name])]
    if days := params.get("listed_within_days"):
        found = [one for one in found if one.created_at >= now - timedelta(days=days)]
    if radius := params.get("radius_m"):
        near = ((measure(params["lat"], params["lon"], one), one) for one in found)
        found = [one for distance, one in near if distance is not None and distance <= radius]
    return found


def sort(found: list[Listing], order: str, params: dict[str, Any]) -> list[Listing]:
    """In an order that is not by relevance, with what lacks the value last."""

    def distance(one: Listing) -> float | None:
        return measure(params["lat"], params["lon"], one)

    keys: dict[str, Callable[[Listing], float | None]] = {
        "-created_at": lambda one: -one.created_at.timestamp(),
        "price": lambda one: one.price,
        "-price": lambda one: -one.price,
        "price_per_m2": lambda one: one.price_per_m2,
        "distance": distance,
        "trending": lambda one: None if one.trending is None else -one.trending,
    }
    key = keys[order]

    def whole(one: Listing) -> tuple[bool, float, str]:
        value = key(one)
        return value is None, value or 0, str(one.id)

    return sorted(found, key=whole)
