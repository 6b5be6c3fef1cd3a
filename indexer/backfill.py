"""The backfill: every public property into a new index, a few bulks at a time.

Invariant: the stored cursor never passes a property that Elasticsearch has not taken, so a resumed backfill leaves no
hole; what it sends twice is the same version and does no harm.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from elasticsearch import AsyncElasticsearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.actions import read_actions, send_actions, send_lines
from indexer.breaker import Breaker
from indexer.dead import bury
from indexer.generations import Generation
from indexer.projection import SELECT_CHUNK
from indexer.refusals import RefusalWatch
from nyumba.progress import Advance

CHUNK_SIZE = 2000
BULKS_IN_FLIGHT = 3
LONGEST_OUTAGE_S = 60.0
FIRST_ID = UUID(int=0)

_STORE_CURSOR = text("UPDATE search_generations SET backfill_cursor = :cursor WHERE epoch = :epoch")


@dataclass(frozen=True, slots=True)
class Chunk:
    """The lines of a bulk request, for so many properties; `last_id` is the greatest of their keys."""

    count: int
    last_id: UUID
    lines: str


async def backfill(engine: AsyncEngine, client: AsyncElasticsearch, generation: Generation, advance: Advance) -> None:
    """Send every public property behind the generation's cursor, in key order. Refused ones go to search_dead.

    A short outage is waited out; after a longer one it raises what said so, and may be resumed.

    Raises:
        TooManyRefused: the index refuses most documents.
    """
    watch = RefusalWatch()
    breaker = Breaker()
    running: deque[tuple[UUID, asyncio.Task[None]]] = deque()

    async def send(chunk: Chunk) -> None:
        index = generation.index
        if await breaker.insist(lambda: send_lines(client, index, chunk.lines), longest_s=LONGEST_OUTAGE_S):
            watch.check([None] * chunk.count)
        else:
            actions = read_actions(chunk.lines)
            outcome = await breaker.insist(lambda: send_actions(client, index, actions), longest_s=LONGEST_OUTAGE_S)
            refused = outcome.refused | outcome.failing
            watch.check(refused.get(action.property_id) for action in actions)
            async with engine.begin() as connection:
                await bury(connection, index, refused, actions)
        advance(chunk.count)

    async with engine.connect() as connection:
        try:
            async for chunk in _read_ahead(read_chunks(engine, generation.cursor or FIRST_ID)):
                running.append((chunk.last_id, asyncio.create_task(send(chunk))))
                if len(running) == BULKS_IN_FLIGHT:
                    await _finish_first(connection, running, generation)
            while running:
                await _finish_first(connection, running, generation)
        finally:
            for _, bulk in running:
                bulk.cancel()
            await asyncio.gather(*(bulk for _, bulk in running), return_exceptions=True)


async def _finish_first(
    connection: AsyncConnection, running: deque[tuple[UUID, asyncio.Task[None]]], generation: Generation
) -> None:
    """Wait for the oldest bulk, and move the cursor past it."""
    cursor, bulk = running.popleft()
    await bulk
    await connection.execute(_STORE_CURSOR, {"cursor": cursor, "epoch": generation.epoch})
    await connection.commit()


async def _read_ahead(chunks: AsyncGenerator[Chunk]) -> AsyncIterator[Chunk]:
    """PostgreSQL reads the next chunk while Elasticsearch takes the ones before."""
    reading = asyncio.create_task(anext(chunks, None))
    try:
        while (chunk := await reading) is not None:
            reading = asyncio.create_task(anext(chunks, None))
            yield chunk
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await chunks.aclose()


async def read_chunks(engine: AsyncEngine, after: UUID = FIRST_ID) -> AsyncGenerator[Chunk]:
    """All public properties behind a key, in key order."""
    async with engine.connect() as connection:
        while chunk := await _read_chunk(connection, after):
            after = chunk.last_id
            yield chunk


async def _read_chunk(connection: AsyncConnection, after: UUID) -> Chunk | None:
    """One chunk from a snapshot of its own, so that no long transaction holds back the vacuum."""
    count, last_id, lines = (await connection.execute(SELECT_CHUNK, {"after": after, "limit": CHUNK_SIZE})).one()
    await connection.commit()
    return Chunk(count, last_id, lines) if count else None
