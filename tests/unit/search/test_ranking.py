"""The ranking, as a value."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nyumba.search.answers import SearchItem
from nyumba.search.query import build_search
from nyumba.search.ranking import WEIGHTS, explain, prefer_phrase, rank
from nyumba.search.schemas import PropertySearch

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)


@given(st.datetimes(datetime(2026, 3, 4), datetime(2026, 3, 4, 23, 59, 59), timezones=st.just(UTC)))  # noqa: DTZ001
def test_order_is_the_same_all_day(now: datetime) -> None:
    assert rank({}, now, point=(0, 0)) == rank({}, NOW, point=(0, 0))


def test_score_is_multiplied_by_little() -> None:
    functions = rank({}, NOW, point=(-1.3, 36.8))["function_score"]["functions"]
    assert functions[0] == {"weight": 1}
    assert sum(function["weight"] for function in functions) == pytest.approx(1 + sum(WEIGHTS.values()))
    assert sum(WEIGHTS.values()) < 0.5


def test_featured_is_not_part_of_any_order() -> None:
    for sort in ("relevance", "-created_at", "price", "trending"):
        body = build_search(PropertySearch(search="garden flat", sort=sort), None, NOW)
        assert "is_featured" not in str(body["query"]) + str(body["sort"])
        assert body["sort"][-1] == {"id": "asc"}


def test_only_the_order_by_relevance_is_computed() -> None:
    assert "function_score" in build_search(PropertySearch(search="garden"), None, NOW)["query"]
    assert "function_score" not in build_search(PropertySearch(search="garden", sort="price"), None, NOW)["query"]


def test_phrase_takes_two_words() -> None:
    assert prefer_phrase("garden") is None
    assert prefer_phrase("garden flat") is not None


def make_item(listed_at: datetime) -> SearchItem:
    return SearchItem(
        id=uuid4(),
        user_id=uuid4(),
        title="Garden flat",
        property_type="apartment",
        listing_type="rent",
        status="active",
        price=1,
        bedrooms=None,
        bathrooms=None,
        square_meters=None,
        address=None,
        neighborhood="Kilimani",
        city=None,
        latitude=None,
        longitude=None,
        year_built=None,
        is_featured=True,
        amenities=["swimming pool"],
        features=[],
        image_url=None,
        created_at=NOW,
        price_per_m2=None,
        price_drop_pct=8.2,
        listed_at=listed_at,
    )


def test_reasons_are_in_plain_words() -> None:
    item = make_item(NOW - timedelta(days=3))
    assert explain(item, 812, "GARDEN kilimani", NOW) == [
        "0.8 km away",
        "“GARDEN” in the title",
        "price cut 8 %",
        "listed 3 days ago",
    ]
    later = NOW + timedelta(days=9)
    assert explain(item, None, "to gard lima, ool", later) == ["price cut 8 %"]
    assert explain(item, None, "gardens", later) == ["“gardens” in the title", "price cut 8 %"]
    assert explain(item, 40, "", later) == ["less than 100 m away", "price cut 8 %"]
    assert explain(item, 812, "pool", later)[1:] == ["has pool", "price cut 8 %"]
    assert explain(item, 812, "pool", later, 0.6)[1:] == ["has pool", "many have looked at it", "price cut 8 %"]


@pytest.mark.parametrize(
    ("listed_at", "told"),
    [
        ("2026-03-04T00:00:00+03:00", "listed today"),
        ("2026-03-03T23:59:59+03:00", "listed 1 day ago"),
        ("2026-02-26T00:00:00+03:00", "listed 6 days ago"),
        ("2026-02-25T23:59:59+03:00", None),
    ],
)
def test_days_are_those_of_east_africa(listed_at: str, told: str | None) -> None:
    item = make_item(datetime.fromisoformat(listed_at))
    for now in ("2026-03-03T21:00:00+00:00", "2026-03-04T20:59:59+00:00"):
        assert explain(item, None, None, datetime.fromisoformat(now)) == ["price cut 8 %", *([told] if told else [])]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_nothing_that_is_listed_is_newer_than_new(now: datetime) -> None:
    freshness = rank({}, now, point=None)["function_score"]["functions"][1]
    assert datetime.fromisoformat(freshness["exp"]["listed_at"]["origin"]) > now
