"""The registry of physical indices in PostgreSQL: which there are, and what each is for.

Invariant: an index is registered before it is made, and marked as dropped before it is deleted: so none is forgotten,
whenever its maker dies. Its state only changes from what the one who changes it takes it for: so a reindex that lost
its lock undoes no later one. That it is dropped only says that no change goes to it: a mistyped address and a restored
database make such rows of an index that readers see, and `delete_index` looks for itself.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Container
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from elasticsearch import AsyncElasticsearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.errors import AnotherAlias, IndexShown, ReindexRunning, SwapRefused
from indexer.indices import check_unseen, create_index, delete_index, list_indices
from nyumba.search.document import compute_digest

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Generation:
    """A registered index.

    `state` is building, serving or retired; `digest` names its mapping; `cursor` is how far its backfill has come.
    """

    epoch: int
    index: str
    digest: str
    state: str
    cursor: UUID | None = None
    retired_at: datetime | None = None


async def read_generations(connection: AsyncConnection, alias: str) -> list[Generation]:
    """The indices that live changes go to, oldest first."""
    rows = await connection.execute(
        text(
            "SELECT epoch, index_name, mapping_hash, state, backfill_cursor, retired_at FROM search_generations"
            " WHERE alias = :alias AND state <> 'dropped' ORDER BY epoch"
        ),
        {"alias": alias},
    )
    return [Generation(*row) for row in rows]


async def _read_live_aliases(connection: AsyncConnection) -> set[str]:
    """Those whose indices changes go to: one at most, but for what earlier releases have left."""
    return {
        *(await connection.execute(text("SELECT alias FROM search_generations WHERE state <> 'dropped'"))).scalars()
    }


async def read_registered(connection: AsyncConnection, alias: str) -> set[str]:
    """The indices that this database has ever built, dropped ones as well."""
    statement = text("SELECT index_name FROM search_generations WHERE alias = :alias")
    return {*(await connection.execute(statement, {"alias": alias})).scalars()}


def find_newest(generations: list[Generation]) -> Generation | None:
    """The index that readers see or are about to see; None where there is none but retired ones."""
    return next((g for g in reversed(generations) if g.state != "retired"), None)


async def register_generation(connection: AsyncConnection, client: AsyncElasticsearch, alias: str) -> Generation:
    """Create the next index and register it as building: from then on, live changes go to it as well.

    It counts as dropped until it is there, so that no change is ever sent to one that is not.

    Raises:
        AnotherAlias: whoever worked for this one would take changes away from those who work for the other.
    """
    live = await _read_live_aliases(connection)
    if live and alias not in live:
        raise AnotherAlias(alias, min(live))
    digest = compute_digest()
    epoch, index = await _find_name(connection, f"{alias}-{digest}", await list_indices(client, alias))
    await connection.execute(
        text(
            "INSERT INTO search_generations (epoch, alias, index_name, mapping_hash, state)"
            " VALUES (:epoch, :alias, :index, :digest, 'dropped')"
        ),
        {"epoch": epoch, "alias": alias, "index": index, "digest": digest},
    )
    await connection.commit()
    await create_index(client, index)
    if not await _read_live_aliases(connection):
        # Nobody could send these events anywhere. Whoever sends to this index reads rows after it was registered, and
        # so sees what they speak of; a change that comes later has an event that is not deleted here.
        await connection.execute(text("DELETE FROM search_outbox"))
    await connection.execute(
        text("UPDATE search_generations SET state = 'building' WHERE epoch = :epoch"), {"epoch": epoch}
    )
    await connection.commit()
    return Generation(epoch, index, digest, "building")


async def _find_name(connection: AsyncConnection, beginning: str, taken: Container[str]) -> tuple[int, str]:
    """The next epoch whose name is free: a database that was restored counts epochs again that it had counted."""
    statement = text("SELECT nextval(pg_get_serial_sequence('search_generations', 'epoch'))")
    while True:
        epoch: int = (await connection.execute(statement)).scalar_one()
        index = f"{beginning}-{epoch}"
        if index not in taken:
            return epoch, index


async def adopt(connection: AsyncConnection, alias: str, index: str) -> None:
    """Register an index that this database does not know as dropped: a reindex moves the alias on, gc deletes it.

    For an operator who says that it is this installation's own, from before the database was restored.
    """
    await connection.execute(
        text(
            "INSERT INTO search_generations (alias, index_name, mapping_hash, state)"
            " VALUES (:alias, :index, 'unknown', 'dropped')"
        ),
        {"alias": alias, "index": index},
    )
    await connection.commit()


async def find_way_back(connection: AsyncConnection, client: AsyncElasticsearch, alias: str) -> Generation | None:
    """The index to go back to: of those that readers saw before, the last one that is still there."""
    for generation in await read_retired(connection, alias):
        if await client.indices.exists(index=generation.index):
            return generation
    return None


async def read_retired(connection: AsyncConnection, alias: str) -> list[Generation]:
    """The indices that readers saw before, and that are still written to; the last one first."""
    generations = await read_generations(connection, alias)
    retired = [(g.retired_at, g.epoch, g) for g in generations if g.state == "retired" and g.retired_at]
    return [generation for *_, generation in sorted(retired, reverse=True)]


async def hold_generation(connection: AsyncConnection, generation: Generation) -> None:
    """Keep others from changing its state until the transaction ends.

    Raises:
        SwapRefused: somebody has changed it.
    """
    statement = text("SELECT state FROM search_generations WHERE epoch = :epoch FOR UPDATE")
    state = (await connection.execute(statement, {"epoch": generation.epoch})).scalar_one()
    if state != generation.state:
        raise SwapRefused(f"another reindex has made {generation.index} {state}")


async def retire_lost(connection: AsyncConnection, lost: Generation) -> None:
    """Write down that readers do not see the serving index any more.

    Whether it is gone, nobody can tell from one that is looked for at a mistyped address: so it is only given up by a
    worker that has to write to it.
    """
    await hold_generation(connection, lost)
    await connection.execute(
        text("UPDATE search_generations SET state = 'retired', retired_at = now() WHERE epoch = :epoch"),
        {"epoch": lost.epoch},
    )
    await connection.commit()


async def promote(connection: AsyncConnection, alias: str, generation: Generation) -> None:
    """Write down that the alias has moved to an index; the one before retires, and is still written to."""
    await connection.execute(
        text(
            "UPDATE search_generations SET state = 'retired', retired_at = now()"
            " WHERE alias = :alias AND state = 'serving'"
        ),
        {"alias": alias},
    )
    await connection.execute(
        text(
            "UPDATE search_generations SET state = 'serving', promoted_at = now(), retired_at = NULL"
            " WHERE epoch = :epoch"
        ),
        {"epoch": generation.epoch},
    )
    await connection.commit()


async def drop_generation(connection: AsyncConnection, client: AsyncElasticsearch, generation: Generation) -> None:
    """Stop writing to an index, then delete it.

    Raises:
        SwapRefused: it is not what the caller takes it for; it stays.
        IndexShown: readers see it after all; it stays.
    """
    await check_unseen(client, generation.index)
    await hold_generation(connection, generation)
    await connection.execute(
        text("UPDATE search_generations SET state = 'dropped' WHERE epoch = :epoch"), {"epoch": generation.epoch}
    )
    await connection.execute(text("DELETE FROM search_dead WHERE index_name = :index"), {"index": generation.index})
    await connection.commit()
    await delete_index(client, generation.index)


async def drop_unless_shown(connection: AsyncConnection, client: AsyncElasticsearch, generation: Generation) -> bool:
    """Drop an index that only takes room, unless readers see it, and return whether it went."""
    return await _unless_shown(drop_generation(connection, client, generation))


async def _unless_shown(deletion: Awaitable[None]) -> bool:
    """Say it where readers see what should be deleted, and return whether it went."""
    try:
        await deletion
    except IndexShown as error:
        logger.warning("%s", error)
        return False
    return True


async def give_up_retired(connection: AsyncConnection, index: str) -> None:
    """Write no more to an index that somebody has deleted by hand, if no reader needs it."""
    statement = text("UPDATE search_generations SET state = 'dropped' WHERE index_name = :index AND state = 'retired'")
    await connection.execute(statement, {"index": index})


async def forget_dropped(connection: AsyncConnection, client: AsyncElasticsearch, alias: str) -> list[str]:
    """Delete what whoever dropped an index left of it, and return what is deleted; what readers see stays.

    For those who hold the lock: nobody is about to register one then.
    """
    statement = text("SELECT index_name FROM search_generations WHERE alias = :alias AND state = 'dropped'")
    dropped = list((await connection.execute(statement, {"alias": alias})).scalars())
    await connection.execute(text("DELETE FROM search_dead WHERE index_name = ANY(:dropped)"), {"dropped": dropped})
    await connection.commit()
    left = sorted({*dropped} & {*await list_indices(client, alias)})
    return [index for index in left if await _unless_shown(delete_index(client, index))]


async def note_alias(connection: AsyncConnection, alias: str, shown: str | None) -> Generation | None:
    """Write down where the alias is, if whoever moved it could not, and return that generation as it was before."""
    found = next((g for g in await read_generations(connection, alias) if g.index == shown), None)
    if found is not None and found.state != "serving":
        await hold_generation(connection, found)
        await promote(connection, alias, found)
    await connection.commit()
    return found


@asynccontextmanager
async def reindex_lock(engine: AsyncEngine, alias: str) -> AsyncIterator[AsyncConnection]:
    """Keep others from reindexing. The lock ends with its connection: a killed reindex does not keep it."""
    key = _name_lock(alias)
    async with engine.connect() as connection:
        got = await connection.execute(text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))"), key)
        if not got.scalar_one():
            raise ReindexRunning(alias)
        await connection.commit()
        try:
            yield connection
        finally:
            await connection.rollback()
            await connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), key)
            await connection.commit()


async def is_reindexing(connection: AsyncConnection, alias: str) -> bool:
    """Whether somebody holds the lock."""
    statement = text(
        "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND objsubid = 1 AND datname = current_database()"
        " AND (classid::bigint << 32 | objid::bigint) = hashtextextended(:key, 0))"
    )
    return bool((await connection.execute(statement, _name_lock(alias))).scalar_one())


def _name_lock(alias: str) -> dict[str, str]:
    return {"key": f"nyumba-reindex/{alias}"}
