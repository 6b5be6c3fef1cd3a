"""From a file to the database, in batches of one transaction each.

Invariant: every row that is read is counted once, as inserted, updated, unchanged or rejected. A batch is committed
whole or not at all, and its rejects are written after its commit.
"""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from nyumba.db import create_engine
from nyumba.errors import NyumbaError
from nyumba.intake.convert import FieldProblem, convert_row, read_source_id
from nyumba.intake.mapping import Mapping
from nyumba.intake.reader import BrokenRow, Row
from nyumba.intake.records import PropertyRecord
from nyumba.intake.rejects import Reject, RejectsFile
from nyumba.intake.seen import create_seen, remember_first
from nyumba.intake.store import StoreCounts, ensure_owner, store_records

BATCH_ROWS = 1_000

Records = dict[int, PropertyRecord]


class ImportSummary(msgspec.Struct, frozen=True):
    """What became of all the rows of a file."""

    stored: StoreCounts
    rejected: int
    seconds: float

    @property
    def read(self) -> int:
        """How many rows the file had."""
        return self.stored.inserted + self.stored.updated + self.stored.unchanged + self.rejected


async def import_rows(
    database_url: str,
    mapping: Mapping,
    rows: Iterable[Row | BrokenRow],
    rejects: RejectsFile,
    *,
    batch_rows: int = BATCH_ROWS,
) -> ImportSummary:
    """Take the properties that the rows describe, and write the rows that cannot be taken to the rejects.

    When reading or the database fails, the error ends the import; what was committed before stays.
    """
    started = time.monotonic()
    stored = StoreCounts()
    engine = create_engine(database_url, pool_size=1)
    try:
        async with engine.connect() as connection:
            owner = await _begin(connection, mapping)
            for batch in _split(rows, batch_rows):
                stored += await _import_batch(connection, mapping, owner, batch, rejects)
    finally:
        await engine.dispose()
    return ImportSummary(stored, rejects.rows, time.monotonic() - started)


async def _begin(connection: AsyncConnection, mapping: Mapping) -> UUID:
    async with connection.begin():
        await create_seen(connection)
        return await ensure_owner(connection, mapping.source, mapping.label)


def _split(rows: Iterable[Row | BrokenRow], size: int) -> Iterator[list[Row | BrokenRow]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch


async def _import_batch(
    connection: AsyncConnection, mapping: Mapping, owner: UUID, batch: list[Row | BrokenRow], rejects: RejectsFile
) -> StoreCounts:
    records, refused = _convert(mapping, owner, batch)
    async with connection.begin():
        # Behind people's edits: the index takes those first.
        await connection.execute(text("SELECT set_config('nyumba.outbox_priority', '-1', true)"))
        records, repeated = await _part_repeats(connection, records)
        stored = await store_records(connection, mapping.source, list(records.values()))
    rejects.write(refused + repeated)
    return stored


def _convert(mapping: Mapping, owner: UUID, batch: list[Row | BrokenRow]) -> tuple[Records, list[Reject]]:
    records: Records = {}
    rejects = []
    for row in batch:
        if isinstance(row, BrokenRow):
            rejects.append(Reject(row.line, None, [FieldProblem("row", row.reason)]))
            continue
        outcome = convert_row(mapping, row.cells, owner)
        if isinstance(outcome, PropertyRecord):
            records[row.line] = outcome
        else:
            rejects.append(Reject(row.line, _source_id_or_none(mapping, row), outcome))
    return records, rejects


def _source_id_or_none(mapping: Mapping, row: Row) -> str | None:
    try:
        return read_source_id(mapping, row.cells)
    except NyumbaError:  # its own entry in the rejects file says so
        return None


async def _part_repeats(connection: AsyncConnection, records: Records) -> tuple[Records, list[Reject]]:
    """The records whose source id this run meets for the first time, and rejects for the others."""
    first = await remember_first(connection, {line: record.source_id for line, record in records.items()})
    fresh = {line: record for line, record in records.items() if first[record.source_id] == line}
    repeated = [
        Reject(
            line,
            record.source_id,
            [FieldProblem("source_id", f"line {first[record.source_id]} has the same one, and was taken")],
        )
        for line, record in records.items()
        if line not in fresh
    ]
    return fresh, repeated
