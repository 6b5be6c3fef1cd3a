"""A PostgreSQL that hangs, as when its machine is lost without a word: it never says that it is down."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import URL, make_url

from indexer import commands as commands_module
from indexer import outbox as outbox_module
from indexer.commands import connect
from indexer.follow import Follower
from indexer.metrics import Metrics
from nyumba.settings import Settings
from tests.conftest import World

PATIENCE_S = 60


class Wire:
    """Passes bytes on between clients and PostgreSQL, until it is cut; then it keeps them, and closes nothing."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._sound = asyncio.Event()
        self._sound.set()
        self._streams: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        self._sound.clear()

    def mend(self) -> None:
        self._sound.set()

    @asynccontextmanager
    async def lay(self) -> AsyncIterator[str]:
        """The URL of the database at the other end."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        url = self._url.set(host="127.0.0.1", port=port, query={"ssl": "disable"})
        try:
            yield url.render_as_string(hide_password=False)
        finally:
            server.close()
            for stream in self._streams:
                stream.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        folder = self._url.query.get("host")
        if folder:
            far = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{self._url.port or 5432}")
        else:
            far = await asyncio.open_connection(self._url.host, self._url.port or 5432)
        self._streams += [writer, far[1]]
        await asyncio.gather(self._pass_on(reader, far[1]), self._pass_on(far[0], writer))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while some := await source.read(65_536):
            await self._sound.wait()
            target.write(some)
        target.close()


@pytest.fixture
async def wire(settings: Settings) -> Wire:
    return Wire(make_url(settings.require_database_url()))


async def see(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not look():
            await asyncio.sleep(0.02)


async def test_it_is_an_outage_that_numbers_and_a_stop_do_not_wait_for(
    world: World, settings: Settings, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.follow.READING_INTERVAL_S", 0.05)
    monkeypatch.setattr("indexer.heartbeat.INTERVAL_S", 0.05)
    monkeypatch.setattr("indexer.breaker.LONGEST_PAUSE_S", 0.1)
    monkeypatch.setattr(outbox_module, "LONGEST_TRANSACTION_S", 0.5)
    monkeypatch.setattr(commands_module, "LONGEST_GOODBYE_S", 0.5)
    await world.reindex()
    metrics, stop = Metrics(), asyncio.Event()

    def read(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"nyumba_indexer_{name}", labels)

    async def follow() -> None:
        async with wire.lay() as url, connect(replace(settings, database_url=url)) as (engine, client):
            await Follower(engine, client, world.alias, metrics).run(stop, 2)

    following = asyncio.create_task(follow())
    await see(lambda: read("breaker", nyumba_indexer_breaker="closed") == 1 and read("outbox_pending") == 0)
    for _ in range(2):
        wire.cut()
        await world.add_property()
        await see(lambda: math.isnan(read("outbox_pending") or 0) and math.isnan(read("dead") or 0))
        await see(lambda: read("breaker", nyumba_indexer_breaker="closed") == 0)
        wire.mend()
        await see(lambda: read("breaker", nyumba_indexer_breaker="closed") == 1 and read("outbox_pending") == 0)
    assert await world.sql("SELECT count(*) FROM search_dead") == [(0,)]
    wire.cut()
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await following
    assert await world.find_drift() == {}
