"""The processor: claims outbox events and makes Elasticsearch equal to the rows that they speak of.

Invariant: an event is deleted only after every live index holds its property at its version or a newer one. A processor
that dies loses nothing: its lease runs out and another one claims the events. Of two releases, the one whose index is
the newest writes to all, and the other one leaves the events to it.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from elasticsearch import AsyncElasticsearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.actions import Action, Outcome, build_tombstone, send_actions
from indexer.breaker import Breaker, wait
from indexer.errors import AnotherRelease, IndexMissing, NoIndex
from indexer.generations import Generation, find_newest, give_up_retired, read_generations
from indexer.metrics import Metrics
from indexer.outbox import LEASE_S, MOST_ATTEMPTS, Batch, begin, claim, release, settle
from indexer.projection import SELECT_BY_IDS
from indexer.refusals import RefusalWatch
from nyumba.search.document import compute_digest

logger = logging.getLogger(__name__)

POLL_INTERVAL_S = 0.1
LONGEST_BULK_S = LEASE_S / 2  # so that what hangs is given back while it is still leased, and costs no attempt
SPENT = "workers die with it, or never come to its end"


class Processor:
    """One worker. Several may run against one database, in one process or in many."""

    def __init__(
        self,
        engine: AsyncEngine,
        client: AsyncElasticsearch,
        alias: str,
        *,
        breaker: Breaker | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._engine = engine
        self._client = client
        self._alias = alias
        self._breaker = breaker or Breaker()
        self._metrics = metrics or Metrics()
        self._digest = compute_digest()
        self._watches: defaultdict[str, RefusalWatch] = defaultdict(RefusalWatch)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop. While a dependency is down, wait for it and try again, ever more slowly.

        Raises:
            NoIndex, IndexMissing, TooManyRefused: an operator has to act.
        """
        while not stop.is_set():
            if await self._breaker.run(self.process_batch, stop) == 0:
                await wait(stop, POLL_INTERVAL_S)

    async def drain(self) -> int:
        """Process until nothing is left that can be claimed, make it searchable, and return how many events it was."""
        total = 0
        while count := await self.process_batch():
            total += count
        async with self._engine.connect() as connection:
            generations = await read_generations(connection, self._alias)
        for generation in generations:
            await self._client.indices.refresh(index=generation.index, ignore_unavailable=True)
        return total

    async def process_batch(self) -> int:
        """Claim, project, write and acknowledge one batch; return how many properties it held.

        On any failure the claimed events are given back, or, if even that fails, come back when the lease runs out.
        """
        batch = await claim(self._engine)
        if not batch.events:
            return 0
        try:
            for part in batch.split():
                await self._write(part)
        except IndexMissing as error:
            await release(self._engine, batch)
            if await self._is_needed(error.index):
                raise
            logger.warning("index %s is gone; nobody reads it, and it is not written to any more", error.index)
        except BaseException:
            await release(self._engine, batch)
            raise
        return len(batch.events)

    async def _write(self, batch: Batch) -> None:
        generations, actions = await self._project(batch)
        if batch.is_spent():
            spent = {generation.index: dict.fromkeys(batch.events, SPENT) for generation in generations}
            await settle(self._engine, batch, actions, spent, ())
            return
        client = self._client.options(request_timeout=LONGEST_BULK_S)
        refused: dict[str, Mapping[UUID, str]] = {}
        failing: dict[UUID, str] = {}
        for generation in generations:
            with self._metrics.time_bulk(len(actions)):
                outcome = _give_up(await send_actions(client, generation.index, actions), batch)
            self._metrics.count_items(len(actions), outcome)
            failing |= outcome.failing
            if generation.digest == self._digest:
                self._watches[generation.index].check(outcome.refused.get(action.property_id) for action in actions)
                refused[generation.index] = outcome.refused
        await settle(self._engine, batch, actions, refused, failing)
        self._metrics.offer_sample(batch)

    async def _project(self, batch: Batch) -> tuple[list[Generation], Sequence[Action]]:
        """Read the live indices, then the rows as they are now.

        A reindex registers its index before it reads any row. So a change that was claimed before the indices were
        read either goes to that index from here, or is found by its backfill.

        An index of another release is about to retire, or has done so: it is written as well as it can be, and what it
        refuses of this release's documents is nobody's fault.
        """
        async with begin(self._engine) as connection:
            generations = await read_generations(connection, self._alias)
            if not generations:
                raise NoIndex(self._alias)
            newest = find_newest(generations)
            if newest is not None and newest.digest != self._digest:
                raise AnotherRelease(newest.index)
            rows = await connection.execute(SELECT_BY_IDS, {"ids": list(batch.events)})
            actions = {row[0]: Action(*row) for row in rows}
        for property_id, event in batch.events.items():
            if property_id not in actions:
                actions[property_id] = build_tombstone(property_id, event.version)
        return generations, list(actions.values())

    async def _is_needed(self, index: str) -> bool:
        """Whether an index that is gone is being built or served. One that had retired is given up."""
        async with begin(self._engine) as connection:
            await give_up_retired(connection, index)
            return any(g.index == index for g in await read_generations(connection, self._alias))


def _give_up(outcome: Outcome, batch: Batch) -> Outcome:
    """Take those for refused that have failed once too often."""
    spent = {i: reason for i, reason in outcome.failing.items() if batch.events[i].attempts >= MOST_ATTEMPTS}
    failing = {i: reason for i, reason in outcome.failing.items() if i not in spent}
    return Outcome(outcome.superseded, outcome.refused | spent, failing)
