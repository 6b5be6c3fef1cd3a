"""Believable Kenyan listings from a number.

Invariant: a record follows from (seed, index, as_of) alone, and `as_of` moves nothing but `created_at`. So a shorter
run is the beginning of a longer one, and a run on another day is the same demo.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import msgspec

from nyumba.intake.records import PropertyRecord
from nyumba.properties.vocabulary import Status
from nyumba.seed.descriptions import write_description
from nyumba.seed.facts import draw_listing
from nyumba.seed.listing import Listing
from nyumba.seed.owners import Owner, draw_owner
from nyumba.seed.places import Place, draw_place, draw_point
from nyumba.seed.titles import write_title

SECONDS_PER_YEAR = 365 * 86_400
UNPLACED_SHARE = 0.04
FEATURED_SHARE = 0.03
STATUSES: dict[str, dict[Status, float]] = {
    "sale": {"active": 89, "under_offer": 4, "sold": 4, "withdrawn": 3},
    "rent": {"active": 90, "under_offer": 2, "let": 5, "withdrawn": 3},
}


class SeededListing(msgspec.Struct, frozen=True):
    """A record and the person who offers it."""

    record: PropertyRecord
    owner: Owner


def generate(seed: int, index: int, as_of: date) -> SeededListing:
    """The listing with this index; the newest were listed on the day before `as_of`, the oldest a year earlier."""
    # A string is hashed by SHA-512 and not by Python's salted hash(), so the draws are the same in every process.
    rng = Random(f"listing/{seed}/{index}")  # noqa: S311  (no secret)
    place = draw_place(rng)
    owner = draw_owner(rng, seed, index, place)
    listing = draw_listing(rng, place, private=owner.role == "seller")
    latitude, longitude = _draw_coordinates(rng, place)
    statuses = STATUSES[listing.listing_type]
    record = PropertyRecord(
        source_id=source_id(index),
        user_id=owner.id,
        title=write_title(rng, listing),
        description=write_description(rng, listing),
        property_type=listing.property_type,
        listing_type=listing.listing_type,
        price=Decimal(listing.price),
        bedrooms=listing.bedrooms,
        bathrooms=None if listing.bathrooms is None else Decimal(listing.bathrooms),
        square_meters=Decimal(listing.square_meters),
        address=_draw_address(rng, listing),
        neighborhood=place.neighborhood,
        city=place.city,
        latitude=latitude,
        longitude=longitude,
        status=rng.choices(list(statuses), list(statuses.values()))[0],
        year_built=listing.year_built,
        is_featured=rng.random() < FEATURED_SHARE,
        created_at=_draw_time(rng, as_of),
        amenities=listing.amenities,
        features=listing.features,
    )
    return SeededListing(record, owner)


def source_id(index: int) -> str:
    """The name of a listing within its seed."""
    return f"{index:07d}"


def _draw_coordinates(rng: Random, place: Place) -> tuple[Decimal | None, Decimal | None]:
    latitude, longitude = draw_point(rng, place)
    if rng.random() < UNPLACED_SHARE:
        return None, None
    return Decimal(f"{latitude:.6f}"), Decimal(f"{longitude:.6f}")


def _draw_address(rng: Random, listing: Listing) -> str | None:
    road = listing.road
    if road is None:
        return None
    return rng.choice((road, road, f"Off {road}", f"{road}, {listing.place.name}"))


def _draw_time(rng: Random, as_of: date) -> datetime:
    """A moment of the year before `as_of`: half of all listings are from its last four months."""
    age = timedelta(seconds=int(SECONDS_PER_YEAR * rng.random() ** 1.6))
    return datetime.combine(as_of, time(), UTC) - age
