"""An alias, an index or all rows removed by hand: nothing is created by itself, and nothing wrong is published."""

from collections.abc import AsyncIterator

import pytest

from nyumba.settings import Settings
from tests.conftest import World
from tests.faults.checker import check_equal
from tests.faults.conftest import Size
from tests.faults.load import fill, wait_until_drained
from tests.faults.processes import Indexer
from tests.integration.accounts.conftest import serve


@pytest.fixture
async def careless(own_world: World) -> AsyncIterator[World]:
    """A node that creates an index for any write, as Elasticsearch does by default."""
    await own_world.elastic.cluster.put_settings(persistent={"action.auto_create_index": "true"})
    yield own_world
    await own_world.elastic.cluster.put_settings(persistent={"action.auto_create_index": None})


async def list_names(world: World) -> set[str]:
    """All indices and aliases of the test."""
    answer = await world.elastic.indices.get(index=f"{world.alias}*")
    return {*answer.body, *(alias for index in answer.body.values() for alias in index["aliases"])}


async def test_alias_removed_by_hand_stays_away_until_a_reindex(
    careless: World, own_settings: Settings, size: Size
) -> None:
    """Guards the write aliases: sync goes on without the one that readers use, and nobody puts that back unasked."""
    world = careless
    indexer = Indexer(own_settings, own_settings.require_elasticsearch_url())
    await fill(world, size.properties)
    index = (await world.reindex()).index
    await world.elastic.indices.delete_alias(index=index, name=world.alias)
    left = await list_names(world)
    async with indexer.following(), serve(own_settings) as api:
        await world.sql("UPDATE properties SET price = 2")
        await wait_until_drained(world)
        assert (await api.get("/api/v1/properties")).status_code == 503
    assert await list_names(world) == left
    assert (await indexer.run("status")).code == 1
    await world.reindex()
    await check_equal(world)


async def test_index_removed_by_hand_stops_the_worker_and_is_not_created_again(
    careless: World, own_settings: Settings, size: Size
) -> None:
    """Guards `require_alias`: without it, the next write would make an index without mappings."""
    world = careless
    indexer = Indexer(own_settings, own_settings.require_elasticsearch_url())
    await fill(world, size.properties)
    index = (await world.reindex()).index
    await world.elastic.indices.delete(index=index)
    await world.sql("UPDATE properties SET price = 2")
    ended = await indexer.run("run")
    assert (ended.code, f"the index {index} is gone" in ended.error) == (1, True), ended.error
    assert await list_names(world) == set()
    assert await world.sql("SELECT count(*) FROM search_outbox") == [(size.properties,)]
    await world.reindex()
    await check_equal(world)


async def test_retired_index_removed_by_hand_stops_nobody(careless: World, own_settings: Settings, size: Size) -> None:
    """Guards that an index which only a rollback would need is given up: somebody may have been short of room."""
    world = careless
    indexer = Indexer(own_settings, own_settings.require_elasticsearch_url())
    await fill(world, size.properties)
    retired, serving = (await world.reindex()).index, (await world.reindex()).index
    await world.elastic.indices.delete(index=retired)
    async with indexer.following():
        await world.sql("UPDATE properties SET price = 2")
        await wait_until_drained(world)
    assert {name for name in await list_names(world) if name.startswith(retired)} == set()
    await check_equal(world)
    assert await world.sql("SELECT index_name FROM search_generations WHERE state <> 'dropped'") == [(serving,)]


async def test_empty_index_is_not_swapped_in(world: World, indexer: Indexer, size: Size) -> None:
    """All rows are gone without an event, as when a database comes back empty from a restore.

    Guards the comparison with the serving index: the counts of both stores agree on nothing.
    """
    ids = await fill(world, size.properties)
    serving = (await world.reindex()).index
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        await connection.exec_driver_sql("DELETE FROM properties")
    ended = await indexer.run("reindex")
    assert (ended.code, "the alias stays where it is" in ended.error) == (1, True), ended.error
    assert list((await world.elastic.indices.get_alias(name=world.alias)).body) == [serving]
    assert (await world.elastic.count(index=world.alias))["count"] == len(ids)
