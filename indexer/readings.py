"""How synchronization stands, as PostgreSQL tells it: what status and the metrics have in common."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from indexer.heartbeat import WorkerState, read_workers
from indexer.verifications import Verification, read_last_verification

_QUEUE = text(
    "SELECT count(*), count(*) FILTER (WHERE lease_token IS NOT NULL AND visible_at > clock_timestamp()),"
    " coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 FROM search_outbox"
)
_DEAD = text("SELECT count(*) FROM search_dead")
_BUILDING = text(
    "SELECT backfill_cursor, backfilled_at FROM search_generations WHERE alias = :alias AND state = 'building'"
)


class Readings(msgspec.Struct, frozen=True):
    """`lag_s` is the age of the oldest change that waits, `progress` that of a reindex that is under way, 0 to 1."""

    pending: int
    leased: int
    lag_s: float
    dead: int
    progress: float | None
    verified: Verification | None
    workers: list[WorkerState]


async def read_readings(connection: AsyncConnection, alias: str) -> Readings:
    """Look at the tables of the queue."""
    pending, leased, lag_s = (await connection.execute(_QUEUE)).one()
    dead: int = (await connection.execute(_DEAD)).scalar_one()
    building = (await connection.execute(_BUILDING, {"alias": alias})).one_or_none()
    return Readings(
        pending,
        leased,
        round(lag_s, 1),
        dead,
        estimate_progress(*building) if building else None,
        await read_last_verification(connection, alias),
        await read_workers(connection, alias),
    )


def estimate_progress(cursor: UUID | None, backfilled_at: datetime | None) -> float:
    """How far a backfill in key order has come: random keys are spread evenly."""
    if backfilled_at is not None:
        return 1.0
    return cursor.int / 2**128 if cursor else 0.0
