"""The queue in PostgreSQL: claiming events, and what becomes of them.

Invariant: an event is only deleted, given back or set aside by the token of the lease that it was claimed with. So a
worker that outlived its lease changes nothing any more.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.actions import Action
from indexer.dead import bury, revive

BATCH_SIZE = 500
LEASE_S = 30
SHARED_ATTEMPTS = 3
MOST_ATTEMPTS = 10
LONGEST_DELAY_S = 60
LONGEST_TRANSACTION_S = LEASE_S / 2

_CLAIM = text("""
    WITH claimed AS (
        SELECT id FROM search_outbox WHERE visible_at <= clock_timestamp()
        ORDER BY priority DESC, id LIMIT :limit FOR UPDATE SKIP LOCKED)
    UPDATE search_outbox o
    SET lease_token = :token, visible_at = clock_timestamp() + make_interval(secs => :lease), attempts = attempts + 1
    FROM claimed WHERE o.id = claimed.id
    RETURNING o.property_id, o.version, o.attempts, extract(epoch FROM clock_timestamp() - o.created_at)::float8""")
_RELEASE = text("""
    UPDATE search_outbox SET lease_token = NULL, visible_at = clock_timestamp(), attempts = attempts - 1
    WHERE lease_token = :token""")
_POSTPONE = text("""
    UPDATE search_outbox
    SET lease_token = NULL, visible_at = clock_timestamp() + make_interval(secs => least(:longest, 2 ^ attempts))
    WHERE lease_token = :token AND property_id = ANY(:ids)""")
_ACKNOWLEDGE = text("DELETE FROM search_outbox WHERE lease_token = :token AND property_id = ANY(:ids)")


@dataclass(slots=True)
class Event:
    """All claimed events of one property: the newest version asked for, and the age of the oldest."""

    version: int
    attempts: int
    age_s: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed events, folded: never empty where it is written. `claimed_at` is on the monotonic clock."""

    token: UUID
    events: dict[UUID, Event]
    claimed_at: float

    def split(self) -> Iterator["Batch"]:
        """The properties to write together, and each alone that workers seem to have died of."""
        shared = {i: event for i, event in self.events.items() if event.attempts <= SHARED_ATTEMPTS}
        if shared:
            yield Batch(self.token, shared, self.claimed_at)
        for property_id, event in self.events.items():
            if property_id not in shared:
                yield Batch(self.token, {property_id: event}, self.claimed_at)

    def is_spent(self) -> bool:
        """Whether it is one property that has been tried, alone, as often as any may be."""
        return all(event.attempts > MOST_ATTEMPTS for event in self.events.values())


@asynccontextmanager
async def begin(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that is given up with `TimeoutError` when it takes too long.

    A server that hangs, or whose machine is lost, never says that it is down, and the client waits for ever.
    """
    async with asyncio.timeout(LONGEST_TRANSACTION_S), engine.begin() as connection:
        yield connection


async def claim(engine: AsyncEngine) -> Batch:
    """Lease the next events, and count the attempt."""
    token = uuid4()
    events: dict[UUID, Event] = {}
    async with begin(engine) as connection:
        rows = await connection.execute(_CLAIM, {"limit": BATCH_SIZE, "token": token, "lease": LEASE_S})
        for property_id, version, attempts, age_s in rows:
            event = events.setdefault(property_id, Event(version, attempts, age_s))
            event.version = max(event.version, version)
            event.attempts = max(event.attempts, attempts)
            event.age_s = max(event.age_s, age_s)
    return Batch(token, events, time.monotonic())


async def release(engine: AsyncEngine, batch: Batch) -> None:
    """Give back what is still leased, as if it had not been claimed."""
    async with begin(engine) as connection:
        await connection.execute(_RELEASE, {"token": batch.token})


async def settle(
    engine: AsyncEngine,
    batch: Batch,
    actions: Sequence[Action],
    refused: Mapping[str, Mapping[UUID, str]],
    failing: Collection[UUID],
) -> None:
    """Delete the events of a batch whose actions were sent.

    `refused` holds, for each index written to, the documents that it refuses: they are set aside with their reasons.
    `failing` ones are tried again later.
    """
    done = [action for action in actions if action.property_id not in failing]
    async with begin(engine) as connection:
        for index, reasons in refused.items():
            await bury(connection, index, reasons, done, token=batch.token)
            await revive(connection, index, [action for action in done if action.property_id not in reasons])
        if failing:
            values = {"token": batch.token, "ids": [*failing], "longest": LONGEST_DELAY_S}
            await connection.execute(_POSTPONE, values)
        ids = [action.property_id for action in done]
        await connection.execute(_ACKNOWLEDGE, {"token": batch.token, "ids": ids})
