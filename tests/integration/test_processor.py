"""The processor: every committed change reaches the index, once, and never backwards."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import pytest
from aiohttp.web import Request, StreamResponse
from elastic_transport import ConnectionError as ElasticConnectionError
from elastic_transport import ConnectionTimeout
from elasticsearch import AsyncElasticsearch
from sqlalchemy import text

from indexer import processor as processor_module
from indexer.actions import Action, Outcome, build_tombstone, send_actions, write_alias
from indexer.errors import ElasticsearchUnavailable, IndexMissing, NoIndex, TooManyRefused
from indexer.outbox import claim
from indexer.processor import Processor
from nyumba.elastic import create_client
from nyumba.search.document import MAPPINGS, SETTINGS, PropertyDocument, compute_digest
from nyumba.settings import Settings
from tests.conftest import World
from tests.faults.proxy import Fault, Forward, hang, is_bulk, refuse_bulks, run_proxy
from tests.locks import wait_until_done_or_blocked


@pytest.fixture
async def indexed(world: World) -> World:
    """A world whose alias shows an empty index."""
    await world.reindex()
    return world


async def test_document_holds_what_the_row_does(indexed: World) -> None:
    agent = await indexed.add_user("Achieng Otieno")
    await indexed.sql("INSERT INTO agent_profiles (user_id, company_name) VALUES (:id, 'Ziwa Homes')", id=agent)
    property_id = await indexed.add_property(
        agent, title='Nyumba 🏠 "na" bustani\n', price=12_345.67, bathrooms=2.25, latitude=-0.1, longitude=34.75
    )
    await indexed.sql("INSERT INTO amenities (property_id, name) VALUES (:id, 'pool'), (:id, 'gym')", id=property_id)
    await indexed.sql(
        "INSERT INTO property_images (property_id, url, is_primary, display_order)"
        " VALUES (:id, 'first.jpg', false, 0), (:id, 'best.jpg', true, 1)",
        id=property_id,
    )
    await indexed.processor.drain()
    answer = await indexed.elastic.get(index=indexed.alias, id=str(property_id))
    document = msgspec.convert(answer["_source"], PropertyDocument)
    assert (document.title, document.price, document.bathrooms) == ('Nyumba 🏠 "na" bustani\n', 12_345.67, 2.25)
    assert (document.amenities, document.features, document.image_url) == (["gym", "pool"], [], "best.jpg")
    assert (document.agent.name, document.agent.company) == ("Achieng Otieno", "Ziwa Homes")
    assert document.location is not None
    assert (document.location.lat, document.location.lon) == (-0.1, 34.75)


async def test_name_of_a_private_seller_stays_out_of_the_index(indexed: World) -> None:
    property_id = await indexed.add_property(await indexed.add_user("Njeri Mwangi", role="seller"))
    await indexed.processor.drain()
    answer = await indexed.elastic.get(index=indexed.alias, id=str(property_id))
    assert "Njeri" not in str(answer["_source"])


@pytest.mark.parametrize("hide", ["UPDATE properties SET status = 'sold'", "DELETE FROM properties"])
async def test_hidden_property_leaves_a_tombstone_and_no_word(indexed: World, hide: str) -> None:
    property_id = await indexed.add_property()
    await indexed.processor.drain()
    assert await indexed.find_ids() == {property_id}
    await indexed.sql(hide)
    await indexed.processor.drain()
    assert await indexed.find_ids() == set()
    answer = await indexed.elastic.get(index=indexed.alias, id=str(property_id))
    assert list(answer["_source"]) == ["tombstoned_at"]


async def test_property_that_comes_back_is_found_again(indexed: World) -> None:
    property_id = await indexed.add_property()
    await indexed.processor.drain()
    await indexed.sql("DELETE FROM properties")
    await indexed.processor.drain()
    await indexed.add_property(id=property_id)
    await indexed.processor.drain()
    assert await indexed.find_drift() == {}
    assert await indexed.find_ids() == {property_id}


async def test_late_write_does_not_undo_a_newer_one(indexed: World) -> None:
    """Guards `external_gte`: without it the tombstone of version 1 would win."""
    property_id = await indexed.add_property()
    await indexed.processor.drain()
    index = (await indexed.sql("SELECT index_name FROM search_generations"))[0][0]
    outcome = await send_actions(indexed.elastic, index, [build_tombstone(property_id, 0)])
    await indexed.elastic.indices.refresh(index=index)
    assert outcome.superseded == 1
    assert await indexed.find_ids() == {property_id}


async def test_nothing_to_write_to_is_said_and_nothing_is_lost(world: World) -> None:
    await world.add_property()
    with pytest.raises(NoIndex, match="nyumba-indexer reindex"):
        await world.processor.process_batch()
    assert await world.sql("SELECT lease_token, attempts FROM search_outbox") == [(None, 0)]


@pytest.fixture
async def careless_cluster(elastic: AsyncElasticsearch, settings: Settings) -> AsyncIterator[None]:
    """A cluster that creates an index for any write of this test, as Elasticsearch does by default for all."""
    await elastic.cluster.put_settings(persistent={"action.auto_create_index": f"{settings.search_alias}*"})
    yield
    await elastic.cluster.put_settings(persistent={"action.auto_create_index": None})


async def test_index_taken_away_is_said_and_not_created_again(indexed: World, careless_cluster: None) -> None:
    """Guards `require_alias`: without it the write would create an index without mappings."""
    index = (await indexed.sql("SELECT index_name FROM search_generations"))[0][0]
    await indexed.elastic.indices.delete(index=index)
    await indexed.add_property()
    with pytest.raises(IndexMissing, match=index):
        await indexed.processor.process_batch()
    assert not await indexed.elastic.indices.exists(index=write_alias(index))
    assert await indexed.sql("SELECT count(*) FROM search_outbox") == [(1,)]


async def test_refused_document_dies_alone(indexed: World) -> None:
    """An index whose years are bytes refuses the property that has one; the other goes through."""
    index = f"{indexed.alias}-narrow-1"
    mappings = {**MAPPINGS, "properties": {**MAPPINGS["properties"], "year_built": {"type": "byte"}}}
    await indexed.elastic.indices.create(
        index=index, settings=SETTINGS, mappings=mappings, aliases={write_alias(index): {}}
    )
    await indexed.sql(
        "INSERT INTO search_generations (alias, index_name, mapping_hash, state)"
        " VALUES (:alias, :index, :digest, 'building')",
        alias=indexed.alias,
        index=index,
        digest=compute_digest(),
    )
    good, bad = await indexed.add_property(), await indexed.add_property(year_built=2010)
    await indexed.processor.drain()
    dead = await indexed.sql("SELECT property_id, index_name, error FROM search_dead")
    assert [(UUID(str(property_id)), name) for property_id, name, _ in dead] == [(bad, index)]
    assert "[year_built]" in dead[0][2]
    assert "2010" not in dead[0][2], "a reason names the field and quotes no value"
    assert await indexed.sql("SELECT count(*) FROM search_outbox") == [(0,)]
    assert await indexed.find_ids() == {good, bad}
    assert (await indexed.elastic.count(index=index))["count"] == 1


async def test_index_that_refuses_everything_stops_the_processor(indexed: World) -> None:
    """Ten poisoned documents in a row are no accident: nothing is set aside and nothing is lost."""
    index = (await indexed.sql("SELECT index_name FROM search_generations"))[0][0]
    await indexed.elastic.indices.delete(index=index)
    mappings = {**MAPPINGS, "properties": {**MAPPINGS["properties"], "year_built": {"type": "byte"}}}
    await indexed.elastic.indices.create(
        index=index, settings=SETTINGS, mappings=mappings, aliases={write_alias(index): {}}
    )
    user_id = await indexed.add_user()
    for _ in range(10):
        await indexed.add_property(user_id, year_built=2010)
    with pytest.raises(TooManyRefused, match=r"\[year_built\]") as caught:
        await indexed.processor.run(asyncio.Event())
    assert "2010" not in str(caught.value), "it is logged and shown by status"
    assert await indexed.sql("SELECT count(*) FROM search_dead") == [(0,)]
    assert await indexed.sql("SELECT count(*) FROM search_outbox WHERE lease_token IS NULL") == [(10,)]


async def test_lease_of_a_dead_worker_runs_out(indexed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that claims and dies: its events come back, and its late acknowledgement deletes nothing."""
    property_id = await indexed.add_property()
    monkeypatch.setattr("indexer.outbox.LEASE_S", 0)
    dead_worker = Processor(indexed.engine, indexed.elastic, indexed.alias)
    batch = await claim(indexed.engine)
    assert list(batch.events) == [property_id]
    monkeypatch.setattr("indexer.outbox.LEASE_S", 30)
    other = await claim(indexed.engine)
    assert list(other.events) == [property_id]
    await dead_worker._write(batch)
    assert await indexed.sql("SELECT count(*) FROM search_outbox") == [(1,)]


