"""What the processes of `nyumba-indexer run` say of themselves, for status to show.

Invariant: a process that ends well takes its row along; one that failed leaves it with the reason, until another starts
or the day is over.
"""

import asyncio
import os
import socket
from datetime import datetime
from uuid import uuid4

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.breaker import Breaker, is_any_outage, wait
from indexer.outbox import begin
from nyumba.commands import explain

INTERVAL_S = 5.0
SILENT_S = 30

_BEAT = text("""
    INSERT INTO search_workers (id, alias, name, workers, breaker, reason)
    VALUES (:id, :alias, :name, :workers, :breaker, :reason)
    ON CONFLICT (id) DO UPDATE SET seen_at = now(), breaker = excluded.breaker, reason = excluded.reason""")
_FORGET = text("""
    DELETE FROM search_workers
    WHERE alias = :alias AND (stopped_at IS NOT NULL OR seen_at < now() - interval '1 day')""")
_LEAVE = text("DELETE FROM search_workers WHERE id = :id")
_FAIL = text("""
    INSERT INTO search_workers (id, alias, name, workers, breaker, reason, stopped_at)
    VALUES (:id, :alias, :name, :workers, 'closed', :reason, now())
    ON CONFLICT (id) DO UPDATE SET seen_at = now(), reason = excluded.reason, stopped_at = now()""")
_SELECT = text("""
    SELECT name, workers, started_at, seen_at, stopped_at, breaker, reason,
        stopped_at IS NULL AND seen_at > now() - make_interval(secs => :silent) AS alive
    FROM search_workers WHERE alias = :alias ORDER BY started_at""")


class WorkerState(msgspec.Struct, frozen=True):
    """One process. `reason` says what is down while its breaker is open, or why it stopped."""

    name: str
    workers: int
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    breaker: str
    reason: str | None
    alive: bool


class Heartbeat:
    """The row of this process."""

    def __init__(self, engine: AsyncEngine, alias: str, breaker: Breaker, workers: int) -> None:
        self._engine = engine
        self._alias = alias
        self._breaker = breaker
        name = f"{socket.gethostname()[:80]}:{os.getpid()}"
        self._values = {"id": uuid4(), "alias": alias, "name": name, "workers": workers}

    async def run(self, stop: asyncio.Event) -> None:
        """Say every few seconds that this process lives, as long as PostgreSQL listens."""
        is_first = True
        while not stop.is_set():
            try:
                await self._beat(is_first=is_first)
                is_first = False
            except Exception as error:
                if not is_any_outage(error):  # an outage is the breaker's business; silence tells enough
                    raise
            await wait(stop, INTERVAL_S)

    async def end(self, failure: BaseException | None) -> None:
        """Take the row away, or leave in it why this process stops."""
        async with begin(self._engine) as connection:
            if failure is None or isinstance(failure, asyncio.CancelledError):
                await connection.execute(_LEAVE, {"id": self._values["id"]})
            else:
                await connection.execute(_FAIL, {**self._values, "reason": _describe(failure)})

    async def _beat(self, *, is_first: bool) -> None:
        state, reason = self._breaker.state, self._breaker.reason
        async with begin(self._engine) as connection:
            if is_first:
                await connection.execute(_FORGET, {"alias": self._alias})
            await connection.execute(_BEAT, {**self._values, "breaker": state, "reason": reason})


async def read_workers(connection: AsyncConnection, alias: str) -> list[WorkerState]:
    """The processes that run or failed, the oldest first."""
    rows = await connection.execute(_SELECT, {"alias": alias, "silent": SILENT_S})
    return [WorkerState(*row) for row in rows]


def _describe(failure: BaseException) -> str:
    """What people at the terminal are told; of a bug only its kind is shown."""
    if isinstance(failure, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(_describe(one) for one in failure.exceptions))
    meaning = explain(failure) if isinstance(failure, Exception) else None
    return f"a bug: {type(failure).__name__}" if meaning is None else str(meaning)
