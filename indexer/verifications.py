"""What the last verifies found, kept for status and for the metrics."""

from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.verify import Mode, Report

_NOTE = text("""
    INSERT INTO search_verifications (alias, index_name, mode, compared, pending, drift)
    VALUES (:alias, :index, :mode, :compared, :pending, CAST(:drift AS json))""")
_FORGET = text("DELETE FROM search_verifications WHERE alias = :alias AND finished_at < now() - interval '30 days'")
_SELECT_LAST = text("""
    SELECT v.index_name, mode, compared, pending, drift, finished_at
    FROM search_verifications v JOIN search_generations g USING (alias, index_name)
    WHERE alias = :alias AND g.state = 'serving' ORDER BY id DESC LIMIT 1""")


class Verification(msgspec.Struct, frozen=True):
    """`drift` counts the differences of each kind; those that pending events explain are in `pending`."""

    index: str
    mode: Mode
    compared: int
    pending: int
    drift: dict[str, int]
    finished_at: datetime


async def note_verification(engine: AsyncEngine, alias: str, report: Report) -> None:
    """Keep it, for a month."""
    values = {"index": report.index, "mode": report.mode, "compared": report.compared, "pending": report.pending}
    drift = msgspec.json.encode(report.count_kinds()).decode()
    async with engine.begin() as connection:
        await connection.execute(_NOTE, {**values, "alias": alias, "drift": drift})
        await connection.execute(_FORGET, {"alias": alias})


async def read_last_verification(connection: AsyncConnection, alias: str) -> Verification | None:
    """The last one of the index that serves, of whichever mode: what was found in another one is of no interest now."""
    row = (await connection.execute(_SELECT_LAST, {"alias": alias})).one_or_none()
    return Verification(*row) if row else None
