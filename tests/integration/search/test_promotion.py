"""Labelled slots: what fills them matches, every advertiser has a turn, and the result beside them stays as it is."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nyumba.search.asking import Counted
from nyumba.search.promotion import SLOTS, TURN_S, read_slots
from nyumba.search.query import build_search
from nyumba.search.schemas import PropertySearch
from tests.integration.search.conftest import Market
from tests.integration.search.oracle import CENTRE
from tests.integration.search.queries import SORTS, draw_filters

FACETS = ("property_type", "city", "price", "amenities", "bedrooms")
PROMOTED = {"include": ["promoted"]}
CHANGING = ("query_id", "as_of", "index_lag_ms", "promoted")


def take_result(answer: dict[str, Any]) -> dict[str, Any]:
    """All but the slots. A cursor holds the moment: only whether there is one can be compared."""
    rest = {name: value for name, value in answer.items() if name not in CHANGING}
    return rest | {"page": {**answer["page"], "next_cursor": answer["page"]["next_cursor"] is not None}}


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    filters=draw_filters(2),
    facets=st.lists(st.sampled_from(FACETS), max_size=3, unique=True),
    order=st.sampled_from((*SORTS, "relevance")),
    limit=st.integers(1, 60),
)
async def test_slots_show_matches_of_different_advertisers_and_change_nothing_else(
    market: Market, filters: dict[str, Any], facets: list[str], order: str, limit: int
) -> None:
    asked = filters | {"facets": facets, "sort": order, "limit": limit}
    plain, answer = await market.search(**asked), await market.search(**asked, **PROMOTED)
    assert plain["promoted"] == []
    assert take_result(answer) == take_result(plain)

    featured = {str(one.id): str(one.user_id) for one in market.find(filters) if one.is_featured}
    slots = answer["promoted"]
    assert all(featured[slot["id"]] == slot["user_id"] for slot in slots)
    assert len({slot["user_id"] for slot in slots}) == len(slots) == min(SLOTS, len(set(featured.values())))
    assert all(slot["promoted"] for slot in slots)
    assert not any(item["promoted"] for item in answer["items"])

    if cursor := answer["page"]["next_cursor"]:
        follows = [await market.search(**asked, **extra, cursor=cursor) for extra in ({}, PROMOTED)]
        by_skip = await market.search(**asked, **PROMOTED, skip=limit)
        assert [page["promoted"] for page in (*follows, by_skip)] == [[], [], []]
        assert follows[0]["items"] == follows[1]["items"] == by_skip["items"]


async def test_slots_say_why_and_mark_words_as_the_result_does(market: Market) -> None:
    near = {"lat": CENTRE[0], "lon": CENTRE[1], "radius_m": 50_000}  # a reason for each, whichever has its turn
    asked = near | {"search": "garden", "highlight": True, "include": ["promoted", "reasons"], "is_featured": True}
    answer = await market.search(**asked, limit=100)
    by_id = {item["id"]: item for item in answer["items"]}
    assert answer["promoted"]
    for slot in answer["promoted"]:
        assert slot["highlights"] == by_id[slot["id"]]["highlights"] != {}
        assert slot["match"]["reasons"] == by_id[slot["id"]]["match"]["reasons"] != []


async def test_each_advertiser_is_as_likely_however_many_listings_it_has(market: Market) -> None:
    many, few, one = market.owners
    await market.world.sql("UPDATE properties SET is_featured = user_id = :many", many=many)
    for owner, most in ((few, 5), (one, 1)):
        await market.world.sql(
            "UPDATE properties SET is_featured = true WHERE id IN ("
            " SELECT id FROM properties WHERE user_id = :owner AND status = 'active' ORDER BY id LIMIT :most)",
            owner=owner,
            most=most,
        )
    await market.world.reindex()
    now, turns = datetime.now(UTC), 180
    shown, listings = Counter[str](), Counter[str]()
    for turn in range(turns):
        body = build_search(PropertySearch(include=["promoted"]), None, now + timedelta(seconds=turn * TURN_S))
        answer = await market.world.elastic.search(index=market.world.alias, **body | {"size": 0})
        counted = msgspec.json.decode(msgspec.json.encode(answer["aggregations"]), type=dict[str, Counted])
        for hit in read_slots(counted):
            shown[msgspec.json.decode(hit.source)["user_id"]] += 1
            listings[hit.id] += 1
    expected, deviation = turns * SLOTS / 3, (turns * 2 / 9) ** 0.5
    assert shown.keys() == {str(owner) for owner in market.owners}
    assert all(abs(count - expected) < 6 * deviation for count in shown.values()), shown
    assert len(listings) > 30  # the many take turns among themselves too


async def test_turn_lasts_an_hour(market: Market) -> None:
    hour = datetime(2026, 5, 1, 10, tzinfo=UTC)
    search = PropertySearch(include=["promoted"])
    same = [build_search(search, None, hour + timedelta(minutes=minutes))["aggs"] for minutes in (0, 59)]
    assert same[0] == same[1] != build_search(search, None, hour + timedelta(minutes=60))["aggs"]
