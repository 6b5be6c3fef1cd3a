"""Reading both stores side by side in the order of ids, to find where they differ.

Invariant: what is found here is a suspicion. The stores are read one after the other while writes go on, so whoever
asks has to look at each suspect again before it is called drift.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from elasticsearch import AsyncElasticsearch
from sqlalchemy import BindParameter, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from nyumba.properties.vocabulary import PUBLIC_STATUSES
from nyumba.search.document import LIVE_FILTER

CHUNK_SIZE = 2000
PREFIX_LENGTH = 3
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)

_PUBLIC: BindParameter[Sequence[str]] = bindparam("public", PUBLIC_STATUSES, expanding=True)
_SELECT_VERSIONS = text(
    "SELECT id, search_version FROM properties WHERE status IN :public AND id > :after AND id <= :last"
    " ORDER BY id LIMIT :limit"
).bindparams(_PUBLIC)
_SELECT_BUCKETS = text(
    f"SELECT left(id::text, {PREFIX_LENGTH}), count(*), sum(search_version)::bigint FROM properties"  # noqa: S608
    " WHERE status IN :public GROUP BY 1"
).bindparams(_PUBLIC)
_PREFIX_SCRIPT = f"emit(doc['id'].value.substring(0, {PREFIX_LENGTH}))"
_HAS_ID = {"regexp": {"id": f"[0-9a-f]{{{PREFIX_LENGTH}}}.*"}}
_NAMELESS = {"bool": {"filter": [LIVE_FILTER], "must_not": _HAS_ID}}

Buckets = dict[str, tuple[int, int]]
"""Count and sum of versions of the properties whose ids begin so."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A document that searches find, whose name is not the id of the property that it shows."""

    document_id: str
    shows: UUID | None
    version: int


@dataclass(slots=True)
class Suspects:
    """Properties that seem to differ, and documents that are not at their place."""

    ids: list[UUID] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)


async def compare_range(
    connection: AsyncConnection,
    client: AsyncElasticsearch,
    index: str,
    after: UUID,
    last: UUID,
    advance: Callable[[int], None],
) -> Suspects:
    """Compare the versions of all public properties behind `after`, up to `last`, with what searches find there."""
    suspects = Suspects()
    while after < last:
        values = {"after": after, "last": last, "limit": CHUNK_SIZE}
        rows = {row[0]: row[1] for row in await connection.execute(_SELECT_VERSIONS, values)}
        await connection.commit()
        end = max(rows) if len(rows) == CHUNK_SIZE else last
        _compare(rows, [hit async for hit in _find_hits(client, index, _between(after, end))], suspects)
        advance(len(rows))
        after = end
    return suspects


def _compare(rows: Mapping[UUID, int], hits: list[dict[str, Any]], suspects: Suspects) -> None:
    held: dict[UUID, int] = {}
    for hit in hits:
        shows = to_uuid(hit["sort"][0])
        if shows is not None and hit["_id"] == str(shows):
            held[shows] = hit["_version"]
        else:
            suspects.strays.append(Stray(hit["_id"], shows, hit["_version"]))
    suspects.ids += [i for i in rows.keys() | held.keys() if rows.get(i) != held.get(i)]


async def find_nameless(client: AsyncElasticsearch, index: str) -> Suspects:
    """Documents that show no property, or nothing that an id could be; no range of ids holds them."""
    suspects = Suspects()
    async for hit in _find_hits(client, index, _NAMELESS):
        if (property_id := to_uuid(hit["_id"])) is not None:
            suspects.ids.append(property_id)
        else:
            suspects.strays.append(Stray(hit["_id"], None, hit["_version"]))
    return suspects


async def find_differing_prefixes(connection: AsyncConnection, client: AsyncElasticsearch, index: str) -> list[str]:
    """The beginnings of ids under which the stores do not hold the same number and sum of versions."""
    rows: Buckets = {row[0]: (row[1], row[2]) for row in await connection.execute(_SELECT_BUCKETS)}
    await connection.commit()
    documents = await _read_buckets(client, index)
    return sorted(prefix for prefix in rows.keys() | documents.keys() if rows.get(prefix) != documents.get(prefix))


def to_range(prefix: str) -> tuple[UUID, UUID]:
    """The ids that begin so, as `compare_range` takes them."""
    missing = 32 - len(prefix)
    first, last = int(prefix + "0" * missing, 16), int(prefix + "f" * missing, 16)
    return UUID(int=max(0, first - 1)), UUID(int=last)


def to_uuid(value: str | None) -> UUID | None:
    """None for what is no id of a property."""
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


def _between(after: UUID, last: UUID) -> dict[str, Any]:
    return {"bool": {"filter": [{"range": {"id": {"gt": str(after), "lte": str(last)}}}, LIVE_FILTER]}}


async def _find_hits(client: AsyncElasticsearch, index: str, query: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    body: dict[str, Any] = {
        "query": query,
        "size": CHUNK_SIZE,
        "sort": ["id", "_seq_no"],
        "version": True,
        "_source": False,
        "track_total_hits": False,
    }
    while True:
        answer = await client.search(index=index, body=body, allow_partial_search_results=False)
        hits = answer["hits"]["hits"]
        for hit in hits:
            yield hit
        if len(hits) < CHUNK_SIZE:
            return
        body["search_after"] = hits[-1]["sort"]


async def _read_buckets(client: AsyncElasticsearch, index: str) -> Buckets:
    prefixes = {"terms": {"field": "prefix", "size": 16**PREFIX_LENGTH + 1}}
    body = {
        "size": 0,
        "query": {"bool": {"filter": [LIVE_FILTER, _HAS_ID]}},
        "runtime_mappings": {"prefix": {"type": "keyword", "script": _PREFIX_SCRIPT}},
        "aggs": {"prefixes": {**prefixes, "aggs": {"versions": {"sum": {"field": "_version"}}}}},
    }
    answer = await client.search(index=index, body=body, allow_partial_search_results=False)
    buckets = answer["aggregations"]["prefixes"]["buckets"]
    return {bucket["key"]: (bucket["doc_count"], int(bucket["versions"]["value"])) for bucket in buckets}
