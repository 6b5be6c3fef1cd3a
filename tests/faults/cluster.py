"""Three Elasticsearch nodes of our own, of which one at a time is killed and comes back.

Invariant: no node outlives the test, whatever happens.
"""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from elasticsearch import AsyncElasticsearch

from nyumba.elastic import create_client
from nyumba.local.account import Account
from nyumba.local.elasticsearch import Elasticsearch
from nyumba.local.elasticsearch_config import HOST
from tests.faults.load import wait_for
from tests.faults.servers import Node, temporary_settings

NAMES = ("one", "two", "three")


@dataclass(frozen=True)
class Cluster:
    """The nodes by their names."""

    nodes: dict[str, Node]

    @property
    def urls(self) -> str:
        """As NYUMBA_ELASTICSEARCH_URL takes them."""
        return ",".join(node.url for node in self.nodes.values())

    async def kill(self, node: Node) -> None:
        """SIGKILL."""
        await asyncio.to_thread(node.kill)

    async def start(self, node: Node) -> None:
        """Bring a node back to where it was."""
        await asyncio.to_thread(node.start)

    async def start_missing(self) -> None:
        """Bring back those that somebody killed."""
        for node in self.nodes.values():
            if not node.service.find_processes():
                await self.start(node)

    async def wait_until_green(self) -> None:
        """All nodes are there, and every shard has its replica."""
        async with create_client(self.urls, timeout_s=30) as client:

            async def is_green() -> bool:
                health = await client.cluster.health()
                return bool(health["status"] == "green" and health["number_of_nodes"] == len(self.nodes))

            await wait_for(is_green, "the cluster to be green")


@contextmanager
def run_cluster() -> Iterator[Cluster]:
    """Start three nodes that make one cluster."""
    with ExitStack() as stack:
        ports = _find_free_ports(2 * len(NAMES))
        transports = dict(zip(NAMES, ports, strict=False))
        nodes = {}
        for name, port in zip(NAMES, ports[len(NAMES) :], strict=True):
            settings = replace(stack.enter_context(temporary_settings()), elasticsearch_port=port)
            service = Elasticsearch(settings, Account.for_services(), _describe_seat(name, transports))
            stack.callback(service.stop)
            nodes[name] = Node(service)
        for node in nodes.values():
            node.service.launch(print)
        with ThreadPoolExecutor(len(NAMES)) as pool:
            list(pool.map(lambda node: node.service.wait(), nodes.values()))
        yield Cluster(nodes)


def _describe_seat(name: str, transports: dict[str, int]) -> dict[str, Any]:
    """What makes a node one of this cluster and of no other."""
    return {
        "node.name": name,
        "discovery.type": "multi-node",
        "discovery.seed_hosts": [f"{HOST}:{port}" for port in transports.values()],
        "cluster.initial_master_nodes": list(NAMES),
        "transport.port": transports[name],
    }


def _find_free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]


async def find_master(client: AsyncElasticsearch) -> str:
    """The name of the node that is master now."""
    return str((await client.cat.master(format="json"))[0]["node"])


async def find_primary(client: AsyncElasticsearch, index: str) -> str:
    """The name of the node that has the primary of an index's one shard."""
    shards = await client.cat.shards(index=index, format="json")
    return next(str(shard["node"]) for shard in shards if shard["prirep"] == "p")
