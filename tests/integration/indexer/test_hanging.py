"""A PostgreSQL that hangs, as when its machine is lost without a word: it never says that it is down."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import make_url

from indexer import outbox as outbox_module
from indexer.commands import connect
from indexer.follow import Follower
from indexer.metrics import Metrics
from nyumba.settings import Settings
from tests.cable import Cable
from tests.conftest import World
from tests.integration.accounts.conftest import serve

PATIENCE_S = 60


@pytest.fixture
async def cable(settings: Settings) -> Cable:
    return Cable(make_url(settings.require_database_url()))


async def see(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not look():
            await asyncio.sleep(0.02)


async def test_it_is_an_outage_that_numbers_and_a_stop_do_not_wait_for(
    world: World, settings: Settings, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.follow.READING_INTERVAL_S", 0.05)
    monkeypatch.setattr("indexer.heartbeat.INTERVAL_S", 0.05)
    monkeypatch.setattr("indexer.breaker.LONGEST_PAUSE_S", 0.1)
    monkeypatch.setattr(outbox_module, "LONGEST_TRANSACTION_S", 0.5)
    monkeypatch.setattr("nyumba.db.LONGEST_GOODBYE_S", 0.5)
    await world.reindex()
    metrics, stop = Metrics(), asyncio.Event()

    def read(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"nyumba_indexer_{name}", labels)

    async def follow() -> None:
        async with cable.lay() as url, connect(replace(settings, database_url=url)) as (engine, client):
            await Follower(engine, client, world.alias, metrics).run(stop, 2)

    following = asyncio.create_task(follow())
    await see(lambda: read("breaker", nyumba_indexer_breaker="closed") == 1 and read("outbox_pending") == 0)
    for _ in range(2):
        cable.cut()
        await world.add_property()
        await see(lambda: math.isnan(read("outbox_pending") or 0) and math.isnan(read("dead") or 0))
        await see(lambda: read("breaker", nyumba_indexer_breaker="closed") == 0)
        cable.mend()
        await see(lambda: read("breaker", nyumba_indexer_breaker="closed") == 1 and read("outbox_pending") == 0)
    assert await world.sql("SELECT count(*) FROM search_dead") == [(0,)]
    cable.cut()
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await following
    assert await world.find_drift() == {}


async def test_api_is_not_ready_and_stops(settings: Settings, cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nyumba.health.routes.LONGEST_LOOK_S", 0.5)
    monkeypatch.setattr("nyumba.db.LONGEST_GOODBYE_S", 0.5)
    async with (
        asyncio.timeout(PATIENCE_S),
        cable.lay() as url,
        serve(replace(settings, database_url=url)) as api,
    ):
        for change, status in ((cable.mend, 200), (cable.cut, 503)) * 2:
            change()
            while (await api.get("/health/ready")).status_code != status:
                await asyncio.sleep(0.02)
