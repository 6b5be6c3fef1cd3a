"""What each key may do, asked of a node with security on: all that is listed, and nothing else that is tried."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from elasticsearch import ApiError, AsyncElasticsearch

from indexer.indices import take_hold
from indexer.security_roles import KEY_NAMES, KeyName
from nyumba.search.document import LIVE_FILTER
from tests.integration.security.conftest import Secured

Attempt = Callable[[AsyncElasticsearch, Secured], Awaitable[Any]]
ROW = {"@timestamp": "2026-01-01T00:00:00Z"}

ATTEMPTS: dict[str, Attempt] = {
    "search the alias": lambda es, on: es.search(index=on.alias),
    "look the alias up": lambda es, on: es.indices.get_alias(name=on.alias),
    "search behind the alias": lambda es, on: es.search(index=f"{on.alias}-1"),
    "read a document behind the alias": lambda es, on: es.get(index=f"{on.alias}-1", id="1"),
    "write a document": lambda es, on: es.index(index=f"{on.alias}-1-write", id="2", document={}, require_alias=True),
    "delete documents": lambda es, on: es.delete_by_query(index=f"{on.alias}-1", query={"ids": {"values": ["9"]}}),
    "make an index": lambda es, on: es.indices.create(index=f"{on.alias}-2"),
    "delete an index": lambda es, on: es.indices.delete(index=f"{on.alias}-3"),
    "move the alias": lambda es, on: es.indices.update_aliases(
        actions=[{"add": {"index": f"{on.alias}-1", "alias": on.alias, "filter": LIVE_FILTER}}]
    ),
    "take hold of an index": lambda es, on: take_hold(es, f"{on.alias}-1"),
    "ask how the cluster is": lambda es, _: es.cluster.health(),
    "read searches": lambda es, on: es.search(index=on.streams[0]),
    "read events": lambda es, on: es.count(index=on.streams[1]),
    "note a search": lambda es, on: es.create(index=on.streams[0], id="a", document=ROW),
    "note an event": lambda es, on: es.bulk(
        index=on.streams[1], operations=[{"create": {}}, ROW], require_data_stream=True
    ),
    "overwrite a search": lambda es, on: es.update_by_query(index=on.streams[0]),
    "delete searches": lambda es, on: es.delete_by_query(index=on.streams[0], query={"ids": {"values": ["b"]}}),
    "begin the next index of a stream": lambda es, on: es.indices.rollover(alias=on.streams[0]),
    "read what is another's": lambda es, _: es.search(index="others"),
    "write what is another's": lambda es, _: es.index(index="others", document={}),
    "delete what is another's": lambda es, _: es.indices.delete(index="others"),
    "make an index of another name": lambda es, on: es.indices.create(index=f"x{on.alias}"),
    "make a key": lambda es, _: es.security.create_api_key(name="more", role_descriptors={"all": {"cluster": ["all"]}}),
    "read the keys": lambda es, _: es.security.get_api_key(name="nyumba-*"),
    "make a user": lambda es, _: es.security.put_user(username="more", password="x" * 12, roles=["superuser"]),
    "change the cluster": lambda es, _: es.cluster.put_settings(
        persistent={"indices.recovery.max_bytes_per_sec": "1mb"}
    ),
    "make a template": lambda es, _: es.indices.put_index_template(name="more", index_patterns=["*"]),
}
READS = {"search the alias", "look the alias up"}
ALLOWED: dict[KeyName, set[str]] = {
    "api": READS,
    "events": {"note a search", "note an event"},
    "indexer": READS
    | {"search behind the alias", "read a document behind the alias", "write a document", "delete documents"}
    | {"make an index", "delete an index", "move the alias", "take hold of an index", "ask how the cluster is"}
    | {"read searches", "read events", "delete searches", "begin the next index of a stream"},
    "analyst": READS | {"read searches", "read events"},
    "kibana": set(),
}


@pytest.fixture
async def filled(secured: Secured, superuser: AsyncElasticsearch) -> Secured:
    """An index with a live document and a tombstone, one to delete, and one that is none of ours."""
    for number in (1, 3):
        await superuser.indices.create(
            index=f"{secured.alias}-{number}", aliases={f"{secured.alias}-{number}-write": {}}, wait_for_active_shards=1
        )
    await superuser.index(index=f"{secured.alias}-1", id="1", document={"title": "Flat"}, refresh=True)
    hidden = {"tombstoned_at": "2026-01-01T00:00:00Z"}
    await superuser.index(index=f"{secured.alias}-1", id="9", document=hidden, refresh=True)
    await superuser.indices.put_alias(index=f"{secured.alias}-1", name=secured.alias, filter=LIVE_FILTER)
    await superuser.options(ignore_status=400).indices.create(index="others")
    for stream in secured.streams:
        await superuser.create(index=stream, id="0", document=ROW, require_data_stream=True)
    return secured


async def is_allowed(attempt: Attempt, client: AsyncElasticsearch, on: Secured) -> bool:
    """Whether it works; anything but a refusal for lack of rights is a fault of the test."""
    try:
        answer = await attempt(client, on)
    except ApiError as error:
        if (error.status_code, error.error) == (403, "security_exception"):
            return False
        raise
    return not getattr(answer, "body", {}).get("errors")


@pytest.mark.parametrize("name", KEY_NAMES)
async def test_key_does_its_own_work_and_nothing_else(filled: Secured, name: KeyName) -> None:
    async with filled.connect(filled.key(name)) as client:
        done = {what for what, attempt in ATTEMPTS.items() if await is_allowed(attempt, client, filled)}
    assert done == ALLOWED[name]


@pytest.mark.parametrize("name", ["api", "analyst"])
async def test_reader_sees_no_tombstone(filled: Secured, name: KeyName) -> None:
    async with filled.connect(filled.key(name)) as client:
        found = await client.search(index=filled.alias)
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["1"]


async def test_analyst_who_logs_in_reads_what_the_analysts_key_reads(
    filled: Secured, superuser: AsyncElasticsearch
) -> None:
    await filled.security.set_up_people("analyst-of-the-tests", None)
    person = superuser.options(basic_auth=("analyst", "analyst-of-the-tests"))
    asked = {what: attempt for what, attempt in ATTEMPTS.items() if what != "read the keys"}  # one's own are one's own
    assert {what for what, attempt in asked.items() if await is_allowed(attempt, person, filled)} == ALLOWED["analyst"]
    own = await superuser.security.get_role(name="nyumba_analyst")
    assert own["nyumba_analyst"]["applications"] == [
        {"application": "kibana-.kibana", "privileges": ["space_read"], "resources": ["space:default"]}
    ]
