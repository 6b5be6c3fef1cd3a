"""The service on an Elasticsearch with security on, each part with nothing but its own key."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from elasticsearch import AsyncElasticsearch
from litestar.testing import AsyncTestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.doctor import examine
from indexer.event_streams import forget_records
from indexer.operate import roll_back, sweep
from indexer.status import read_status
from indexer.verify import find_serving, verify
from nyumba.app import create_app
from nyumba.events.streams import EVENTS, name_stream
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.security.conftest import Secured


@pytest.fixture
def api_settings(database_url: str, secured: Secured) -> Settings:
    """What the API is started with."""
    return Settings(
        env="test",
        database_url=database_url,
        elasticsearch_url=f"http://{secured.address}",
        elasticsearch_api_key=secured.key("api"),
        elasticsearch_events_api_key=secured.key("events"),
        search_alias=secured.alias,
        events_prefix=secured.prefix,
    )


@pytest.fixture
async def indexing(secured: Secured) -> AsyncIterator[AsyncElasticsearch]:
    """A client with the indexer's key."""
    async with secured.connect(secured.key("indexer")) as client:
        yield client


@pytest.fixture
def world(engine: AsyncEngine, indexing: AsyncElasticsearch, api_settings: Settings) -> World:
    return World(engine, indexing, api_settings)


@pytest.fixture
def settings(api_settings: Settings) -> Settings:
    return api_settings


async def test_indexer_does_all_its_work_with_its_key(
    world: World, indexing: AsyncElasticsearch, secured: Secured
) -> None:
    property_id = await world.add_property(title="Bungalow")
    first = await world.reindex()
    await world.sql("UPDATE properties SET status = 'sold'")
    await world.add_property(title="Maisonette")
    await world.processor.drain()
    assert await world.find_drift() == {}
    assert (await verify(world.engine, indexing, await find_serving(indexing, world.alias), lambda _: None)).drift == []
    second = await world.reindex()
    assert property_id not in await world.find_ids()
    assert await roll_back(world.engine, indexing, world.alias) == first.index
    assert (await read_status(world.engine, indexing, world.alias)).shown == [first.index]
    states = {check.name: check.state for check in await examine(world.engine, indexing, world.alias)}
    assert "unknown" not in states.values(), states
    await world.sql("UPDATE search_generations SET retired_at = now() - interval '2 days' WHERE state = 'retired'")
    assert (await sweep(world.engine, indexing, world.alias)).indices == [second.index]


async def test_api_searches_and_notes_with_its_two_keys(
    world: World, api_settings: Settings, secured: Secured, superuser: AsyncElasticsearch
) -> None:
    property_id = await world.add_property(title="Bungalow")
    await world.reindex()
    app = create_app(api_settings)
    async with AsyncTestClient(app) as api:
        answer = await api.get("/api/v1/properties", params={"search": "bungalow"})
        assert answer.json()["total"]["value"] == 1
        assert (await api.get("/health/ready")).json()["status"] == "ok"
        click: dict[str, object] = {"query_id": str(app.state.intake.query_ids.make()), "action_name": "click"}
        click["event_attributes"] = {"object": {"object_id": str(property_id)}}
        assert (await api.post("/api/v1/search/events", json={"events": [click]})).json()["accepted"] == 1
    events = name_stream(secured.prefix, EVENTS)
    await superuser.indices.refresh(index=events)
    noted = (await superuser.search(index=events))["hits"]["hits"]
    assert [hit["_source"]["query_id"] for hit in noted] == [click["query_id"]]


async def test_indexer_forgets_old_records_with_its_key(
    secured: Secured, indexing: AsyncElasticsearch, superuser: AsyncElasticsearch
) -> None:
    for stream in secured.streams:
        for moment in ("2020-01-01", "2090-01-01"):
            await superuser.create(
                index=stream, id=moment, document={"@timestamp": f"{moment}T00:00:00Z"}, refresh=True
            )
    forgotten = await forget_records(indexing, secured.prefix, keep=timedelta(days=30))
    assert forgotten.records == 2


async def test_search_with_a_key_that_ended_is_unavailable_and_says_nothing_of_keys(
    world: World, api_settings: Settings
) -> None:
    await world.reindex()
    ended = replace(api_settings, elasticsearch_api_key="bm9ib2R5Om5vdGhpbmcxMjM0NTY3")
    async with AsyncTestClient(create_app(ended)) as api:
        answer = await api.get("/api/v1/properties")
        ready = await api.get("/health/ready")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:nyumba:problem:search-unavailable")
    assert "key" not in answer.text.lower()
    assert (ready.status_code, ready.json()["search"]) == (200, "unavailable")
