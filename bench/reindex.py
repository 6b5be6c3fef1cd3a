"""How fast is a reindex, from PostgreSQL to the moved alias, against the raw bulk of the same bodies?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from elasticsearch import AsyncElasticsearch

from bench.figures import Figure, compare_pairs
from bench.processes import watch_command
from bench.world import connect, time_call
from indexer.actions import write_alias
from indexer.backfill import BULKS_IN_FLIGHT, read_chunks
from indexer.event_streams import prepare_streams
from indexer.indices import count_documents, create_index, publish_index
from indexer.reindex import is_current, reindex
from nyumba.search.document import LIVE_FILTER
from nyumba.settings import Settings

AREA = "Reindex"
RAW_INDEX = "bench-raw"
PART, PART_ALIAS = "bench-part", "bench-part-shown"
MOST_RAW = 200_000


async def fill_index(settings: Settings) -> None:
    """One reindex where there is none yet, and what makes the streams that searches are recorded in."""
    async with connect(settings) as (engine, client):
        await prepare_streams(client, settings.events_prefix)
        if not await is_current(engine, client, settings.search_alias):
            await reindex(engine, client, settings.search_alias, lambda _: None)


@asynccontextmanager
async def fill_part(settings: Settings, share: int) -> AsyncIterator[Settings]:
    """Another alias, over one in `share` of the documents: the first ones by their keys, which chance has dealt."""
    async with connect(settings) as (_, client):
        await client.options(ignore_status=404).indices.delete(index=PART)
        await create_index(client, PART)
        documents = await count_documents(client, settings.search_alias)
        await client.options(request_timeout=600).reindex(
            source={"index": settings.search_alias, "size": 2_000},
            dest={"index": PART},
            max_docs=documents // share,
        )
        await publish_index(client, PART)
        await client.indices.put_alias(index=PART, name=PART_ALIAS, filter=LIVE_FILTER)
        yield replace(settings, search_alias=PART_ALIAS)
        await client.indices.delete(index=PART)


async def measure_reindex(settings: Settings, rounds: int) -> list[Figure]:
    """Alternate the two, after one round that only warms the engine up. Of a large corpus, raw takes a part."""
    async with connect(settings) as (engine, client):
        bodies: list[bytes] = []
        raw_count = count = 0
        async for chunk in read_chunks(engine):
            count += chunk.count
            if raw_count < MOST_RAW:
                bodies.append(chunk.lines.encode())
                raw_count += chunk.count
        raw: list[float] = []
        ours: list[float] = []
        for _ in range(rounds + 1):
            raw.append(raw_count / await time_call(lambda: send_raw(client, bodies)))
            ours.append(count / await time_call(lambda: reindex(engine, client, settings.search_alias, lambda _: None)))
    name = "PostgreSQL to moved alias, over raw bulk of ready bodies"
    rates = Figure(area=AREA, name=name, unit="properties/s", better="higher", bound=0.85)
    return [compare_pairs(rates, ours[1:], raw[1:]), await measure_memory(settings)]


async def measure_memory(settings: Settings) -> Figure:
    """The most that the command takes."""
    peak_mb = await asyncio.to_thread(watch_command, settings, ["indexer", "reindex"])
    return Figure(area="Memory", name="indexer, at most during a reindex", value=peak_mb, unit="MB", bound=200)


async def send_raw(client: AsyncElasticsearch, bodies: Sequence[bytes]) -> None:
    """The baseline: bodies that are ready, with as many bulks in flight as a reindex has."""
    await create_index(client, RAW_INDEX)
    slots = asyncio.Semaphore(BULKS_IN_FLIGHT)

    async def send(body: Any) -> None:  # noqa: ANN401  (the client's annotations know no ready body)
        async with slots:
            answer = await client.bulk(
                index=write_alias(RAW_INDEX), body=body, require_alias=True, filter_path=["errors"]
            )
            if answer["errors"]:
                raise RuntimeError("the baseline lost documents")

    await asyncio.gather(*(send(body) for body in bodies))
    await publish_index(client, RAW_INDEX)
    await client.indices.delete(index=RAW_INDEX)
