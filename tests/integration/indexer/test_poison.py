"""Poisoned documents: each dies alone, and everything else goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from aiohttp import web
from elasticsearch import AsyncElasticsearch

from indexer import outbox as outbox_module
from indexer.actions import Action, Outcome, send_actions
from indexer.breaker import Breaker
from indexer.outbox import MOST_ATTEMPTS, SHARED_ATTEMPTS, claim
from indexer.processor import Processor
from indexer.verify import find_serving
from nyumba.elastic import create_client
from nyumba.search.document import MAPPINGS
from nyumba.settings import Settings
from tests.conftest import World
from tests.faults.proxy import Forward, Proxy, is_bulk, run_proxy

POISON = "poison"


@pytest.fixture
async def indexed(world: World) -> World:
    await world.reindex()
    return world


@pytest.fixture
async def proxy(settings: Settings) -> AsyncIterator[Proxy]:
    async with run_proxy(settings.require_elasticsearch_url()) as proxy:
        yield proxy


@pytest.fixture
async def through_proxy(proxy: Proxy) -> AsyncIterator[AsyncElasticsearch]:
    async with create_client(proxy.url, timeout_s=30) as client:
        yield client


async def refuse_poisoned_requests(request: web.Request, forward: Forward) -> web.StreamResponse:
    """As a server or a proxy does that finds a request too large."""
    if is_bulk(request) and POISON in (await request.text()):
        return web.Response(status=413, headers={"X-Elastic-Product": "Elasticsearch"})
    return await forward()


async def break_poisoned_items(request: web.Request, forward: Forward) -> web.StreamResponse:
    """A document that breaks something within Elasticsearch."""
    lines = (await request.text()).splitlines() if is_bulk(request) else []
    poisoned = [number // 2 for number, line in enumerate(lines) if POISON in line]
    answer = await forward()
    if not poisoned:
        return answer
    assert isinstance(answer.body, bytes)
    content = json.loads(answer.body)
    for number in poisoned:
        item = content["items"][number]["index"]
        item |= {"status": 500, "error": {"type": "null_pointer_exception", "reason": "it broke"}}
    return web.json_response(content | {"errors": True}, headers={"X-Elastic-Product": "Elasticsearch"})


async def list_dead(world: World) -> set[UUID]:
    return {UUID(str(row[0])) for row in await world.sql("SELECT property_id FROM search_dead")}


async def test_request_that_is_refused_as_a_whole_is_halved_until_the_poison_is_alone(
    indexed: World, proxy: Proxy, through_proxy: AsyncElasticsearch
) -> None:
    """Guards the halving: without it the processor would end, and the good ones would wait for ever."""
    user_id = await indexed.add_user()
    good = [await indexed.add_property(user_id) for _ in range(12)]
    bad = await indexed.add_property(user_id, title=POISON)
    proxy.fault = refuse_poisoned_requests
    await Processor(indexed.engine, through_proxy, indexed.alias).drain()
    assert await list_dead(indexed) == {bad}
    assert await indexed.find_ids() == set(good)
    assert proxy.seen["_bulk"] < 12, "it takes requests by the logarithm of their size"


async def test_malformed_line_spoils_no_other(indexed: World) -> None:
    """The same with a refusal of Elasticsearch's own."""
    index = await find_serving(indexed.elastic, indexed.alias)
    ids = [UUID(int=number + 1) for number in range(5)]
    head = '{{"index":{{"_id":"{}","version":1,"version_type":"external_gte"{}}}}}\n{{"id":"{}"}}\n'
    actions = [Action(i, 1, head.format(i, ',"unheard_of":[1]' if i == ids[3] else "", i)) for i in ids]
    outcome = await send_actions(indexed.elastic, index, actions)
    assert list(outcome.refused) == [ids[3]]
    assert (await indexed.elastic.mget(index=index, ids=[str(i) for i in ids[:3]]))["docs"][2]["found"]