async def test_claims_of_two_workers_never_overlap(indexed: World) -> None:
    """Guards the lease: until it ends, nobody else claims what it holds."""
    for _ in range(3):
        await indexed.add_property()
    one, other = await asyncio.gather(claim(indexed.engine), claim(indexed.engine))
    assert one.events.keys().isdisjoint(other.events)
    assert len(one.events) + len(other.events) == 3
    assert (await claim(indexed.engine)).events == {}


async def test_claim_passes_by_what_another_transaction_holds(indexed: World) -> None:
    """Guards SKIP LOCKED: without it one worker that hangs in its claim would stop all the others."""
    held, free = await indexed.add_property(), await indexed.add_property()
    async with indexed.engine.connect() as other:
        await other.execute(text("SELECT FROM search_outbox WHERE property_id = :id FOR UPDATE"), {"id": held})
        claiming = asyncio.create_task(claim(indexed.engine))
        await wait_until_done_or_blocked(indexed, claiming)
        await other.rollback()
    assert list((await claiming).events) == [free]


async def test_many_edits_of_one_property_are_one_write(indexed: World) -> None:
    property_id = await indexed.add_property()
    for price in range(1, 51):
        await indexed.sql("UPDATE properties SET price = :price", price=price)
    assert await indexed.processor.process_batch() == 1
    assert await indexed.sql("SELECT count(*) FROM search_outbox") == [(0,)]
    answer = await indexed.elastic.get(index=indexed.alias, id=str(property_id))
    assert answer["_source"]["price"] == 50


