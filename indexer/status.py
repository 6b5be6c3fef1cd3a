"""The state of the index on one screen, with what to do about what is wrong."""

from datetime import datetime
from uuid import UUID

import msgspec
from elasticsearch import AsyncElasticsearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.advice import advise_on_alias, advise_on_closed, advise_on_drift, advise_on_generations, advise_on_queue
from indexer.compare import classify, read_documents, read_pending, read_rows
from indexer.errors import UnknownProperty
from indexer.generations import is_reindexing, read_generations
from indexer.heartbeat import WorkerState
from indexer.indices import count_documents, find_closed, read_shown
from indexer.readings import read_readings
from indexer.verifications import Verification
from nyumba.elastic import is_outage

_GENERATIONS = text(
    "SELECT index_name, state, mapping_hash, created_at, promoted_at FROM search_generations"
    " WHERE alias = :alias AND state <> 'dropped' ORDER BY epoch"
)


class GenerationStatus(msgspec.Struct, frozen=True):
    """One index; `documents` is null when it is not there, is closed, or cannot be asked."""

    index: str
    state: str
    mapping: str
    created_at: datetime
    promoted_at: datetime | None
    documents: int | None
    closed: bool


class Status(msgspec.Struct, frozen=True):
    """`lag_s` is the age of the oldest change that waits, `progress` that of a reindex, from 0 to 1.

    `shown` is what the alias is on: one index, when all is well. `advice` is empty then. Without `is_search_up` nothing
    is known of the indices.
    """

    alias: str
    is_search_up: bool
    shown: list[str]
    generations: list[GenerationStatus]
    pending: int
    leased: int
    lag_s: float
    dead: int
    progress: float | None
    verified: Verification | None
    workers: list[WorkerState]
    advice: list[str]


class PropertyState(msgspec.Struct, frozen=True):
    """One property in both stores. `documents` holds the version in each index, `drift` what is wrong in it."""

    property_id: UUID
    row_version: int | None
    public: bool
    pending: bool
    documents: dict[str, int | None]
    drift: dict[str, str]


async def read_status(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> Status:
    """Look at both stores. Elasticsearch may be down; PostgreSQL may not."""
    async with engine.connect() as connection:
        readings = await read_readings(connection, alias)
        registered = await read_generations(connection, alias)
        rows = (await connection.execute(_GENERATIONS, {"alias": alias})).all()
        reindexing = await is_reindexing(connection, alias)
    documents: dict[str, int | None] = {}
    shown: list[str] = []
    closed: set[str] = set()
    advice: list[str] = []
    is_up = True
    try:
        shown = await read_shown(client, alias)
        closed = await find_closed(client, alias)
        asked = [row.index_name for row in rows if row.index_name not in closed]
        documents = {index: await _count_or_none(client, index) for index in asked}
    except Exception as error:
        if not is_outage(error):
            raise
        is_up = False
        advice.append("Elasticsearch does not answer: searches fail, and changes wait until it is back")
    else:
        advice += advise_on_alias(shown, registered) + advise_on_closed(registered, closed)
        gone = [index for index, count in documents.items() if count is None and index not in shown]
        advice += advise_on_generations(registered, gone, is_reindexing=reindexing)
    advice += advise_on_queue(readings) + advise_on_drift(readings)
    return Status(
        alias=alias,
        is_search_up=is_up,
        shown=shown,
        generations=[
            GenerationStatus(
                row.index_name,
                row.state,
                row.mapping_hash,
                row.created_at,
                row.promoted_at,
                documents.get(row.index_name),
                row.index_name in closed,
            )
            for row in rows
        ],
        advice=advice,
        **msgspec.structs.asdict(readings),
    )


async def _count_or_none(client: AsyncElasticsearch, index: str) -> int | None:
    return await count_documents(client, index) if await client.indices.exists(index=index) else None


async def read_property(
    engine: AsyncEngine, client: AsyncElasticsearch, alias: str, property_id: UUID
) -> PropertyState:
    """Look one property up everywhere.

    Raises:
        UnknownProperty: it is nowhere.
    """
    async with engine.connect() as connection:
        row = (await read_rows(connection, [property_id])).get(property_id)
        pending = property_id in await read_pending(connection, [property_id])
        generations = await read_generations(connection, alias)
    documents: dict[str, int | None] = {}
    drift: dict[str, str] = {}
    for generation in generations:
        document = (await read_documents(client, generation.index, [property_id])).get(property_id)
        documents[generation.index] = document.version if document else None
        if kind := classify(row, document):
            drift[generation.index] = kind
    if row is None and not pending and not any(documents.values()):
        raise UnknownProperty(property_id)
    return PropertyState(
        property_id, row.version if row else None, row is not None and row.public, pending, documents, drift
    )
