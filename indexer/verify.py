"""Verify: is every document what its row asks for? And repair, which sends what is not through the queue again.

Invariant: a difference counts only if no pending event explains it, so a verify under load finds no false drift.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec
from elasticsearch import AsyncElasticsearch
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.compare import Drift, Kind, find_drift, read_pending, read_rows
from indexer.errors import NoIndex
from indexer.indices import read_alias
from indexer.ranges import (
    CHUNK_SIZE,
    FIRST_ID,
    LAST_ID,
    Stray,
    Suspects,
    compare_range,
    find_differing_prefixes,
    find_nameless,
    to_range,
    to_uuid,
)
from nyumba.progress import Advance
from nyumba.properties.vocabulary import PUBLIC_STATUSES

Mode = Literal["fast", "full"]

SETTLE_S = 30.0
SETTLE_INTERVAL_S = 0.5

_COUNT_PUBLIC = text("SELECT count(*) FROM properties WHERE status IN :public").bindparams(
    bindparam("public", PUBLIC_STATUSES, expanding=True)
)
_NO_CHANGE = text("SELECT set_config('nyumba.ranking_only', 'on', true)")  # to its owner, whose edits stay current
_TOUCH = text(
    "UPDATE properties SET search_version = search_version + 1 WHERE id = ANY(:ids) RETURNING id, search_version"
)
_ENQUEUE = text(
    "INSERT INTO search_outbox (property_id, version, op, reason) VALUES (:property_id, :version, 'unindex', 'repair')"
)


class Report(msgspec.Struct, frozen=True):
    """What a verify found. `pending` properties differ, but their events are still on the way."""

    index: str
    mode: Mode
    compared: int
    drift: list[Drift]
    pending: int

    def count_kinds(self) -> dict[str, int]:
        """How many there are of each kind."""
        return dict(Counter(drift.kind for drift in self.drift))


async def find_serving(client: AsyncElasticsearch, alias: str) -> str:
    """The index that readers see, or `NoIndex`."""
    shown = await read_alias(client, alias)
    if shown is None:
        raise NoIndex(alias)
    return shown


async def count_public(engine: AsyncEngine) -> int:
    """How many properties a search should find."""
    async with engine.connect() as connection:
        return int((await connection.execute(_COUNT_PUBLIC)).scalar_one())


async def verify(
    engine: AsyncEngine, client: AsyncElasticsearch, index: str, advance: Advance, mode: Mode = "full"
) -> Report:
    """Compare all rows with all documents of an index, both ways, while writes go on.

    `full` compares each version. `fast` compares the number and the sum of versions under each beginning of an id, and
    looks closer where they differ: differences that cancel out escape it, and so does a change of a document that left
    its version.
    """
    await client.indices.refresh(index=index)
    compared = await count_public(engine)
    async with engine.connect() as connection:
        if mode == "fast":
            suspects = await _suspect_by_buckets(connection, client, index)
            advance(compared)
        else:
            suspects = await compare_range(connection, client, index, FIRST_ID, LAST_ID, advance)
        nameless = await find_nameless(client, index)
        ids = list(dict.fromkeys(suspects.ids + nameless.ids))
        drift = await _confirm(connection, client, index, ids)
        strays = list(dict.fromkeys(suspects.strays + nameless.strays))
        drift += await _confirm_strays(connection, client, index, strays)
    return Report(index, mode, compared, [one for one in drift if not one.pending], sum(one.pending for one in drift))


async def _suspect_by_buckets(connection: AsyncConnection, client: AsyncElasticsearch, index: str) -> Suspects:
    suspects = Suspects()
    for prefix in await find_differing_prefixes(connection, client, index):
        after, last = to_range(prefix)
        found = await compare_range(connection, client, index, after, last, lambda _: None)
        suspects.ids += found.ids
        suspects.strays += found.strays
    return suspects


async def repair(engine: AsyncEngine, drift: Sequence[Drift]) -> int:
    """Queue what drifted, and return how much of it that mends.

    A property gets a new version, because Elasticsearch may hold a deletion of the old one. A document whose version is
    beyond even that cannot be mended so: the database was restored, and the index needs a reindex. Nor can one whose
    name is no id, for the queue knows properties alone.
    """
    found = [(_find_place(one), one.document_version or 0) for one in drift]
    documents = {place: version for place, version in found if place is not None}
    async with engine.begin() as connection:
        await connection.execute(_NO_CHANGE)
        touched: dict[UUID, int] = {
            row[0]: row[1] for row in await connection.execute(_TOUCH, {"ids": list(documents)})
        }
        orphans = documents.keys() - touched.keys()
        for property_id in orphans:
            await connection.execute(_ENQUEUE, {"property_id": property_id, "version": documents[property_id]})
    return len(orphans) + sum(version > documents[property_id] for property_id, version in touched.items())


def _find_place(drift: Drift) -> UUID | None:
    """The document to be written again, as the queue names it."""
    return drift.property_id if drift.document_id is None else to_uuid(drift.document_id)


async def _confirm(
    connection: AsyncConnection, client: AsyncElasticsearch, index: str, suspects: Sequence[UUID]
) -> list[Drift]:
    """Look at the suspects until each is well, or is twice seen the same with nothing pending; for a while at most."""
    deadline = time.monotonic() + SETTLE_S
    before: set[Drift] = set()
    while True:
        drift = [one for chunk in _split(suspects) for one in await find_drift(connection, client, index, chunk)]
        await connection.commit()
        unsettled = [one for one in drift if one.pending or one not in before]
        if not unsettled or time.monotonic() > deadline:
            return [one for one in drift if one.pending or one in before]
        before = set(drift)
        suspects = [one.property_id for one in drift if one.property_id is not None]
        await asyncio.sleep(SETTLE_INTERVAL_S)


def _split(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + CHUNK_SIZE] for start in range(0, len(ids), CHUNK_SIZE))


async def _confirm_strays(
    connection: AsyncConnection, client: AsyncElasticsearch, index: str, strays: Sequence[Stray]
) -> list[Drift]:
    """Look at each again by its name: it may have been written anew meanwhile."""
    drift: list[Drift] = []
    for start in range(0, len(strays), CHUNK_SIZE):
        chunk = strays[start : start + CHUNK_SIZE]
        shown = [stray.shows for stray in chunk if stray.shows]
        rows = await read_rows(connection, shown)
        places = [place for stray in chunk if (place := to_uuid(stray.document_id))]
        pending = await read_pending(connection, places)
        await connection.commit()
        held = await _read_shown(client, index, chunk)
        for stray in chunk:
            if stray.document_id not in held or held[stray.document_id] == stray.document_id:
                continue
            row = rows.get(stray.shows) if stray.shows else None
            kind: Kind = "duplicate" if row else "orphan"
            waits = to_uuid(stray.document_id) in pending
            row_version = row.version if row else None
            drift.append(Drift(stray.shows, kind, row_version, stray.version, waits, stray.document_id))
    return drift


async def _read_shown(client: AsyncElasticsearch, index: str, strays: Sequence[Stray]) -> Mapping[str, str | None]:
    """The property that each document shows now; tombstones show none and are left out."""
    names = [stray.document_id for stray in strays]
    answer = await client.mget(index=index, ids=names, source_includes=["id", "tombstoned_at"])
    return {
        document["_id"]: document["_source"].get("id")
        for document in answer["docs"]
        if document.get("found") and "tombstoned_at" not in document["_source"]
    }