async def test_outage_costs_no_attempt_and_loses_nothing(indexed: World) -> None:
    await indexed.add_property()
    async with create_client("http://127.0.0.1:1", timeout_s=1) as nowhere:
        with pytest.raises(ElasticConnectionError):
            await Processor(indexed.engine, nowhere, indexed.alias).process_batch()
    assert await indexed.sql("SELECT lease_token, attempts FROM search_outbox") == [(None, 0)]
    await indexed.processor.drain()
    assert await indexed.find_drift() == {}


async def test_processor_waits_for_an_outage_to_end(indexed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    property_id = await indexed.add_property()
    monkeypatch.setattr("indexer.breaker.LONGEST_PAUSE_S", 0.05)
    stop = asyncio.Event()
    down = 3
    real = send_actions

    async def answer_after_a_while(client: AsyncElasticsearch, index: str, actions: Sequence[Action]) -> Outcome:
        nonlocal down
        if down:
            down -= 1
            raise ElasticConnectionError("refused")
        outcome = await real(client, index, actions)
        stop.set()
        return outcome

    monkeypatch.setattr("indexer.processor.send_actions", answer_after_a_while)
    await asyncio.wait_for(indexed.processor.run(stop), 30)
    await indexed.elastic.indices.refresh(index=indexed.alias)
    assert await indexed.find_ids() == {property_id}


@asynccontextmanager
async def work_with_fault(world: World, settings: Settings, fault: Fault) -> AsyncIterator[Processor]:
    """A processor between which and Elasticsearch something is wrong."""
    async with run_proxy(settings.require_elasticsearch_url()) as proxy:
        proxy.fault = fault
        async with create_client(proxy.url, timeout_s=60) as client:
            yield Processor(world.engine, client, world.alias)


async def test_elasticsearch_that_hangs_costs_no_attempt(
    indexed: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is given back while it is still leased."""
    assert processor_module.LONGEST_BULK_S < processor_module.LEASE_S
    monkeypatch.setattr(processor_module, "LONGEST_BULK_S", 0.2)
    await indexed.add_property()
    async with work_with_fault(indexed, settings, hang(1, 2)) as processor:
        with pytest.raises(ConnectionTimeout):
            await processor.process_batch()
    assert await indexed.sql("SELECT attempts, lease_token FROM search_outbox") == [(0, None)]


async def test_batch_that_is_too_large_is_sent_in_halves(indexed: World, settings: Settings) -> None:
    """Elasticsearch says that it is busy, whenever it is asked: waiting would not help."""

    async def refuse_large(request: Request, forward: Forward) -> StreamResponse:
        if is_bulk(request) and (request.content_length or 0) > 5_000:
            return await refuse_bulks(429, 1)(request, forward)
        return await forward()

    added = {await indexed.add_property(description="x" * 1_000) for _ in range(11)}
    async with work_with_fault(indexed, settings, refuse_large) as processor:
        await processor.drain()
    assert await indexed.find_ids() == added
    assert await indexed.find_drift() == {}


async def test_document_that_there_is_no_room_for_waits(indexed: World, settings: Settings) -> None:
    await indexed.add_property()
    async with work_with_fault(indexed, settings, refuse_bulks(429, 1)) as processor:
        with pytest.raises(ElasticsearchUnavailable):
            await processor.process_batch()
    assert await indexed.sql("SELECT attempts FROM search_outbox") == [(0,)]
