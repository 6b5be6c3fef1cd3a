"""Comparing rows with documents, one property at a time.

Invariant: the kinds of drift are decided in this one place, for verify as for the operator who looks at one property.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

import msgspec
from elasticsearch import AsyncElasticsearch
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from nyumba.properties.vocabulary import PUBLIC_STATUSES

Kind = Literal["missing", "stale", "ahead", "orphan", "undeleted", "duplicate"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_SELECT_ROWS = text("SELECT id, search_version, status IN :public FROM properties WHERE id = ANY(:ids)").bindparams(
    bindparam("public", PUBLIC_STATUSES, expanding=True)
)
_SELECT_PENDING = text("SELECT DISTINCT property_id FROM search_outbox WHERE property_id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class RowState:
    """A property in PostgreSQL."""

    version: int
    public: bool


@dataclass(frozen=True, slots=True)
class DocumentState:
    """A document in one index; a tombstone is not live."""

    version: int
    live: bool


class Drift(msgspec.Struct, frozen=True):
    """A property whose document is not what its row asks for; `pending` while an event is on the way.

    `document_id` names a document that is not at its own place: a `duplicate` of a property, or an `orphan` of none.
    """

    property_id: UUID | None
    kind: Kind
    row_version: int | None
    document_version: int | None
    pending: bool = False
    document_id: str | None = None


def classify(row: RowState | None, document: DocumentState | None) -> Kind | None:
    """Say what is wrong with a document; None when it is what its row asks for.

    `missing`: a public property is not found. `stale`: it is found as it was. `ahead`: the document is newer than the
    row, so the database was restored or the document edited by hand. `undeleted`: a hidden property is found.
    `orphan`: one without a row is found. The sixth kind, `duplicate`, takes two documents: one is another's property.
    """
    if row is None or not row.public:
        if document is None or not document.live:
            return None
        return "orphan" if row is None else "undeleted"
    if document is None or document.version < row.version:
        return "stale" if document is not None and document.live else "missing"
    return None if document.version == row.version and document.live else "ahead"


async def read_rows(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, RowState]:
    """The rows that there are."""
    rows = await connection.execute(_SELECT_ROWS, {"ids": list(ids)})
    return {property_id: RowState(version, public) for property_id, version, public in rows}


async def read_pending(connection: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """The properties that have an event on the way."""
    return {*(await connection.execute(_SELECT_PENDING, {"ids": list(ids)})).scalars()}


async def read_documents(client: AsyncElasticsearch, index: str, ids: Iterable[UUID]) -> dict[UUID, DocumentState]:
    """The documents that there are, whether or not searches see them yet."""
    wanted = [str(property_id) for property_id in ids]
    if not wanted:
        return {}
    answer = await client.mget(index=index, ids=wanted, source_includes=["tombstoned_at"])
    return {
        UUID(document["_id"]): DocumentState(document["_version"], "tombstoned_at" not in document["_source"])
        for document in answer["docs"]
        if document.get("found")
    }


async def find_drift(
    connection: AsyncConnection, client: AsyncElasticsearch, index: str, ids: Sequence[UUID]
) -> list[Drift]:
    """Compare these properties as they are now.

    Rows come first, then what is pending, then documents: so an event that was not pending had reached the index
    before its document was read, and a document that is behind its row is behind for good.
    """
    rows = await read_rows(connection, ids)
    pending = await read_pending(connection, ids)
    documents = await read_documents(client, index, ids)
    drift = []
    for property_id in ids:
        row, document = rows.get(property_id), documents.get(property_id)
        if kind := classify(row, document):
            versions = (row.version if row else None, document.version if document else None)
            drift.append(Drift(property_id, kind, *versions, pending=property_id in pending))
    return drift
