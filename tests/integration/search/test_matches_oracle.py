"""What a search finds, in which order and on which page, is what plain Python says."""

from itertools import pairwise
from typing import Any, get_args

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nyumba.search.schemas import PropertyFilters, Sort
from tests.integration.search.conftest import SEARCH, Market
from tests.integration.search.oracle import measure, sort
from tests.integration.search.queries import OPTIONS, SORTS, draw_filters

PATIENT = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@PATIENT
@given(filters=draw_filters(), limit=st.integers(15, 100), order=st.sampled_from(SORTS))
async def test_search_finds_what_the_oracle_finds_in_its_order(
    market: Market, filters: dict[str, Any], limit: int, order: str
) -> None:
    expected = [str(one.id) for one in sort(market.find(filters), order, filters)]
    found = await market.read_all(limit, **filters, sort=order)
    assert [item["id"] for item in found] == expected


@PATIENT
@given(filters=draw_filters(2), lat=st.floats(-1.5, -1.0), lon=st.floats(36.5, 37.0))
async def test_nearest_come_first_and_what_has_no_place_last(
    market: Market, filters: dict[str, Any], lat: float, lon: float
) -> None:
    filters |= {"lat": lat, "lon": lon}
    found = await market.read_all(40, **filters, sort="distance")
    by_id = {str(one.id): one for one in market.find(filters)}
    assert {item["id"] for item in found} == by_id.keys()
    true = [measure(lat, lon, by_id[item["id"]]) for item in found]
    known = [distance for distance in true if distance is not None]
    assert true[len(known) :] == [None] * (len(true) - len(known))
    assert all(later - sooner > -0.5 for sooner, later in pairwise(known))
    for item, distance in zip(found, true, strict=True):
        assert item["distance_m"] is None if distance is None else abs(item["distance_m"] - distance) < 0.2


@PATIENT
@given(filters=draw_filters(2), limit=st.integers(5, 60))
async def test_pages_by_skip_are_those_by_cursor(market: Market, filters: dict[str, Any], limit: int) -> None:
    whole = [item["id"] for item in await market.read_all(100, **filters)]
    by_skip: list[str] = []
    for skip in range(0, len(whole) + limit, limit):
        by_skip += [item["id"] for item in (await market.search(**filters, skip=skip, limit=limit))["items"]]
    assert by_skip == whole == [item["id"] for item in await market.read_all(limit, **filters)]


@PATIENT
@given(filters=draw_filters(in_body=False))
async def test_address_and_body_ask_for_the_same(market: Market, filters: dict[str, Any]) -> None:
    params = {name: ",".join(map(repr, value)) if name == "bbox" else value for name, value in filters.items()}
    by_address = (await market.api.get(SEARCH, params=params)).json()
    by_body = await market.search(**{"q" if name == "search" else name: value for name, value in filters.items()})
    for answer in (by_address, by_body):
        for changing in ("query_id", "as_of", "index_lag_ms"):
            answer.pop(changing)
        cursor = answer["page"].pop("next_cursor")  # it holds the moment as well
        answer["page"]["goes_on"] = cursor is not None
    assert by_address == by_body


def test_every_parameter_that_filters_has_a_second_opinion() -> None:
    drawn = {
        name for one in OPTIONS for name in {"around": ["lat", "lon", "radius_m"], "box": ["bbox"]}.get(one, [one])
    }
    assert drawn == set(PropertyFilters.__struct_fields__) - {"q", "interpret"}
    assert set(SORTS) == set(get_args(Sort)) - {"relevance", "distance"}


async def test_items_say_what_the_rows_say(market: Market) -> None:
    by_id = {str(one.id): one for one in market.listings}
    for item in await market.read_all(100):
        one = by_id[item["id"]]
        assert (item["price"], item["price_per_m2"]) == (one.price, one.price_per_m2)
        assert (item["price_drop_pct"], item["listed_at"][:10]) == (
            one.price_drop_pct,
            one.created_at.date().isoformat(),
        )
        assert (item["latitude"], item["longitude"]) == (one.latitude, one.longitude)
