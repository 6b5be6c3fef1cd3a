"""Amounts and counts, and which side of them is meant, by example."""

import tomllib
from importlib.resources import files

import pytest

from tests.unit.search.interpret.test_interpreter import read

BOUNDS = tomllib.loads(files("nyumba.search.interpret").joinpath("vocabulary.toml").read_text(encoding="utf-8"))[
    "bounds"
]


@pytest.mark.parametrize("most", BOUNDS["max"])
def test_at_most_of_rooms_is_never_read_as_its_opposite(most: str) -> None:
    assert read(f"{most} 3 bedrooms kilimani") == ({"bedrooms": [1, 2, 3], "neighborhood": ["Kilimani"]}, "")
    assert read(f"{most} 2 bathrooms") == ({"bathrooms_min": [1]}, "")


@pytest.mark.parametrize("fewer", BOUNDS["under"])
def test_fewer_rooms_leave_the_number_itself_out(fewer: str) -> None:
    assert read(f"{fewer} 3 bedrooms") == ({"bedrooms": [1, 2]}, "")


@pytest.mark.parametrize("budget", BOUNDS["budget"])
def test_budget_is_one_of_money_and_not_of_rooms(budget: str) -> None:
    assert read(f"{budget} 30k") == ({"price_max": [30_000]}, "")
    assert read(f"{budget} 3 bedroom") == ({"bedrooms": [3]}, "")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("3 bedrooms or less", {"bedrooms": [1, 2, 3]}),
        ("3 or fewer bedrooms", {"bedrooms": [1, 2, 3]}),
        ("3 bedrooms max", {"bedrooms": [1, 2, 3]}),
        ("vyumba vitatu na chini", {"bedrooms": [1, 2, 3]}),
        ("2 bathrooms or less", {"bathrooms_min": [1]}),
        ("under 1 bedroom", {"bedrooms": [0]}),
        ("max 2-3 bedrooms", {"bedrooms": [2, 3]}),
        ("up to 2br or 4br", {"bedrooms": [1, 2, 4]}),
        ("not below 2 bedrooms", {"bedrooms_min": [2]}),
        ("2 bedrooms max 50k", {"bedrooms": [2], "price_max": [50_000]}),
        ("2 bedrooms max: 50k", {"bedrooms": [2], "price_max": [50_000]}),
        ("80k max 2 bedrooms", {"bedrooms": [2], "price_max": [80_000]}),
        ("80k max - 2 bedrooms", {"bedrooms": [2], "price_max": [80_000]}),
        ("3 bedrooms and under 50k", {"bedrooms": [3], "price_max": [50_000]}),
        ("under 50000 - 2 bedroom", {"bedrooms": [2], "price_max": [50_000]}),
    ],
)
def test_bounds_of_rooms(text: str, wanted: dict[str, list[object]]) -> None:
    assert read(text) == (wanted, "")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("2/3 bedroom", [2, 3]), ("1/2 br", [1, 2]), ("3/2 bedrooms", [2, 3]), ("for 2/3 vyumba", [2, 3])],
)
def test_fraction_of_bedrooms_is_a_choice(text: str, numbers: list[object]) -> None:
    assert read(text) == ({"bedrooms": numbers}, "")


@pytest.mark.parametrize("text", ["2/3", "A2/3 bedroom", "24/7 bedroom", "2/3 bathrooms"])
def test_other_fractions_are_none(text: str) -> None:
    assert read(text) == ({}, text)


def test_fractions_of_an_acre_stay_fractions() -> None:
    assert read("1/2 acre")[0]["square_meters_max"] == [2226]
    assert read("1/8 acre")[0]["square_meters_max"] == [557]


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("elfu kumi na tano", 15_000),
        ("elfu kumi na mbili", 12_000),
        ("kumi na tano elfu", 15_000),
        ("milioni moja na nusu", 1_500_000),
        ("laki mbili na nusu", 250_000),
        ("milioni moja na laki tano", 1_500_000),
        ("milioni 1 na laki 5 na elfu hamsini", 1_550_000),
    ],
)
def test_swahili_amounts(text: str, most: int) -> None:
    assert read(text) == ({"price_max": [most]}, "")


def test_na_also_joins_what_is_no_part_of_an_amount() -> None:
    assert read("elfu kumi na vyumba viwili") == ({"price_max": [10_000], "bedrooms": [2]}, "")
    assert read("kati ya elfu kumi na elfu kumi na tano") == ({"price_min": [10_000], "price_max": [15_000]}, "")
    assert read("laki nane na nusu ekari")[0]["price_max"] == [800_000]
    assert read("ekari moja na nusu")[0]["square_meters_max"] == [6678]


@pytest.mark.parametrize(
    "text",
    [
        "35,000ksh",
        "35000kes",
        "Price: 35k",
        "budget: 35,000",
        "budget - 35k",
        "budget-35k",
        "max = 35k",
        "bei: 35,000/=",
    ],
)
def test_ways_to_write_a_price(text: str) -> None:
    assert read(text) == ({"price_max": [35_000]}, "")


@pytest.mark.parametrize(
    "text", ["KSh 35,000 p.m.", "35k p.m", "35k/mo", "35k/mth", "35k / mo.", "35k per mth", "35k per mo", "35k/mwezi"]
)
def test_ways_to_write_a_month(text: str) -> None:
    assert read(text) == ({"price_max": [35_000], "listing_type": ["rent"]}, "")


@pytest.mark.parametrize("text", ["45k~60k", "45k ~ 60k", "budget 45k - 60k", "max 45-60k", "price range: 45k - 60k"])
def test_ways_to_write_a_range(text: str) -> None:
    assert read(text) == ({"price_min": [45_000], "price_max": [60_000]}, "")


def test_range_that_is_none_keeps_its_first_amount() -> None:
    assert read("20k - 3 storey") == ({"price_max": [20_000]}, "3 storey")
