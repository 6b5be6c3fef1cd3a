"""What Elasticsearch being away means, and how far behind it says that it is."""

import asyncio
import json

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba import outbox
from nyumba.elastic import SearchEngine, SearchRefused
from nyumba.outbox import look, watch_outbox
from nyumba.search.freshness import Freshness, is_degraded
from tests.conftest import World
from tests.integration.search.conftest import SEARCH
from tests.integration.search.wire import Wire, wire

__all__ = ["wire"]

Api = AsyncTestClient[Litestar]


async def test_search_comes_back_by_itself_and_the_rest_goes_on(world: World, wire: tuple[Wire, Api]) -> None:
    cable, api = wire
    owner = await world.add_user()
    property_id = await world.add_property(owner)
    await world.reindex()
    paths = [SEARCH, f"{SEARCH}/map?bbox=1,2,3,4&zoom=3", f"{SEARCH}/export"]
    for _ in range(2):
        assert {(await api.get(path)).status_code for path in paths} == {200}
        cable.cut()
        for path in paths:
            response = await api.get(path)
            assert (response.status_code, response.headers["retry-after"]) == (503, "5"), path
            assert response.json()["type"] == "urn:nyumba:problem:search-unavailable"
        assert (await api.post(f"{SEARCH}/search", json={})).status_code == 503
        for path in (f"{SEARCH}/{property_id}", f"/api/v1/users/{owner}/properties"):
            assert (await api.get(path)).status_code == 200
        cable.is_cut = False


async def test_shard_that_fails_is_not_left_out_of_the_answer(world: World, api: Api) -> None:
    await world.add_property()
    await world.reindex()
    broken = f"{world.alias}-broken"  # it cannot sort by words
    mappings = {"properties": {"price": {"type": "text"}}}
    await world.elastic.indices.create(index=broken, mappings=mappings, aliases={world.alias: {}})
    await world.elastic.index(index=broken, document={"price": "much"}, refresh=True)
    engine: SearchEngine = api.app.state.search_engine
    body = {"sort": ["price"]}
    with pytest.raises(SearchRefused):
        await engine.search(json.dumps(body).encode())
    opened = await world.elastic.open_point_in_time(index=world.alias, keep_alive="1m")
    at_a_moment = json.dumps(body | {"pit": {"id": opened["id"]}}).encode()
    with pytest.raises(SearchRefused):
        await engine.search_at_point_in_time(at_a_moment)
    await world.elastic.close_point_in_time(id=opened["id"])


async def test_lag_is_the_age_of_the_oldest_change_that_waits(world: World) -> None:
    freshness = Freshness()
    assert is_degraded(freshness.measure_lag())
    await world.reindex()
    await world.processor.drain()
    await look(world.engine, freshness)
    assert (freshness.lag_s, is_degraded(freshness.measure_lag())) == (0, False)
    await world.add_property()
    await world.sql("UPDATE search_outbox SET created_at = now() - interval '5 minutes'")
    await world.add_property()
    await look(world.engine, freshness)
    assert 300 <= freshness.lag_s < 330
    assert is_degraded(freshness.measure_lag())


async def test_answer_says_how_far_behind_it_is(world: World, api: Api) -> None:
    await world.add_property()
    await world.reindex()
    await world.processor.drain()
    freshness: Freshness = api.app.state.freshness
    for lag_s, expected in ((0.0, (0, False)), (90.0, (90_000, True))):
        freshness.clock = lambda: 0.0
        freshness.note(lag_s)
        answer = (await api.get(SEARCH)).json()
        assert (answer["index_lag_ms"], answer["degraded"]) == expected
    freshness.clock = lambda: 3600.0
    answer = (await api.get(SEARCH)).json()
    assert (answer["index_lag_ms"], answer["degraded"]) == (None, True)


async def test_watching_outlives_a_database_that_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [ConnectionRefusedError(), ValueError()]

    async def fail_first(engine: AsyncEngine, freshness: Freshness) -> None:
        if failures:
            raise failures.pop()
        await look(engine, freshness)

    monkeypatch.setattr(outbox, "INTERVAL_S", 0.01)
    monkeypatch.setattr(outbox, "look", fail_first)
    freshness = Freshness()
    async with watch_outbox(world.engine, freshness), asyncio.timeout(30):
        while freshness.seen_at is None:
            await asyncio.sleep(0.01)
    assert failures == []
