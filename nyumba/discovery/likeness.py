"""How alike two listings are: one number, and what it is made of.

Invariant: each term is from 0 to 1 and the weights add up to 1, so a score is from 0 to 1 too. Prices and areas are
compared by their ratio, never by their difference. docs/evaluation.md has the measurement behind the weights.
"""

import math
import re
from collections.abc import Callable, Collection

from nyumba.properties.schemas import ListingCard, PropertyRead
from nyumba.search.distances import measure_distance, tell_distance
from nyumba.search.folding import fold

NEAR_M = 2_000.0  # so far away, nearness is a half
WEIGHTS = {"place": 0.20, "price": 0.15, "kind": 0.36, "rooms": 0.16, "size": 0.07, "amenities": 0.03, "words": 0.03}
RELATED = {
    frozenset({"house", "townhouse"}): 0.7,
    frozenset({"apartment", "townhouse"}): 0.4,
    frozenset({"apartment", "house"}): 0.3,
}
LITTLE_WORDS = frozenset("a and at for in near of off on sale rent let to the with la ya na".split())  # noqa: SIM905
MOST_SHARED = 3

_SAME_KIND = {
    "house": "also a house",
    "apartment": "also an apartment",
    "townhouse": "also a townhouse",
    "land": "also land",
    "commercial": "also commercial",
}


Listing = PropertyRead | ListingCard


def compare(listing: Listing, other: Listing) -> dict[str, float]:
    """What each term adds to the likeness of two listings, by its name."""
    return {name: WEIGHTS[name] * term(listing, other) for name, term in _TERMS.items()}


def explain(listing: Listing, other: Listing, parts: dict[str, float]) -> list[str]:
    """The two terms that add most, in words."""
    largest = sorted((name for name in parts if parts[name] > 0), key=lambda name: -parts[name])[:2]
    return [_WORDS[name](listing, other) for name in largest]


def _compare_places(listing: Listing, other: Listing) -> float:
    distance_m = _measure(listing, other)
    if distance_m is not None:
        return float(2 ** (-distance_m / NEAR_M))
    if _is_same(listing.city, other.city):
        return 0.7 if _is_same(listing.neighborhood, other.neighborhood) else 0.1
    return 0.0


def _compare_prices(listing: Listing, other: Listing) -> float:
    return _compare_sizes(listing.price, other.price)


def _compare_kinds(listing: Listing, other: Listing) -> float:
    if listing.property_type == other.property_type:
        return 1.0
    return RELATED.get(frozenset({listing.property_type, other.property_type}), 0.0)


def _compare_rooms(listing: Listing, other: Listing) -> float:
    return 0.75 * _compare_counts(listing.bedrooms, other.bedrooms) + 0.25 * _compare_counts(
        listing.bathrooms, other.bathrooms
    )


def _compare_areas(listing: Listing, other: Listing) -> float:
    if listing.square_meters is None or other.square_meters is None:
        return 0.0
    return _compare_sizes(listing.square_meters, other.square_meters)


def _compare_amenities(listing: Listing, other: Listing) -> float:
    return _overlap({*listing.amenities, *listing.features}, {*other.amenities, *other.features})


def _compare_words(listing: Listing, other: Listing) -> float:
    return _overlap(_read_words(listing), _read_words(other))


_TERMS: dict[str, Callable[[Listing, Listing], float]] = {
    "place": _compare_places,
    "price": _compare_prices,
    "kind": _compare_kinds,
    "rooms": _compare_rooms,
    "size": _compare_areas,
    "amenities": _compare_amenities,
    "words": _compare_words,
}


def _compare_sizes(first: float, second: float) -> float:
    """1 for the same, 0 for twice as much or half as much."""
    return max(0.0, 1 - abs(math.log2(second / first)))


def _compare_counts(first: float | None, second: float | None) -> float:
    return max(0.0, 1 - abs((first or 0) - (second or 0)) / 2)


def _overlap(first: Collection[str], second: Collection[str]) -> float:
    """How much of what either has both have (Jaccard)."""
    either = {*first, *second}
    return len(either.intersection(first).intersection(second)) / len(either) if either else 0.0


def _read_words(listing: Listing) -> set[str]:
    """What the title says besides where it is and how much it costs."""
    places = set(re.findall(r"\w+", fold(f"{listing.neighborhood or ''} {listing.city or ''}")))
    return set(re.findall(r"[^\W\d_]{2,}", fold(listing.title))) - places - LITTLE_WORDS


def _measure(listing: Listing, other: Listing) -> float | None:
    if None in {listing.latitude, listing.longitude, other.latitude, other.longitude}:
        return None
    return measure_distance(listing.latitude or 0, listing.longitude or 0, other.latitude or 0, other.longitude or 0)


def _is_same(first: str | None, second: str | None) -> bool:
    return first is not None and second is not None and fold(first) == fold(second)


def _say_place(listing: Listing, other: Listing) -> str:
    distance_m = _measure(listing, other)
    if distance_m is not None:
        return tell_distance(distance_m)
    return f"also in {other.neighborhood or other.city}"


def _say_price(listing: Listing, other: Listing) -> str:
    percent = round(100 * (other.price / listing.price - 1))
    return f"{abs(percent)} % {'dearer' if percent > 0 else 'cheaper'}" if percent else "the same price"


def _say_kind(listing: Listing, other: Listing) -> str:
    return _SAME_KIND[other.property_type] if other.property_type == listing.property_type else "a similar kind of home"


def _say_rooms(_: Listing, other: Listing) -> str:
    if not other.bedrooms:
        return "as few rooms" if other.bedrooms == 0 else "no bedrooms either"
    return f"{other.bedrooms} bedroom{'s' if other.bedrooms > 1 else ''}"


def _say_size(_: Listing, other: Listing) -> str:
    return f"a similar size: {other.square_meters:,.0f} m²"


def _say_amenities(listing: Listing, other: Listing) -> str:
    shared = sorted({*listing.amenities, *listing.features} & {*other.amenities, *other.features})
    return f"also {', '.join(shared[:MOST_SHARED])}"


def _say_words(listing: Listing, other: Listing) -> str:
    return f"described alike: {' '.join(sorted(_read_words(listing) & _read_words(other))[:MOST_SHARED])}"


_WORDS: dict[str, Callable[[Listing, Listing], str]] = {
    "place": _say_place,
    "price": _say_price,
    "kind": _say_kind,
    "rooms": _say_rooms,
    "size": _say_size,
    "amenities": _say_amenities,
    "words": _say_words,
}
