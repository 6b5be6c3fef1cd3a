"""What must hold after every fault: each row against each document, in every index that is kept.

It shares no code with `indexer.verify`, which it would otherwise excuse.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from elasticsearch import AsyncElasticsearch

from tests.conftest import World

PUBLIC = ("active", "under_offer")
PAGE = 10_000
SHOWN = 5

_ROWS = """
    SELECT p.id, p.search_version, p.status, p.title, p.price::float8,
        (SELECT coalesce(array_agg(a.name ORDER BY a.name), '{}') FROM amenities a WHERE a.property_id = p.id)
    FROM properties p"""


@dataclass(frozen=True, slots=True)
class Row:
    version: int
    status: str
    shown: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Document:
    version: int
    live: bool
    shown: tuple[object, ...]


async def check_equal(world: World, *, poisoned: frozenset[UUID] = frozenset(), building: bool = False) -> None:
    """Assert that nothing waits and that every index that is kept is equal to the rows.

    The alias is on the index that is registered as serving. Every committed row that is public is found at exactly its
    version, with what it says; no other is found; nothing is newer than PostgreSQL; the dead are exactly the poisoned.
    An index that is still being filled is only looked at with `building`.
    """
    assert await world.sql("SELECT count(*) FROM search_outbox") == [(0,)]
    dead = await world.sql("SELECT DISTINCT property_id FROM search_dead")
    assert {as_uuid(row[0]) for row in dead} == poisoned
    generations = await world.sql("SELECT index_name, state FROM search_generations WHERE state <> 'dropped'")
    kept = {index: state for index, state in generations if building or state != "building"}
    serving = [index for index, state in kept.items() if state == "serving"]
    answer = await world.elastic.indices.get_alias(name=world.alias)
    assert list(answer.body) == serving, "the alias is where it should be"
    rows = await read_rows(world)
    newest = (await world.sql("SELECT last_value FROM search_version_seq"))[0][0]
    for index in kept:
        documents = await read_documents(world.elastic, index)
        ids = (rows.keys() | documents.keys()) - poisoned
        faults = [fault for i in ids if (fault := _judge(i, rows, documents))]
        faults += [f"{i} is ahead of PostgreSQL" for i, one in documents.items() if one.version > newest]
        assert not faults, f"{index}: {len(faults)} wrong of {len(rows)}: {'; '.join(sorted(faults)[:SHOWN])}"
    found = {i for i, document in (await read_documents(world.elastic, world.alias)).items()}
    public = {i for i, row in rows.items() if row.status in PUBLIC}
    assert found - poisoned == public - poisoned


def _judge(i: UUID, rows: dict[UUID, Row], documents: dict[UUID, Document]) -> str | None:
    row, document = rows.get(i), documents.get(i)
    if row is None or row.status not in PUBLIC:
        return f"{i} is {row.status if row else 'gone'} and found" if document and document.live else None
    if document is None or not document.live:
        return f"{i} is at {row.version} and not found"
    if document.version != row.version:
        return f"{i} is at {row.version} and its document at {document.version}"
    return None if document.shown == row.shown else f"{i} says {row.shown} and its document {document.shown}"


async def read_rows(world: World) -> dict[UUID, Row]:
    rows = await world.sql(_ROWS)
    return {
        as_uuid(i): Row(version, status, (title, price, status, tuple(amenities)))
        for i, version, status, title, price, amenities in rows
    }


async def read_documents(client: AsyncElasticsearch, index: str) -> dict[UUID, Document]:
    """All documents, tombstones as well, unless `index` is an alias that hides them."""
    await client.indices.refresh(index=index)
    documents: dict[UUID, Document] = {}
    body: dict[str, Any] = {"size": PAGE, "version": True, "sort": ["_shard_doc"], "track_total_hits": False}
    body["_source"] = ["title", "price", "status", "amenities", "tombstoned_at"]
    pit = (await client.open_point_in_time(index=index, keep_alive="2m"))["id"]
    try:
        while hits := (await client.search(body=body | {"pit": {"id": pit}}))["hits"]["hits"]:
            for hit in hits:
                source = hit["_source"]
                shown = (source.get("title"), source.get("price"), source.get("status"))
                amenities = tuple(source.get("amenities", ()))
                document = Document(hit["_version"], "tombstoned_at" not in source, (*shown, amenities))
                documents[UUID(hit["_id"])] = document
            body["search_after"] = hits[-1]["sort"]
    finally:
        await client.close_point_in_time(id=pit)
    return documents


def as_uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))
