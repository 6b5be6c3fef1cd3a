"""Sizes, servers of our own to break, and the indexer as processes.

Each test runs twice from the same code: short in `make test`, long in `make test-faults`.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.elastic import create_client
from nyumba.settings import Settings
from tests.conftest import World
from tests.faults.processes import Indexer
from tests.faults.proxy import Proxy, run_proxy
from tests.faults.servers import Node, run_node


@dataclass(frozen=True)
class Size:
    """How much of each. Where `is_short`, leases end by a statement and not by the clock."""

    is_short: bool
    properties: int  # there when the fault begins
    rate: int  # writes in a second
    kills: int
    outage_s: float
    reindexed: int
    poisoned_among: int


SHORT = Size(is_short=True, properties=300, rate=60, kills=3, outage_s=1, reindexed=2_500, poisoned_among=1_000)
LONG = Size(
    is_short=False, properties=2_000, rate=200, kills=10, outage_s=120, reindexed=100_000, poisoned_among=10_000
)


@pytest.fixture(params=[pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.faults)])
def size(request: pytest.FixtureRequest) -> Size:
    size: Size = request.param
    return size


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Rate limits have tests of their own; here they would only be in the way."""
    return replace(settings, rate_limit_factor=1000)


@pytest.fixture
def indexer(settings: Settings) -> Indexer:
    return Indexer(settings, settings.require_elasticsearch_url())


@pytest.fixture
async def proxy(settings: Settings) -> AsyncIterator[Proxy]:
    """Between the indexer and Elasticsearch; it does no harm until it gets a fault."""
    async with run_proxy(settings.require_elasticsearch_url()) as proxy:
        yield proxy


@pytest.fixture
def through_proxy(settings: Settings, proxy: Proxy) -> Indexer:
    return Indexer(settings, proxy.url)


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """An Elasticsearch to be killed."""
    with run_node() as node:
        yield node


@pytest.fixture
def own_settings(settings: Settings, node: Node) -> Settings:
    """The test's database, and the node that is to be killed."""
    return replace(settings, elasticsearch_url=node.url)


@pytest.fixture
async def own_world(own_settings: Settings, engine: AsyncEngine) -> AsyncIterator[World]:
    """A fresh database, and an alias on the node that is to be killed."""
    async with create_client(own_settings.require_elasticsearch_url(), timeout_s=30) as client:
        yield World(engine, client, own_settings)
        for index in await client.indices.get(index=f"{own_settings.search_alias}-*"):
            await client.indices.delete(index=index)