async def test_document_that_breaks_elasticsearch_is_tried_ten_times_and_then_dies_alone(
    indexed: World, proxy: Proxy, through_proxy: AsyncElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards the count of attempts: without it the event would come back for ever."""
    monkeypatch.setattr(outbox_module, "LONGEST_DELAY_S", 0)
    good, bad = await indexed.add_property(), await indexed.add_property(title=POISON)
    proxy.fault = break_poisoned_items
    processor = Processor(indexed.engine, through_proxy, indexed.alias)
    for attempts in range(1, MOST_ATTEMPTS):
        assert await processor.process_batch() > 0
        assert await indexed.sql("SELECT property_id, attempts, lease_token FROM search_outbox") == [
            (bad, attempts, None)
        ]
    await processor.drain()
    assert await indexed.sql("SELECT property_id, error FROM search_dead") == [
        (bad, "null_pointer_exception: it broke")
    ]
    assert good in await indexed.find_ids()


async def test_500_for_all_is_an_outage_and_costs_no_attempt(
    indexed: World, proxy: Proxy, through_proxy: AsyncElasticsearch
) -> None:
    for _ in range(2):
        await indexed.add_property(title=POISON)
    proxy.fault = break_poisoned_items
    breaker = Breaker()
    processor = Processor(indexed.engine, through_proxy, indexed.alias, breaker=breaker)
    assert await breaker.run(processor.process_batch, asyncio.Event()) is None
    assert breaker.reason is not None
    assert "500" in breaker.reason
    assert await indexed.sql("SELECT DISTINCT attempts, lease_token FROM search_outbox") == [(0, None)]


async def test_property_that_workers_die_with_is_written_alone_and_at_last_set_aside(indexed: World) -> None:
    """Guards the isolation: a worker that dies with one document must not take the rest of its batch along again."""
    user_id = await indexed.add_user()
    good = [await indexed.add_property(user_id) for _ in range(3)]
    suspect, spent = await indexed.add_property(user_id), await indexed.add_property(user_id)
    claims = "UPDATE search_outbox SET attempts = :attempts WHERE property_id = :id"
    await indexed.sql(claims, attempts=SHARED_ATTEMPTS, id=suspect)
    await indexed.sql(claims, attempts=MOST_ATTEMPTS, id=spent)
    batch = await claim(indexed.engine)
    parts = [set(part.events) for part in batch.split()]
    assert max(parts, key=len) == set(good)
    assert {suspect} in parts
    await indexed.sql("UPDATE search_outbox SET visible_at = now(), attempts = attempts - 1")
    await indexed.processor.drain()
    assert await list_dead(indexed) == {spent}
    assert await indexed.find_ids() == {*good, suspect}
    assert await indexed.sql("SELECT count(*) FROM search_outbox") == [(0,)]


async def test_mended_property_is_dead_no_more_and_one_refused_again_is_dead_once(
    indexed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = {**MAPPINGS, "properties": {**MAPPINGS["properties"], "year_built": {"type": "byte"}}}
    monkeypatch.setattr("indexer.indices.MAPPINGS", narrow)
    await indexed.reindex()
    property_id = await indexed.add_property(year_built=2000)
    await indexed.processor.drain()
    await indexed.sql("UPDATE properties SET year_built = 2001")
    await indexed.processor.drain()
    dead = await indexed.sql("SELECT d.property_id, version = search_version FROM search_dead d, properties")
    assert dead == [(property_id, True)]
    await indexed.sql("UPDATE properties SET year_built = NULL")
    await indexed.processor.drain()
    assert await list_dead(indexed) == set()


def test_outcomes_of_halves_add_up() -> None:
    one, other = UUID(int=1), UUID(int=2)
    whole = Outcome(1, {one: "no"}).add(Outcome(2, {other: "never"}, {one: "later"}))
    assert whole == Outcome(3, {one: "no", other: "never"}, {one: "later"})
