"""`nyumba-indexer run`: what it tells Prometheus and status, and how it stops."""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from elasticsearch import AuthenticationException
from httpx import AsyncClient

from indexer.errors import TooManyRefused
from indexer.follow import Follower, serve_metrics
from indexer.metrics import Metrics
from indexer.status import Status, read_status
from indexer.verifications import note_verification
from indexer.verify import find_serving, verify
from nyumba.elastic import create_client
from nyumba.search.document import MAPPINGS
from nyumba.settings import Settings
from tests.conftest import World
from tests.faults.proxy import Forward, is_bulk, refuse_bulks, run_proxy

PATIENCE_S = 60


@pytest.fixture
async def indexed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("indexer.follow.READING_INTERVAL_S", 0.05)
    monkeypatch.setattr("indexer.heartbeat.INTERVAL_S", 0.05)
    monkeypatch.setattr("indexer.breaker.LONGEST_PAUSE_S", 0.1)
    await world.reindex()
    return world


@asynccontextmanager
async def following(world: World, metrics: Metrics, url: str | None = None) -> AsyncIterator[None]:
    """An indexer with two workers, that reaches Elasticsearch at another address if one is given."""
    stop = asyncio.Event()
    client = create_client(url, timeout_s=30) if url else world.elastic
    task = asyncio.create_task(Follower(world.engine, client, world.alias, metrics).run(stop, 2))
    try:
        yield
    finally:
        stop.set()
        await task
        if url:
            await client.close()


