"""Which source ids a run has met, kept by the database: a file may have more of them than memory has room for.

Invariant: the table belongs to one connection and lives as long as it, so that two imports never see each other's.
"""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CREATE = text("CREATE TEMPORARY TABLE seen_source_ids (source_id text PRIMARY KEY, line bigint NOT NULL)")
_REMEMBER = text(
    "INSERT INTO seen_source_ids SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:lines AS bigint[]))"
    " ON CONFLICT DO NOTHING"
)
_FIRST_LINES = text("SELECT source_id, line FROM seen_source_ids WHERE source_id = ANY(CAST(:ids AS text[]))")


async def create_seen(connection: AsyncConnection) -> None:
    """Begin a run that has met no source id."""
    await connection.execute(_CREATE)


async def remember_first(connection: AsyncConnection, id_of_line: Mapping[int, str]) -> dict[str, int]:
    """The line on which each of these source ids was first met: now, or earlier in the run."""
    ids = list(id_of_line.values())
    await connection.execute(_REMEMBER, {"ids": ids, "lines": list(id_of_line)})
    return {row.source_id: row.line for row in await connection.execute(_FIRST_LINES, {"ids": ids})}
