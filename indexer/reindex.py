"""Reindex: build a fresh index beside the serving one, and move the alias when it is complete.

Invariant: live changes go to both indices from before the first row is read until after the alias has moved, so a
reindex loses nothing and readers never see a half-filled index.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

from elasticsearch import AsyncElasticsearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.backfill import backfill
from indexer.breaker import is_any_outage
from indexer.errors import NothingToResume, StatementsInterrupted, SwapRefused
from indexer.generations import (
    Generation,
    adopt,
    drop_generation,
    drop_unless_shown,
    find_way_back,
    hold_generation,
    note_alias,
    promote,
    read_generations,
    read_registered,
    read_retired,
    register_generation,
    reindex_lock,
    retire_lost,
)
from indexer.indices import (
    count_documents,
    move_alias,
    publish_index,
    read_alias,
    read_shown,
    take_alias_off,
    take_hold,
    take_unknown_fields,
)
from indexer.outbox import LEASE_S
from indexer.processor import Processor
from indexer.verifications import note_verification
from indexer.verify import Report, verify
from nyumba.progress import Advance
from nyumba.search.document import compute_digest

MOST_DEAD_SHARE = 0.01
LEAST_SHARE = 0.8
LONGEST_DRAIN_S = 3 * LEASE_S

_SELECT_DEAD = text("SELECT property_id, error FROM search_dead WHERE index_name = :index ORDER BY id")
_END_BACKFILL = text("UPDATE search_generations SET backfilled_at = now() WHERE epoch = :epoch")


@dataclass(frozen=True, slots=True)
class ReindexResult:
    """`documents` are searchable in `index`; `dead` ones are set aside in search_dead; `report` is of the verify."""

    index: str
    documents: int
    dead: int
    report: Report


async def is_current(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> bool:
    """Whether readers see an index that is registered here and has the mapping of this release."""
    shown = await read_shown(client, alias)
    async with engine.connect() as connection:
        generations = await read_generations(connection, alias)
    serving = next((g for g in generations if g.state == "serving"), None)
    return serving is not None and shown == [serving.index] and serving.digest == compute_digest()


async def reindex(  # noqa: PLR0913  (two stores, and what an operator may choose)
    engine: AsyncEngine,
    client: AsyncElasticsearch,
    alias: str,
    advance: Advance,
    *,
    resume: bool = False,
    swap: bool = True,
    allow_smaller: bool = False,
    take_over: bool = False,
) -> ReindexResult:
    """Fill a new index from PostgreSQL and move the alias to it; without `swap`, leave it beside the serving one.

    With `take_over`, the alias moves though it is on an index that this database does not know, as after a restore.
    An outage or an interruption leaves the new index for `resume`. On any other failure it goes. The alias stays where
    it was in either case.

    Raises:
        ReindexRunning: another one holds the lock.
        AnotherAlias: this database fills the indices of another one.
        NothingToResume: no reindex of this release's mapping was cut short.
        TooManyRefused: the new index refuses most documents.
        SwapRefused: the new index does not hold what PostgreSQL does, it is much smaller than the serving one without
            `allow_smaller`, somebody else moved the alias, or it is another database's and there is no `take_over`.
    """
    async with reindex_lock(engine, alias) as connection:
        shown, lost = await _settle(connection, client, alias, keep_building=resume, take_over=take_over)
        building = await _begin(connection, client, alias, resume=resume)
        processor = Processor(engine, client, alias)
        try:
            hold = await take_hold(client, building.index)
            if lost:
                await retire_lost(connection, lost)
            others = [g for g in await read_generations(connection, alias) if g.digest != building.digest]
            await connection.commit()
            for generation in others:
                await take_unknown_fields(client, generation.index)
            async with _work_beside(processor) if others else nullcontext():  # workers of other releases wait
                await backfill(engine, client, building, advance)
            result = await _complete(engine, client, connection, processor, building)
            if swap:
                if shown and not allow_smaller:
                    await _check_size(client, shown, result)
                await hold_generation(connection, building)
                await move_alias(client, alias, source=shown, target=building.index, hold=hold)
        except BaseException as error:
            if not _can_resume(error):
                await connection.rollback()
                await _abandon(connection, client, alias, building)
            raise
        if swap:
            await promote(connection, alias, building)
            await note_verification(engine, alias, result.report)
            await _drop_superseded(connection, client, alias)
    return result


def _can_resume(error: BaseException) -> bool:
    if isinstance(error, Exception):
        return is_any_outage(error) or isinstance(error, StatementsInterrupted)
    return isinstance(error, asyncio.CancelledError | KeyboardInterrupt)


async def _settle(
    connection: AsyncConnection, client: AsyncElasticsearch, alias: str, *, keep_building: bool, take_over: bool
) -> tuple[str | None, Generation | None]:
    """Clear up after a reindex that died. Where the alias is decides.

    Return the index that readers see, and the one that they should see, where that is another.
    """
    shown = await _settle_alias(connection, client, alias, take_over=take_over)
    await note_alias(connection, alias, shown)
    generations = await read_generations(connection, alias)
    for generation in generations:
        if generation.state == "building" and not keep_building:
            await drop_generation(connection, client, generation)
    return shown, next((g for g in generations if g.state == "serving" and g.index != shown), None)


async def _settle_alias(
    connection: AsyncConnection, client: AsyncElasticsearch, alias: str, *, take_over: bool
) -> str | None:
    """The index that the alias is on; where somebody put it on several, it stays on the one that it was put on here.

    That may be one that counts as dropped: then no change has gone to it since, but readers have nothing better.
    """
    shown = await read_shown(client, alias)
    registered = await read_registered(connection, alias)
    foreign = [index for index in shown if index not in registered]
    if foreign and not take_over:
        raise SwapRefused(
            f"it is on {foreign[0]}, which this database did not build; set another NYUMBA_SEARCH_ALIAS, or, where the"
            " database was restored, reindex with --take-over"
        )
    for index in foreign:
        await adopt(connection, alias, index)
    ranks = {g.index: (g.state == "serving", g.epoch) for g in await read_generations(connection, alias)}
    shown.sort(key=lambda index: ranks.get(index, (False, 0)))
    for index in shown[:-1]:
        await take_alias_off(client, alias, index)
    return shown[-1] if shown else None


async def _begin(connection: AsyncConnection, client: AsyncElasticsearch, alias: str, *, resume: bool) -> Generation:
    """The index to fill: the one that was cut short, or a new one."""
    if resume:
        for generation in await read_generations(connection, alias):
            if generation.state == "building" and generation.digest == compute_digest():
                return generation
        raise NothingToResume(alias)
    return await register_generation(connection, client, alias)


async def _abandon(connection: AsyncConnection, client: AsyncElasticsearch, alias: str, building: Generation) -> None:
    """Drop an index that failed, unless readers see it after all, or another reindex has dealt with it."""
    if not any(g.epoch == building.epoch and g.state == "building" for g in await read_generations(connection, alias)):
        return
    if await read_alias(client, alias) == building.index:
        await promote(connection, alias, building)
    else:
        await drop_generation(connection, client, building)


async def _complete(
    engine: AsyncEngine,
    client: AsyncElasticsearch,
    connection: AsyncConnection,
    processor: Processor,
    building: Generation,
) -> ReindexResult:
    """Bring in what changed meanwhile, make it searchable, and verify it.

    Raises:
        SwapRefused: it drifts, or too many documents were refused.
    """
    await hold_generation(connection, building)
    await connection.execute(_END_BACKFILL, {"epoch": building.epoch})
    await connection.commit()
    await _drain_to_mark(connection, processor)
    await publish_index(client, building.index)
    report = await _verify_under_way(engine, client, processor, building.index)
    dead = {row[0]: row[1] for row in await connection.execute(_SELECT_DEAD, {"index": building.index})}
    await connection.commit()
    if len(dead) > report.compared * MOST_DEAD_SHARE:
        first, reason = next(iter(dead.items()))
        raise SwapRefused(
            f"the new index refuses {len(dead)} of {report.compared} properties, {first} for this reason: {reason}"
        )
    drift = [one for one in report.drift if one.property_id not in dead]
    if drift:
        raise SwapRefused(
            f"the new index differs from PostgreSQL in {len(drift)} properties of {report.compared};"
            f" {drift[0].property_id} is {drift[0].kind}"
        )
    return ReindexResult(building.index, await count_documents(client, building.index), len(dead), report)


async def _verify_under_way(
    engine: AsyncEngine, client: AsyncElasticsearch, processor: Processor, index: str
) -> Report:
    """Verify, and go on working on changes, for they may explain what differs."""
    async with _work_beside(processor):
        return await verify(engine, client, index, lambda _: None, "fast")


@asynccontextmanager
async def _work_beside(processor: Processor) -> AsyncIterator[None]:
    """Work on changes meanwhile, for no other worker need be there."""
    stop = asyncio.Event()
    working = asyncio.create_task(processor.run(stop))
    try:
        yield
    finally:
        stop.set()
        await working


async def _check_size(client: AsyncElasticsearch, shown: str, result: ReindexResult) -> None:
    """Both indices get all live changes, so they should be of about one size.

    Raises:
        SwapRefused: the new one is much smaller; perhaps the database is not the one that it should be.
    """
    if not await client.indices.exists(index=shown):
        return
    await client.indices.refresh(index=shown)
    held = await count_documents(client, shown)
    if result.documents + result.dead < held * LEAST_SHARE:
        raise SwapRefused(
            f"the new index holds {result.documents} properties and the serving one {held}; check NYUMBA_DATABASE_URL,"
            " and reindex with --allow-smaller if that is right"
        )


async def _drain_to_mark(connection: AsyncConnection, processor: Processor) -> None:
    """Wait until the changes that are pending now have reached both indices, working on them as well.

    Raises:
        SwapRefused: a worker holds events for longer than any lease, and neither finishes nor lets go.
    """
    mark = (await connection.execute(text("SELECT coalesce(max(id), 0) FROM search_outbox"))).scalar_one()
    pending = text("SELECT count(*) FROM search_outbox WHERE id <= :mark")
    deadline = time.monotonic() + LONGEST_DRAIN_S
    while left := (await connection.execute(pending, {"mark": mark})).scalar_one():
        await connection.commit()
        if await processor.process_batch() > 0:
            deadline = time.monotonic() + LONGEST_DRAIN_S
        elif time.monotonic() > deadline:
            raise SwapRefused(f"{left} changes are held by a worker that does not finish; see search_outbox")
        else:
            await asyncio.sleep(0.1)


async def _drop_superseded(connection: AsyncConnection, client: AsyncElasticsearch, alias: str) -> None:
    """Keep the serving index and the one before it, in case somebody has to go back."""
    kept = await find_way_back(connection, client, alias)
    for generation in await read_retired(connection, alias):
        if generation != kept:
            await drop_unless_shown(connection, client, generation)
