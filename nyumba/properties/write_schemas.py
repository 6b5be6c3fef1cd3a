"""What those who offer a property may say of it.

Invariant: a body offers only what its sender may set. `user_id`, `view_count` and the source of an import are in no
body at all, and `is_featured` is for administrators alone.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from unicodedata import normalize

from msgspec import UNSET, Meta, UnsetType, field

from nyumba.errors import FieldError
from nyumba.parameters import EXPECTED, Ruled
from nyumba.properties.vocabulary import LONGEST_DESCRIPTION, ListingType, PropertyType, Status
from nyumba.texts import lines, one_line

MOST_WORDS = 50
LONGEST_WORD = 100
YEARS_AHEAD = 5
DECIMALS = 2

_HUNDREDTHS = {"multipleOf": 0.01}

Title = Annotated[str, one_line(255)]
Description = Annotated[str, lines(LONGEST_DESCRIPTION)]
Price = Annotated[
    float,
    Meta(
        ge=0.01,
        le=9_999_999_999.99,
        description="in KES; a month's rent for rentals; two decimals at most",
        extra={EXPECTED: "a number above 0 and up to 9,999,999,999.99, with two decimals at most"},
        extra_json_schema=_HUNDREDTHS,
    ),
]
Bedrooms = Annotated[
    int,
    Meta(
        ge=0,
        le=100,
        description="land has none",
        extra={EXPECTED: "a whole number from 0 to 100, or null"},
    ),
]
Bathrooms = Annotated[
    float,
    Meta(
        ge=0,
        le=99,
        description="two decimals at most",
        extra={EXPECTED: "a number from 0 to 99, or null"},
        extra_json_schema=_HUNDREDTHS,
    ),
]
SquareMeters = Annotated[
    float,
    Meta(
        ge=0.01,
        le=99_999_999.99,
        description="two decimals at most",
        extra={EXPECTED: "a number above 0 and up to 99,999,999.99, or null"},
        extra_json_schema=_HUNDREDTHS,
    ),
]
Address = Annotated[str, one_line(255, or_null=True)]
Place = Annotated[str, one_line(100, or_null=True)]
Latitude = Annotated[
    float, Meta(ge=-90, le=90, description="degrees of WGS 84", extra={EXPECTED: "a number from -90 to 90, or null"})
]
Longitude = Annotated[
    float,
    Meta(ge=-180, le=180, description="degrees of WGS 84", extra={EXPECTED: "a number from -180 to 180, or null"}),
]
YearBuilt = Annotated[
    int,
    Meta(
        ge=1500,
        le=2100,
        description=f"at most {YEARS_AHEAD} years ahead",
        extra={EXPECTED: f"a year from 1500 to {YEARS_AHEAD} years ahead, or null"},
    ),
]
Word = Annotated[str, one_line(LONGEST_WORD)]
Words = Annotated[
    list[Word],
    Meta(
        max_length=MOST_WORDS,
        description="none twice, whatever the letter case",
        extra={EXPECTED: f"a list of at most {MOST_WORDS} texts of 1 to {LONGEST_WORD} characters on one line"},
        extra_json_schema={"uniqueItems": True},
    ),
]
Featured = Annotated[bool, Meta(description="for administrators", extra={EXPECTED: "true or false"})]


def find_conflicts(values: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with values that are fine alone. Of what is missing or UNSET, nothing is assumed."""
    errors = []
    place = {name: values.get(name, UNSET) for name in ("latitude", "longitude")}
    if UNSET not in place.values() and list(place.values()).count(None) == 1:
        missing = next(name for name, value in place.items() if value is None)
        errors.append(FieldError("is needed: latitude and longitude go together", pointer=f"/{missing}"))
    if values.get("property_type") == "land" and values.get("bedrooms", UNSET) not in (UNSET, None, 0):
        errors.append(FieldError("must be 0 or null: land has no bedrooms", pointer="/bedrooms"))
    return errors


class _PropertyBody(Ruled, frozen=True):
    """What both bodies have to keep that no type can say."""

    @classmethod
    def find_faults(cls, values: Mapping[str, Any]) -> list[FieldError]:
        """What is wrong with a body's values, besides their types."""
        errors = [
            FieldError(f"must have {DECIMALS} decimals at most", pointer=f"/{name}")
            for name in ("price", "bathrooms", "square_meters")
            if isinstance(values.get(name), float) and _count_decimals(values[name]) > DECIMALS
        ]
        latest = datetime.now(UTC).year + YEARS_AHEAD
        if isinstance(values.get("year_built"), int) and values["year_built"] > latest:
            errors.append(FieldError(f"must be {latest} at most", pointer="/year_built"))
        for name in ("amenities", "features"):
            if isinstance(values.get(name), list):
                errors += _find_wrong_words(name, [tidy_word(word) for word in values[name]])
        return errors + find_conflicts(values)


def _count_decimals(number: float) -> int:
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def tidy_word(word: str) -> str:
    """As it is stored: the same letter can be typed in several ways, as one character or with its accent after it."""
    return normalize("NFC", word.strip())


def _find_wrong_words(name: str, words: list[str]) -> list[FieldError]:
    """Of tidied words, those that are there already, and those that NFC made too long: it takes some letters apart."""
    folded = [word.casefold() for word in words]
    errors = []
    for place, word in enumerate(words):
        if folded[place] in folded[:place]:
            errors.append(FieldError("is in the list already", pointer=f"/{name}/{place}"))
        if len(word) > LONGEST_WORD:
            errors.append(FieldError(f"must have {LONGEST_WORD} characters at most", pointer=f"/{name}/{place}"))
    return errors


class PropertyCreate(_PropertyBody, frozen=True, kw_only=True):
    """A new listing. It is on the market at once unless it is a draft."""

    title: Title
    property_type: PropertyType
    listing_type: ListingType
    price: Price
    description: Description | None = None
    bedrooms: Bedrooms | None = None
    bathrooms: Bathrooms | None = None
    square_meters: SquareMeters | None = None
    address: Address | None = None
    neighborhood: Place | None = None
    city: Place | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    year_built: YearBuilt | None = None
    status: Literal["draft", "active"] = "active"
    is_featured: Featured = False
    amenities: Words = field(default_factory=list)
    features: Words = field(default_factory=list)


class PropertyUpdate(_PropertyBody, frozen=True, kw_only=True):
    """A change of a listing. What is left out stays as it is; null empties it; lists are replaced as a whole."""

    title: Title | UnsetType = UNSET
    property_type: PropertyType | UnsetType = UNSET
    listing_type: ListingType | UnsetType = UNSET
    price: Price | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    bedrooms: Bedrooms | UnsetType | None = UNSET
    bathrooms: Bathrooms | UnsetType | None = UNSET
    square_meters: SquareMeters | UnsetType | None = UNSET
    address: Address | UnsetType | None = UNSET
    neighborhood: Place | UnsetType | None = UNSET
    city: Place | UnsetType | None = UNSET
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET
    year_built: YearBuilt | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    is_featured: Featured | UnsetType = UNSET
    amenities: Words | UnsetType = UNSET
    features: Words | UnsetType = UNSET
