"""Medians that somebody who looks for a home in Kenya would believe."""

from collections.abc import Callable, Iterator
from random import Random
from statistics import median

import pytest

from nyumba.seed.facts import draw_listing
from nyumba.seed.listing import Listing
from nyumba.seed.places import load_places


def draw(name: str, count: int = 1_500) -> Iterator[Listing]:
    """Listings of one place; each draw has a generator of its own, as in a seed."""
    place = next(place for place in load_places() if place.name == name)
    for number in range(count):
        yield draw_listing(Random(number), place, private=False)


def typical(name: str, kind: str, offer: str, *, bedrooms: int | None = None, acres: float | None = None) -> float:
    return median(
        listing.price
        for listing in draw(name)
        if (listing.kind, listing.listing_type) == (kind, offer)
        and bedrooms in {None, listing.bedrooms}
        and acres in {None, listing.acres}
    )


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("Kilimani", 70_000, 110_000),
        ("Westlands", 90_000, 140_000),
        ("Kasarani", 25_000, 40_000),
        ("Nyali", 50_000, 75_000),
        ("Pipeline", 13_000, 22_000),
        ("Kitengela", 18_000, 28_000),
        ("Section 58", 22_000, 36_000),
    ],
)
def test_rent_of_two_bedrooms_is_believable(name: str, low: int, high: int) -> None:
    assert low <= typical(name, "apartment", "rent", bedrooms=2) <= high


@pytest.mark.parametrize("name", ["Karen", "Runda"])
def test_four_bedroom_house_in_the_leafy_suburbs_costs_what_it_does(name: str) -> None:
    assert 60e6 <= typical(name, "house", "sale", bedrooms=4) <= 150e6


def test_rent_of_a_house_in_karen_is_believable() -> None:
    assert 200_000 <= typical("Karen", "house", "rent", bedrooms=4) <= 320_000


@pytest.mark.parametrize(
    ("name", "acres", "low", "high"),
    [("Kitengela", 0.125, 1.5e6, 3e6), ("Juja", 0.125, 1.5e6, 2.5e6), ("Karen", 0.5, 36e6, 60e6)],
)
def test_plot_is_believable(name: str, acres: float, low: float, high: float) -> None:
    assert low <= typical(name, "plot", "sale", acres=acres) <= high


def test_dearer_estates_are_dearer() -> None:
    estates = ("Pipeline", "Kasarani", "South B", "Kilimani", "Westlands", "Riverside")
    rents = [typical(name, "apartment", "rent", bedrooms=2) for name in estates]
    assert rents == sorted(rents)


def per_square_metre(listing: Listing) -> float:
    return listing.price / listing.square_meters


def test_karen_costs_more_a_square_metre_than_kasarani() -> None:
    def level(name: str, pick: Callable[[Listing], bool]) -> float:
        return median(per_square_metre(listing) for listing in draw(name) if pick(listing))

    assert level("Karen", lambda listing: (listing.kind, listing.listing_type) == ("house", "sale")) > 1.3 * level(
        "Kasarani", lambda listing: (listing.kind, listing.listing_type) == ("house", "sale")
    )


def test_more_bedrooms_cost_more() -> None:
    rents = [typical("Kilimani", "apartment", "rent", bedrooms=bedrooms) for bedrooms in (1, 2, 3, 4)]
    assert rents == sorted(rents)
    assert rents[0] < rents[-1]


def test_prices_are_rounded_as_people_round() -> None:
    for listing in draw("Langata"):
        assert listing.price % (500 if listing.listing_type == "rent" else 50_000) == 0
