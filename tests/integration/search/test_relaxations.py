"""A page that found nothing says what would: and it comes true."""

from typing import Any

from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.integration.search.conftest import Market
from tests.integration.search.queries import TYPED, draw_filters

PATIENT = hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


@PATIENT
@given(filters=draw_filters(8))
async def test_relaxations_come_true(market: Market, filters: dict[str, Any]) -> None:
    assume(not market.find(filters))
    answer = await market.search(**filters, include=["suggestions"], sort="price")
    assert answer["items"] == []
    relaxations = answer["suggestions"]["relaxations"]
    expected = {
        name: count
        for name in filters
        if name not in ("lat", "lon", "typo", "interpret")
        and (count := len(market.find({key: value for key, value in filters.items() if key != name})))
    }
    best = sorted(expected, key=lambda name: (-expected[name], name))[:5]
    assert [(one["remove"], one["count"]) for one in relaxations] == [([name], expected[name]) for name in best]
    for one in relaxations:
        assert await market.count(**one["params"]) == one["count"]
        assert one["params"]["sort"] == "price"


@PATIENT
@given(text=TYPED, city=st.sampled_from(["Kisumu", "Nyeri"]))
async def test_relaxations_of_typed_sentences_come_true(market: Market, text: str, city: str) -> None:
    answer = await market.search(search=text, city=[city], price_max=9, include=["suggestions"])
    for one in answer["suggestions"]["relaxations"]:
        assert await market.count(**one["params"]) == one["count"] > 0


async def test_found_pages_and_unasked_ones_suggest_nothing(market: Market) -> None:
    found = await market.search(city=["nairobi"], include=["suggestions"])
    assert found["suggestions"] == {"did_you_mean": None, "relaxations": []}
    empty = await market.search(city=["atlantis"])
    assert (empty["total"]["value"], empty["suggestions"]["relaxations"]) == (0, [])
