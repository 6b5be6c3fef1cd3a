"""Every process stops within its grace period while it is busy: no request fails, nothing that was promised is lost."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import count

import httpx
import pytest
from elasticsearch import AsyncElasticsearch

from indexer.event_streams import prepare_streams
from nyumba.drain import READY_PATH
from nyumba.events.query_ids import QueryIds
from nyumba.events.streams import EVENTS, name_stream
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.events.test_events import PATH as EVENTS_PATH
from tests.integration.events.test_events import PREFIX, name_event
from tests.serving import make_environ, run_server

GRACE_S = 60
CLIENTS = 12
SEARCH = "/api/v1/properties"
ADD_MANY = """
    INSERT INTO properties (user_id, title, property_type, listing_type, price)
    SELECT :user, 'Flat', 'apartment', 'rent', n FROM generate_series(1, 3000) n"""


@pytest.fixture
def environ(settings: Settings) -> dict[str, str]:
    return make_environ(settings, NYUMBA_EVENTS_PREFIX=settings.events_prefix, NYUMBA_RATE_LIMIT_FACTOR="1000")


@contextmanager
def run(environ: Mapping[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-m", *words], env=environ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@asynccontextmanager
async def serve(environ: dict[str, str], drain_s: int) -> AsyncIterator[tuple[str, subprocess.Popen[bytes]]]:
    with run_server(environ, "--drain-seconds", str(drain_s)) as server:
        yield server.url, server.process


async def is_ready(url: str) -> bool:
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(url + READY_PATH)).status_code == 200
    except httpx.TransportError:
        return False


class Balancer:
    """Sends requests to the processes that were ready when it last looked, which it does four times a second."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self.ready = list(urls)
        self.stop = asyncio.Event()
        self.answered = 0
        self.failed: list[str] = []

    async def watch(self) -> None:
        while not self.stop.is_set():
            self.ready = [url for url in self.urls if await is_ready(url)]
            await asyncio.sleep(0.25)

    async def ask(self) -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            for number in count():
                if self.stop.is_set():
                    return
                try:
                    answer = await client.get(self.ready[number % len(self.ready)] + SEARCH)
                except httpx.TransportError as error:
                    self.failed.append(repr(error))
                else:
                    self.answered += 1
                    if answer.status_code != 200:
                        self.failed.append(answer.text)


async def test_no_request_fails_while_one_of_two_processes_is_stopped(world: World, environ: dict[str, str]) -> None:
    """Fails when readiness is not refused before the server stops to accept."""
    await world.add_property()
    await world.reindex()
    async with serve(environ, drain_s=3) as (leaving, process), serve(environ, drain_s=3) as (staying, other):
        balancer = Balancer([leaving, staying])
        async with asyncio.TaskGroup() as group:
            group.create_task(balancer.watch())
            for _ in range(CLIENTS):
                group.create_task(balancer.ask())
            await asyncio.sleep(1)
            process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(process.wait, GRACE_S)
            before = balancer.answered
            await asyncio.sleep(0.5)
            balancer.stop.set()
        assert (code, balancer.failed) == (0, [])
        assert balancer.answered > before > 0
        assert other.poll() is None


async def test_requests_in_flight_are_finished_without_a_drain(world: World, environ: dict[str, str]) -> None:
    """The requests wait for a lock when the signal comes."""
    property_id = await world.add_property()
    async with serve(environ, drain_s=0) as (url, process), httpx.AsyncClient(timeout=30) as client:
        async with world.engine.begin() as connection:
            await connection.exec_driver_sql("LOCK TABLE properties IN ACCESS EXCLUSIVE MODE")
            asked = [asyncio.create_task(client.get(f"{url}{SEARCH}/{property_id}")) for _ in range(8)]
            while await count_waiting(world) < 8:
                await asyncio.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            while await is_ready(url):
                await asyncio.sleep(0.05)
        answers = await asyncio.gather(*asked)
        code = await asyncio.to_thread(process.wait, GRACE_S)
    assert ([answer.status_code for answer in answers], code) == ([200] * 8, 0)


async def test_no_event_that_was_accepted_is_lost(
    world: World, settings: Settings, environ: dict[str, str], elastic: AsyncElasticsearch
) -> None:
    """Fails when what waits in the buffer is not sent at the end."""
    await prepare_streams(elastic, PREFIX)
    property_id, ids = await world.add_property(), QueryIds(settings.secret_key)
    sent: list[str] = []
    async with serve({**environ, "NYUMBA_EVENTS_PREFIX": PREFIX}, drain_s=0) as (url, process):
        async with httpx.AsyncClient(timeout=30) as client:
            for _ in range(40):
                query_id = ids.make()
                answer = await client.post(url + EVENTS_PATH, json={"events": [name_event(query_id, property_id)]})
                assert answer.json()["accepted"] == 1
                sent.append(str(query_id))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, GRACE_S) == 0
    stream = name_stream(PREFIX, EVENTS)
    await elastic.indices.refresh(index=stream)
    found = await elastic.search(index=stream, query={"terms": {"query_id": sent}}, size=1000)
    assert sorted(hit["_source"]["query_id"] for hit in found["hits"]["hits"]) == sorted(sent)


async def count_waiting(world: World) -> int:
    rows = await world.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return int(rows[0][0])


async def test_indexer_that_is_stopped_while_busy_leaves_nothing_half_done(
    world: World, environ: dict[str, str]
) -> None:
    user_id = await world.add_user()
    await world.reindex()
    with run(environ, "indexer", "run") as process:
        await world.sql(ADD_MANY, user=user_id)
        async with asyncio.timeout(GRACE_S):
            while (await world.sql("SELECT count(*) FROM search_outbox"))[0][0] in {0, 3000}:
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, GRACE_S) == 0
    leased = await world.sql("SELECT count(*) FROM search_outbox WHERE lease_token IS NOT NULL")
    assert leased[0][0] == 0
    await world.processor.drain()
    assert await world.find_drift() == {}
