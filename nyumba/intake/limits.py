"""What the schema takes, checked before the database is asked: one refused row would abort its whole batch.

Invariant: lengths, precisions and choices are read from the model; the ranges and LONGEST repeat its CHECK constraints,
and a test holds the two together.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import get_args

from sqlalchemy import Numeric, String

from nyumba.errors import NyumbaError
from nyumba.intake.cells import quote, round_to
from nyumba.properties.models import Amenity, Property
from nyumba.properties.vocabulary import LONGEST_DESCRIPTION, ListingType, PropertyType, Status

NUL = "\0"
MOST_WORDS = 500
LONGEST_WORD: int = Amenity.__table__.c.name.type.length  # type: ignore[attr-defined]
RANGES = {
    "bedrooms": (0, 100),
    "bathrooms": (0, 100),
    "latitude": (-90, 90),
    "longitude": (-180, 180),
    "year_built": (1500, 2100),
}
LONGEST = {"description": LONGEST_DESCRIPTION}
ABOVE_ZERO = ("price", "square_meters")
CHOICES: dict[str, tuple[str, ...]] = {
    "property_type": get_args(PropertyType),
    "listing_type": get_args(ListingType),
    "status": get_args(Status),
}


class BeyondLimits(NyumbaError):
    """A value that the schema does not take. The message goes into the rejects file."""


@cache
def longest(field: str) -> int | None:
    """The most characters that a column takes; None when it takes any number."""
    column_type = Property.__table__.c[field].type
    return LONGEST.get(field, column_type.length if isinstance(column_type, String) else None)


def check_text(field: str, text: str) -> str:
    """The text, if its column takes it."""
    limit = longest(field)
    if field in CHOICES and text not in CHOICES[field]:
        raise BeyondLimits(f"{quote(text)} is none of {', '.join(CHOICES[field])}")
    if limit is not None and len(text) > limit:
        raise BeyondLimits(f"{quote(text)} has {len(text)} characters, and {limit} is the most")
    return text


def check_count(words: Sequence[str]) -> None:
    """Raise unless one property may have so many amenities or features."""
    if len(words) > MOST_WORDS:
        raise BeyondLimits(f"it has {len(words):,} words, and {MOST_WORDS} is the most")


def check_word(word: str) -> str:
    """The name of an amenity or a feature, if its column takes it."""
    if NUL in word:  # what was decoded from JSON may hold one that its cell does not
        raise BeyondLimits(f"{quote(word)} holds a NUL character")
    if len(word) > LONGEST_WORD:
        raise BeyondLimits(f"{quote(word)} has {len(word)} characters, and {LONGEST_WORD} is the most")
    return word


def fit_number(field: str, number: Decimal) -> Decimal:
    """The number with the decimals of its column, if it is within the column's range."""
    digits, decimals = _places(field)
    if field in RANGES and not RANGES[field][0] <= number <= RANGES[field][1]:
        raise BeyondLimits(f"{number} is not from {RANGES[field][0]} to {RANGES[field][1]}")
    if abs(number) >= Decimal(10) ** digits - Decimal(5).scaleb(-decimals - 1):  # what would be rounded up, too
        raise BeyondLimits(f"{number} is too large")
    fitted = round_to(number, decimals)
    if field in ABOVE_ZERO and fitted <= 0:
        raise BeyondLimits(f"{number} is not above zero")
    return fitted


@cache
def _places(field: str) -> tuple[int, int]:
    """How many digits a column has before and after the point; whole numbers have a range besides."""
    column_type = Property.__table__.c[field].type
    if not isinstance(column_type, Numeric) or column_type.precision is None:
        return 4, 0
    decimals = column_type.scale or 0
    return column_type.precision - decimals, decimals
