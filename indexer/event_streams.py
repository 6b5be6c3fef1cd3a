"""The data streams of searches and events: what makes them, and what keeps them from growing for ever.

Invariant: the template lets the first write create its stream, whatever the node's action.auto_create_index says; so
nothing here needs the data stream or lifecycle APIs, which not every distribution has.
"""

from datetime import UTC, datetime, timedelta

import msgspec
from elasticsearch import AsyncElasticsearch

from nyumba.events.streams import EVENTS, MAPPINGS, SEARCHES, name_stream

STREAMS = (SEARCHES, EVENTS)
ROLLED_OVER_AFTER = "1d"
PRIORITY = 500  # above the templates that come with Elasticsearch


class Forgotten(msgspec.Struct, frozen=True):
    """What was removed: whole days as indices, and single records."""

    indices: list[str]
    records: int


async def prepare_streams(client: AsyncElasticsearch, prefix: str) -> list[str]:
    """Put the templates there, or bring them up to date; the names of the streams."""
    names = [name_stream(prefix, stream) for stream in STREAMS]
    for stream, name in zip(STREAMS, names, strict=True):
        await client.indices.put_index_template(
            name=name,
            index_patterns=[name],
            data_stream={},
            priority=PRIORITY,
            allow_auto_create=True,
            template={
                "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
                "mappings": MAPPINGS[stream],
            },
        )
    return names


async def forget_records(client: AsyncElasticsearch, prefix: str, keep: timedelta) -> Forgotten:
    """Delete what is older than `keep`: whole indices where nothing in them is younger, and the rest one by one."""
    cutoff = (datetime.now(UTC) - keep).isoformat()
    deleted: list[str] = []
    records = 0
    for name, indices in (await _find_streams(client, prefix)).items():
        await client.indices.rollover(alias=name, conditions={"max_age": ROLLED_OVER_AFTER, "min_docs": 1})
        await client.indices.refresh(index=name)  # counting and deleting see nothing that came after the last refresh
        for index in indices[:-1]:
            if await _is_older(client, index, cutoff):
                await client.indices.delete(index=index)
                deleted.append(index)
        old = {"range": {"@timestamp": {"lt": cutoff}}}
        answer = await client.delete_by_query(index=name, query=old, conflicts="proceed", refresh=True)
        records += int(answer["deleted"])
    return Forgotten(deleted, records)


async def _find_streams(client: AsyncElasticsearch, prefix: str) -> dict[str, list[str]]:
    """The streams that there are, with their indices, the oldest first."""
    names = {name_stream(prefix, stream) for stream in STREAMS}
    answer = await client.indices.resolve_index(name=[f"{prefix}-*"])
    return {found["name"]: found["backing_indices"] for found in answer["data_streams"] if found["name"] in names}


async def _is_older(client: AsyncElasticsearch, index: str, cutoff: str) -> bool:
    young = await client.count(index=index, query={"range": {"@timestamp": {"gte": cutoff}}})
    return int(young["count"]) == 0
