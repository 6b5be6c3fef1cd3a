"""Likeness, as arithmetic."""

import math

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from nyumba.discovery.likeness import WEIGHTS, compare, explain

names = st.none() | st.sampled_from(["Kilimani", "Karen", "Nyali", "Éldoret"])


class Home(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    property_type: str
    price: float
    bedrooms: int | None
    bathrooms: float | None
    square_meters: float | None
    neighborhood: str | None
    city: str | None
    latitude: float | None
    longitude: float | None
    amenities: list[str]
    features: list[str]


words = st.lists(st.sampled_from(["pool", "gym", "dsq", "garden"]), max_size=4, unique=True)
homes = st.builds(
    Home,
    title=st.text(max_size=60),
    property_type=st.sampled_from(["house", "apartment", "townhouse", "land", "commercial"]),
    price=st.floats(0.01, 9_999_999_999.99),
    bedrooms=st.none() | st.integers(0, 100),
    bathrooms=st.none() | st.floats(0, 100),
    square_meters=st.none() | st.floats(0.01, 99_999_999.99),
    neighborhood=names,
    city=names,
    latitude=st.none() | st.floats(-90, 90),
    longitude=st.none() | st.floats(-180, 180),
    amenities=words,
    features=words,
)


@given(homes, homes)
@settings(max_examples=200)
def test_score_is_from_0_to_1_the_same_both_ways_and_has_two_reasons_at_most(first: Home, second: Home) -> None:
    parts = compare(first, second)
    assert all(0 <= part <= WEIGHTS[name] + 1e-9 for name, part in parts.items())
    assert math.isclose(sum(parts.values()), sum(compare(second, first).values()), abs_tol=1e-9)
    reasons = explain(first, second, parts)
    assert len(reasons) == min(2, sum(part > 0 for part in parts.values()))
    assert all(reasons)


@given(homes, homes)
@settings(max_examples=200)
def test_nothing_is_more_like_a_listing_than_itself(first: Home, second: Home) -> None:
    assert sum(compare(first, second).values()) <= sum(compare(first, first).values()) + 1e-9


@given(homes, st.floats(1.0, 2.0), st.floats(0.01, 1e6))
@settings(max_examples=200)
def test_prices_are_compared_by_ratio(home: Home, ratio: float, price: float) -> None:
    cheap, dear = (msgspec.structs.replace(home, price=at) for at in (price, price * ratio))
    one, other = (msgspec.structs.replace(home, price=at) for at in (1000 * price, 1000 * price * ratio))
    assert math.isclose(compare(cheap, dear)["price"], compare(one, other)["price"], abs_tol=1e-6)


def test_weights_add_up_to_one() -> None:
    assert math.isclose(sum(WEIGHTS.values()), 1)


def test_reasons_are_in_plain_words() -> None:
    home = Home(
        title="2 bedroom apartment in Kilimani",
        property_type="apartment",
        price=80_000,
        bedrooms=2,
        bathrooms=2,
        square_meters=90,
        neighborhood="Kilimani",
        city="Nairobi",
        latitude=-1.29,
        longitude=36.79,
        amenities=["gym"],
        features=[],
    )
    other = msgspec.structs.replace(home, latitude=-1.293, price=84_000, bedrooms=4, bathrooms=5)
    assert explain(home, other, {"place": 0.3, "price": 0.2, "kind": 0.1}) == ["0.3 km away", "5 % dearer"]
    assert explain(home, other, {"kind": 0.3, "rooms": 0.2}) == ["also an apartment", "4 bedrooms"]
    unplaced = msgspec.structs.replace(other, latitude=None, longitude=None)
    assert explain(home, unplaced, {"place": 0.3, "amenities": 0.2}) == ["also in Kilimani", "also gym"]
