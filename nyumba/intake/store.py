"""Records into the database, a batch at a time, by source and source id.

Invariant: nothing is written where nothing differs, because the triggers turn each write into work for the indexer.
A source owns what it sent: its next word on a property replaces whatever is in the row. Three columns are set when
the row is made and never again: `created_at` is history, `is_featured` and `view_count` are this site's own.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from nyumba.intake.records import PropertyRecord, property_id

_Word = tuple[UUID, str]

_WORDS = ("amenities", "features")
_FIELDS = tuple(name for name in PropertyRecord.__struct_fields__ if name not in _WORDS)
_KEPT = ("source_id", "is_featured", "created_at")
_REPLACED = tuple(name for name in _FIELDS if name not in _KEPT)


class StoreCounts(msgspec.Struct, frozen=True):
    """What became of the records of one batch."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "StoreCounts") -> "StoreCounts":
        return StoreCounts(
            self.inserted + other.inserted, self.updated + other.updated, self.unchanged + other.unchanged
        )


def _upsert_sql() -> str:
    columns = ", ".join(("id", "source", *_FIELDS))
    values = columns.replace("created_at", "coalesce(created_at, now())")
    assignments = ", ".join(f"{name} = excluded.{name}" for name in _REPLACED)
    stored = ", ".join(f"properties.{name}" for name in _REPLACED)
    offered = ", ".join(f"excluded.{name}" for name in _REPLACED)
    # A row that ON CONFLICT has updated carries the lock of that update in xmax; a fresh one carries nothing.
    return f"""
        INSERT INTO properties ({columns})
        SELECT {values} FROM jsonb_populate_recordset(NULL::properties, CAST(:rows AS jsonb))
        ON CONFLICT (source, source_id) DO UPDATE SET {assignments}
        WHERE ({stored}) IS DISTINCT FROM ({offered})
        RETURNING id, xmax = 0 AS inserted
    """  # noqa: S608  (made of column names only)


def _delete_words_sql(table: str) -> str:
    return f"""
        DELETE FROM {table} AS stored
        WHERE stored.property_id = ANY(CAST(:owners AS uuid[])) AND NOT EXISTS (
            SELECT FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[])) AS sent (property_id, name)
            WHERE sent.property_id = stored.property_id AND sent.name = stored.name
        )
        RETURNING stored.property_id
    """  # noqa: S608  (made of table names only)


def _insert_words_sql(table: str) -> str:
    return f"""
        INSERT INTO {table} (property_id, name)
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]))
    """  # noqa: S608  (made of table names only)


def _add_words_sql(table: str) -> str:
    return f"{_insert_words_sql(table)} ON CONFLICT (property_id, name) DO NOTHING RETURNING property_id"


_UPSERT = text(_upsert_sql())
_DELETE_WORDS = {table: text(_delete_words_sql(table)) for table in _WORDS}
_INSERT_WORDS = {table: text(_insert_words_sql(table)) for table in _WORDS}
_ADD_WORDS = {table: text(_add_words_sql(table)) for table in _WORDS}


async def store_records(connection: AsyncConnection, source: str, records: Sequence[PropertyRecord]) -> StoreCounts:
    """Insert or update the properties of one batch, with exactly the amenities and features that they bring.

    The caller owns the transaction; batches of 1,000 to 5,000 are fastest. Source ids must differ within a batch.
    A property counts as updated when its row or one of its words changed.
    """
    ids = [property_id(source, record.source_id) for record in records]
    keyed = list(zip(ids, records, strict=True))
    rows = [_to_row(source, key, record) for key, record in keyed]
    written = (await connection.execute(_UPSERT, {"rows": msgspec.json.encode(rows).decode()})).all()
    inserted = {row.id for row in written if row.inserted}
    changed = {row.id for row in written if not row.inserted}
    older = [key for key in ids if key not in inserted]
    for table in _WORDS:
        words = [(key, name) for key, record in keyed for name in dict.fromkeys(getattr(record, table))]
        await _insert_words(connection, table, [word for word in words if word[0] in inserted])
        changed |= await _equalize_words(connection, table, older, [word for word in words if word[0] not in inserted])
    return StoreCounts(len(inserted), len(changed), len(records) - len(inserted) - len(changed))


def _to_row(source: str, key: UUID, record: PropertyRecord) -> dict[str, Any]:
    return {"id": key, "source": source} | {name: getattr(record, name) for name in _FIELDS}


async def _insert_words(connection: AsyncConnection, table: str, words: Sequence[_Word]) -> None:
    """Insert the words of new properties, which have none yet: half the cost of looking for conflicts."""
    if words:
        await connection.execute(_INSERT_WORDS[table], _as_arrays(words))


async def _equalize_words(
    connection: AsyncConnection, table: str, owners: Sequence[UUID], words: Sequence[_Word]
) -> set[UUID]:
    """Leave these properties with exactly these words; the ids of those that had others."""
    if not owners:
        return set()
    arrays = _as_arrays(words)
    deleted = await connection.execute(_DELETE_WORDS[table], {"owners": owners, **arrays})
    added = await connection.execute(_ADD_WORDS[table], arrays)
    return {*deleted.scalars(), *added.scalars()}


def _as_arrays(words: Sequence[_Word]) -> dict[str, list[Any]]:
    return {"ids": [key for key, _ in words], "names": [name for _, name in words]}


async def ensure_owner(connection: AsyncConnection, source: str, full_name: str) -> UUID:
    """The account that owns what a source sends, made if absent. Nobody can log in to it: it has no password."""
    email = f"import+{source}@nyumba.invalid"
    await connection.execute(
        text(
            "INSERT INTO users (email, password_hash, full_name, role)"
            " VALUES (:email, '!', :full_name, 'agent') ON CONFLICT (email) DO NOTHING"
        ),
        {"email": email, "full_name": full_name},
    )
    owner: UUID = (
        await connection.execute(text("SELECT id FROM users WHERE email = :email"), {"email": email})
    ).scalar_one()
    return owner
