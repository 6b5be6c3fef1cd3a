"""What operators do to the index by hand: go back, sweep up, and deal with the dead.

Invariant: no document is written here; what has to be written again goes through the queue.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
from elasticsearch import AsyncElasticsearch
from sqlalchemy import Interval, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.errors import NothingToRollBack
from indexer.generations import (
    drop_unless_shown,
    find_way_back,
    forget_dropped,
    hold_generation,
    note_alias,
    promote,
    read_generations,
    reindex_lock,
)
from indexer.indices import move_alias, read_alias, take_hold

RETIRED_FOR = timedelta(days=1)
TOMBSTONED_FOR = timedelta(days=7)

_SELECT_DEAD = text(
    "SELECT id, property_id, version, index_name, error, died_at::text FROM search_dead ORDER BY id LIMIT :limit"
)
_RETRY_DEAD = text("""
    WITH taken AS (DELETE FROM search_dead WHERE id = ANY(:ids) OR :all RETURNING property_id, version, op)
    INSERT INTO search_outbox (property_id, version, op, reason)
    SELECT property_id, max(version), min(op), 'retry' FROM taken GROUP BY property_id RETURNING 1""")
_DROP_DEAD = text("DELETE FROM search_dead WHERE id = ANY(:ids) OR :all RETURNING 1")
_SELECT_EXPIRED = text(
    "SELECT epoch FROM search_generations WHERE alias = :alias AND state = 'retired' AND retired_at < now() - :age"
).bindparams(bindparam("age", RETIRED_FOR, Interval))
_SELECT_CUTOFF = text(
    "SELECT now() - :age, coalesce(min(created_at) > now() - :age, true) FROM search_outbox"
).bindparams(bindparam("age", TOMBSTONED_FOR, Interval))


class Dead(msgspec.Struct, frozen=True):
    """A document that Elasticsearch refused."""

    id: int
    property_id: UUID
    version: int
    index: str
    error: str
    died_at: str


class Swept(msgspec.Struct, frozen=True):
    """What gc removed. `tombstones` is null where an old event is still pending: it might need them."""

    indices: list[str]
    tombstones: int | None


async def roll_back(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> str:
    """Show readers the index before the serving one again, which live changes have gone to all the while.

    Where an earlier rollback moved the alias and could not write it down, that is done, and nothing else.

    Raises:
        NothingToRollBack: none is kept, or somebody has deleted it by hand.
        SwapRefused: somebody else moved the alias.
        ReindexRunning: a reindex is under way.
    """
    async with reindex_lock(engine, alias) as connection:
        shown = await read_alias(client, alias)
        found = await note_alias(connection, alias, shown)
        if found is not None and found.state == "retired":
            return found.index
        back = await find_way_back(connection, client, alias)
        await connection.commit()
        if back is None:
            raise NothingToRollBack(alias)
        hold = await take_hold(client, back.index)
        await hold_generation(connection, back)
        await move_alias(client, alias, source=shown, target=back.index, hold=hold)
        await promote(connection, alias, back)
    return back.index


async def sweep(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> Swept:
    """Delete indices that retired a day ago, and tombstones that no late write can need any more.

    What readers see stays, whatever it is registered as.
    """
    async with reindex_lock(engine, alias) as connection:
        await note_alias(connection, alias, await read_alias(client, alias))
        forgotten = await forget_dropped(connection, client, alias)
        expired = {*(await connection.execute(_SELECT_EXPIRED, {"alias": alias})).scalars()}
        cutoff, is_queue_young = (await connection.execute(_SELECT_CUTOFF)).one()
        generations = await read_generations(connection, alias)
        await connection.commit()
        dropped = [g for g in generations if g.epoch in expired and await drop_unless_shown(connection, client, g)]
    kept = [generation.index for generation in generations if generation not in dropped]
    old = {"range": {"tombstoned_at": {"lt": cutoff.isoformat()}}}
    tombstones = None
    if is_queue_young:
        tombstones = 0
        for index in kept:
            answer = await client.delete_by_query(
                index=index, query=old, conflicts="proceed", refresh=True, ignore_unavailable=True
            )
            tombstones += int(answer["deleted"])
    return Swept(forgotten + [generation.index for generation in dropped], tombstones)


async def list_dead(engine: AsyncEngine, limit: int) -> list[Dead]:
    """The oldest first."""
    async with engine.connect() as connection:
        return [Dead(*row) for row in await connection.execute(_SELECT_DEAD, {"limit": limit})]


async def retry_dead(engine: AsyncEngine, ids: Sequence[int], *, everything: bool) -> int:
    """Queue dead documents again, and return how many properties that is."""
    async with engine.begin() as connection:
        return len((await connection.execute(_RETRY_DEAD, {"ids": list(ids), "all": everything})).all())


async def drop_dead(engine: AsyncEngine, ids: Sequence[int], *, everything: bool) -> int:
    """Forget dead documents, and return how many."""
    async with engine.begin() as connection:
        return len((await connection.execute(_DROP_DEAD, {"ids": list(ids), "all": everything})).all())
