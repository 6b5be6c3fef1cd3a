"""A cluster of three nodes that loses one: nobody notices, and nothing is lost.

Three nodes take a minute to start on two cores, so the short form too is only run by `make test-faults`.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.elastic import create_client
from nyumba.settings import Settings
from tests.conftest import World
from tests.faults.checker import check_equal
from tests.faults.cluster import Cluster, find_master, find_primary, run_cluster
from tests.faults.conftest import Size
from tests.faults.load import fill, wait_for, wait_until_drained, writing
from tests.faults.processes import Indexer
from tests.faults.searchers import ANCHORS, searching
from tests.faults.sellers import selling

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three nodes, to be killed one after the other."""
    with run_cluster() as cluster:
        yield cluster


@pytest.fixture
def clustered_settings(settings: Settings, cluster: Cluster) -> Settings:
    """The test's database, and all nodes of the cluster."""
    return replace(settings, elasticsearch_url=cluster.urls)


@pytest.fixture
async def clustered(clustered_settings: Settings, engine: AsyncEngine, cluster: Cluster) -> AsyncIterator[World]:
    """A fresh database, and an alias on the whole cluster."""
    await cluster.start_missing()
    async with create_client(cluster.urls, timeout_s=30) as client:
        yield World(engine, client, clustered_settings)


async def test_node_killed_under_load_is_noticed_by_nobody(
    clustered: World, clustered_settings: Settings, cluster: Cluster, size: Size
) -> None:
    """SIGKILL to the node that has the primary; at length, it comes back, and then the master is killed as well.

    Guards the replica that each index has where there are nodes for it, and that a request which meets a dead node goes
    to the next one. Two nodes hold all of it before the third is back and the cluster green again.
    """
    world = clustered
    await fill(world, ANCHORS, title="Anchor")
    await fill(world, ANCHORS, title="Ghost", status="withdrawn")
    ids = await fill(world, size.properties)
    index = (await world.reindex()).index
    await cluster.wait_until_green()
    indexer = Indexer(clustered_settings, cluster.urls)
    chosen = [partial(find_primary, world.elastic, index), partial(find_master, world.elastic)]
    async with searching(clustered_settings) as searcher, indexer.following("--workers", "2"):
        for number, choose in enumerate(chosen[:1] if size.is_short else chosen):
            victim = cluster.nodes[await choose()]
            async with writing(world, ids, size.rate, seed=number) as writer, selling(world, clustered_settings):
                await wait_for(partial(writer.has_written, 20), "writes before the kill")
                await cluster.kill(victim)
                await wait_for(partial(writer.has_written, writer.written + 5 * size.rate), "writes after the kill")
                await wait_for(partial(searcher.has_searched, searcher.searches + 100), "searches after the kill")
                await world.add_property(title=f"Newcomer {number}")
                await wait_for(partial(is_found, searcher.api, f"Newcomer {number}"), "a change to be found")
            await wait_until_drained(world)
            await check_equal(world)
            if not size.is_short:
                await cluster.start(victim)
                await cluster.wait_until_green()
                await check_equal(world)
    assert searcher.wrong == []


async def is_found(api: AsyncClient, title: str) -> bool:
    answer = await api.get("/api/v1/properties", params={"search": title})
    return any(item["title"] == title for item in answer.json()["items"])