async def see(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await look():
            await asyncio.sleep(0.02)


def read(metrics: Metrics, name: str, **labels: str) -> float:
    value = metrics.registry.get_sample_value(f"nyumba_indexer_{name}", labels)
    assert value is not None, name
    return value


async def status(world: World) -> Status:
    return await read_status(world.engine, world.elastic, world.alias)


async def test_metrics_tell_how_synchronization_stands(indexed: World) -> None:
    index = await find_serving(indexed.elastic, indexed.alias)
    await indexed.add_property()
    await indexed.sql("DELETE FROM search_outbox")
    await note_verification(
        indexed.engine, indexed.alias, await verify(indexed.engine, indexed.elastic, index, lambda _: None)
    )
    metrics = Metrics()

    async def is_shown() -> bool:
        return read(metrics, "commit_to_searchable_seconds_count") == 1

    async with following(indexed, metrics):
        await indexed.add_property()
        await see(is_shown)

        async def is_read() -> bool:
            return read(metrics, "outbox_pending") == 0

        await see(is_read)
    assert read(metrics, "items_total", outcome="written") == 1
    assert read(metrics, "bulk_size_sum") == 1
    assert read(metrics, "bulk_seconds_count") == 1
    assert read(metrics, "dead") == 0
    assert read(metrics, "drift", kind="missing") == 1
    assert read(metrics, "drift", kind="duplicate") == 0
    assert 0 <= read(metrics, "drift_age_seconds") < 3600
    assert read(metrics, "outbox_oldest_age_seconds") == 0
    assert math.isnan(read(metrics, "reindex_progress_ratio"))
    assert read(metrics, "breaker", nyumba_indexer_breaker="closed") == 1


async def test_commit_to_searchable_ends_when_a_search_shows_the_change_and_not_before(indexed: World) -> None:
    """Guards the look: a change that Elasticsearch has taken but does not show yet is not searchable."""
    index = await find_serving(indexed.elastic, indexed.alias)
    await indexed.elastic.indices.put_settings(index=index, settings={"refresh_interval": "-1"})
    metrics = Metrics()

    async def is_written() -> bool:
        return await indexed.sql("SELECT count(*) FROM search_outbox") == [(0,)]

    async def is_shown() -> bool:
        return read(metrics, "commit_to_searchable_seconds_count") == 1

    async with following(indexed, metrics):
        await indexed.add_property()
        await see(is_written)
        await asyncio.sleep(0.2)
        assert not await is_shown()
        await indexed.elastic.indices.refresh(index=index)
        await see(is_shown)


async def test_what_cannot_be_read_is_not_a_number(settings: Settings) -> None:
    """Guards against numbers of yesterday: a gauge that stands still looks like a healthy one."""
    metrics = Metrics()
    metrics.show(None)
    for name in ("outbox_pending", "outbox_oldest_age_seconds", "dead", "drift_age_seconds"):
        assert math.isnan(read(metrics, name))


async def test_metrics_are_served_on_loopback_only() -> None:
    metrics = Metrics()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serve_metrics(metrics, Settings().metrics_host, port):
        async with AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
    assert "nyumba_indexer_outbox_pending" in answer.text
    assert Settings().metrics_host == "127.0.0.1"
    with serve_metrics(metrics, "127.0.0.1", 0):
        pass


async def test_status_shows_who_works_and_what_is_waited_for(indexed: World, settings: Settings) -> None:
    metrics = Metrics()
    async with run_proxy(settings.require_elasticsearch_url()) as proxy, following(indexed, metrics, proxy.url):

        async def is_alive() -> bool:
            return [(w.workers, w.breaker, w.alive) for w in (await status(indexed)).workers] == [(2, "closed", True)]

        await see(is_alive)
        proxy.fault = refuse_bulks(503, every=1)
        await indexed.add_property()

        async def waits() -> bool:
            return "waits: Elasticsearch is unavailable" in " ".join((await status(indexed)).advice)

        async def is_open() -> bool:
            return read(metrics, "breaker", nyumba_indexer_breaker="open") == 1

        await see(waits)
        await see(is_open)
        proxy.fault = None

        async def is_well() -> bool:
            return (await status(indexed)).advice == []

        await see(is_well)
        assert await indexed.sql("SELECT count(*) FROM search_dead") == [(0,)]
    assert (await status(indexed)).workers == []


async def test_stop_leaves_an_alert_until_the_next_start(indexed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the alert: ten poisoned in a row stop all workers, and status says why."""
    narrow = {**MAPPINGS, "properties": {**MAPPINGS["properties"], "year_built": {"type": "byte"}}}
    monkeypatch.setattr("indexer.indices.MAPPINGS", narrow)
    await indexed.reindex()
    user_id = await indexed.add_user()
    for _ in range(10):
        await indexed.add_property(user_id, year_built=2000)
    with pytest.RaisesGroup(TooManyRefused, flatten_subgroups=True):
        await Follower(indexed.engine, indexed.elastic, indexed.alias, Metrics()).run(asyncio.Event(), 2)
    advice = (await status(indexed)).advice
    assert any("has stopped (" in line and "UTC): Elasticsearch refuses most documents" in line for line in advice)
    assert await indexed.sql("SELECT count(*) FROM search_dead") == [(0,)]
    await indexed.sql("UPDATE properties SET year_built = NULL")
    async with following(indexed, Metrics()):

        async def is_forgotten() -> bool:
            return "has stopped" not in " ".join((await status(indexed)).advice)

        await see(is_forgotten)


async def test_key_that_was_revoked_stops_it_and_status_says_so(indexed: World, settings: Settings) -> None:
    """Guards against calling that a bug: nothing is to be mended but the key."""

    async def refuse_key(request: web.Request, forward: Forward) -> web.StreamResponse:
        error = {"type": "security_exception", "reason": "unable to authenticate with provided credentials"}
        headers = {"X-Elastic-Product": "Elasticsearch"}
        answer = web.json_response({"error": error, "status": 401}, status=401, headers=headers)
        return answer if is_bulk(request) else await forward()

    await indexed.add_property()
    async with (
        run_proxy(settings.require_elasticsearch_url()) as proxy,
        create_client(proxy.url, timeout_s=30) as client,
    ):
        proxy.fault = refuse_key
        with pytest.RaisesGroup(AuthenticationException, flatten_subgroups=True):
            await Follower(indexed.engine, client, indexed.alias, Metrics()).run(asyncio.Event(), 1)
    reason = (await status(indexed)).workers[0].reason
    assert reason is not None
    assert reason.startswith("Elasticsearch refuses NYUMBA_ELASTICSEARCH_API_KEY")


async def test_status_tells_what_it_can_while_elasticsearch_is_down(indexed: World) -> None:
    await indexed.add_property()
    async with create_client("http://127.0.0.1:1", timeout_s=1) as nowhere:
        found = await read_status(indexed.engine, nowhere, indexed.alias)
    assert (found.is_search_up, found.shown, found.pending) == (False, [], 1)
    assert found.advice == ["Elasticsearch does not answer: searches fail, and changes wait until it is back"]
