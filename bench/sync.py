"""How soon do searches show a change, how fast does a backlog drain, and does a reindex of more take more memory?"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from elasticsearch import AsyncElasticsearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.figures import Figure, take_median, take_p99
from bench.processes import start, watch_command
from bench.world import connect, fill_database
from indexer.processor import Processor
from indexer.reindex import reindex
from nyumba.settings import Settings

AREA = "Sync"
RATE = 200
LEAST_SHARE = 0.9
WRITERS = 4
SECONDS = 20.0
WARM_UP_S = 3.0
LOOK_INTERVAL_S = 0.01
LONGEST_BACKLOG = 100_000

_REPRICE = text("UPDATE properties SET price = price + 1 WHERE id = :id RETURNING search_version")
_SELECT_IDS = text("SELECT id FROM properties WHERE status = 'active' LIMIT 5000")
_REPRICE_MANY = text(
    "UPDATE properties SET price = price + 1 WHERE id IN (SELECT id FROM properties LIMIT :limit) RETURNING 1"
)


@dataclass
class Watch:
    """Changes that no search has shown yet: version and time of the commit; and how long the others took."""

    outstanding: dict[UUID, tuple[int, float]] = field(default_factory=dict)
    taken_s: list[float] = field(default_factory=list)

    async def run(self, client: AsyncElasticsearch, alias: str) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            if not (asked := dict(self.outstanding)):
                continue
            ids = [str(property_id) for property_id in asked]
            answer = await client.search(
                index=alias, query={"ids": {"values": ids}}, size=len(ids), version=True, source=False
            )
            now = time.perf_counter()
            for hit in answer["hits"]["hits"]:
                self._note(UUID(hit["_id"]), hit["_version"], now, asked)

    def _note(self, property_id: UUID, version: int, now: float, asked: dict[UUID, tuple[int, float]]) -> None:
        wanted, committed_at = asked[property_id]
        if version >= wanted and self.outstanding.get(property_id) == asked[property_id]:
            del self.outstanding[property_id]
            self.taken_s.append(now - committed_at)


async def measure_sync(settings: Settings, seconds: float = SECONDS) -> list[Figure]:
    """Latency under a steady load, and the rate of one worker behind an outage."""
    async with connect(settings) as (engine, client):
        await reindex(engine, client, settings.search_alias, lambda _: None)
        with start(settings, ["indexer", "run"]):
            taken, written = await _measure_latency(engine, client, settings.search_alias, seconds)
        if written < RATE * seconds * LEAST_SHARE:
            raise RuntimeError(f"only {written} of {RATE * seconds:,.0f} writes could be made: the machine is too slow")
        drained = await _measure_drain(engine, client, settings.search_alias)
    name = f"commit to searchable at {RATE} writes/s"
    p50, p99 = take_median(taken) * 1000, take_p99(taken) * 1000
    return [
        Figure(area=AREA, name=f"{name}, p50", unit="ms", value=p50, noise=True),
        Figure(area=AREA, name=f"{name}, p99", unit="ms", value=p99, bound=1500, noise=True),
        Figure(area=AREA, name="drain after an outage", unit="changes/s", value=drained, better="higher", noise=True),
    ]


async def _measure_latency(
    engine: AsyncEngine, client: AsyncElasticsearch, alias: str, seconds: float
) -> tuple[list[float], int]:
    """How long each change took, and how many there were after the warm-up."""
    async with engine.connect() as connection:
        ids = list((await connection.execute(_SELECT_IDS)).scalars())
    watch = Watch()
    async with _watching(watch, client, alias):
        await _write(engine, watch, ids, WARM_UP_S)
        await _wait_until_shown(watch)
        watch.taken_s.clear()
        written = await _write(engine, watch, ids, seconds)
        await _wait_until_shown(watch)
    return watch.taken_s, written


@asynccontextmanager
async def _watching(watch: Watch, client: AsyncElasticsearch, alias: str) -> AsyncIterator[None]:
    task = asyncio.create_task(watch.run(client, alias))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _wait_until_shown(watch: Watch) -> None:
    async with asyncio.timeout(60):
        while True:
            if not watch.outstanding:
                return
            await asyncio.sleep(LOOK_INTERVAL_S)


async def _write(engine: AsyncEngine, watch: Watch, ids: list[UUID], seconds: float) -> int:
    """Change one property after the other at the rate; no property again before searches have shown its change."""
    started = time.perf_counter()

    async def write(writer: int) -> int:
        written = 0
        for turn in range(writer, int(RATE * seconds), WRITERS):
            await asyncio.sleep(started + turn / RATE - time.perf_counter())
            property_id = ids[turn % len(ids)]
            if property_id not in watch.outstanding:
                async with engine.begin() as connection:
                    version = (await connection.execute(_REPRICE, {"id": property_id})).scalar_one()
                watch.outstanding[property_id] = (version, time.perf_counter())
                written += 1
        return written

    return sum(await asyncio.gather(*(write(writer) for writer in range(WRITERS))))


async def _measure_drain(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> float:
    """Change many properties while nobody follows, then send one worker after them."""
    async with engine.begin() as connection:
        count = len((await connection.execute(_REPRICE_MANY, {"limit": LONGEST_BACKLOG})).all())
    started = time.perf_counter()
    await Processor(engine, client, alias).drain()
    return count / (time.perf_counter() - started)


def measure_memory_growth(settings: Settings, size: int, factor: int = 5) -> list[Figure]:
    """The most that a reindex takes of so many listings, and of `factor` times as many. Seeds the difference."""
    small = watch_command(settings, ["indexer", "reindex"])
    fill_database(settings, size * (factor - 1), seed=2)
    large = watch_command(settings, ["indexer", "reindex"])
    name = f"indexer, at most during a reindex of {size * factor:,}, over {size:,}"
    return [Figure(area="Memory", name=name, unit="MB", value=large, baseline=small, bound=1.25)]
