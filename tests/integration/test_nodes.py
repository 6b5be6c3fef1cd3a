"""Several nodes: one that cannot be reached costs nothing."""

import pytest
from elastic_transport import ConnectionError as ElasticConnectionError

from nyumba.elastic import create_client
from nyumba.settings import Settings

NOWHERE = "http://127.0.0.1:1"


async def test_node_that_is_down_is_passed_over(settings: Settings) -> None:
    """Guards the failover: without it, requests that begin with the dead node fail."""
    living = settings.require_elasticsearch_url()
    for urls in (f"{NOWHERE},{living}", f"{living},{NOWHERE}"):
        async with create_client(urls, timeout_s=30) as client:
            for _ in range(4):
                assert (await client.cluster.health())["status"] in ("green", "yellow")


async def test_all_nodes_down_is_an_outage() -> None:
    async with create_client(f"{NOWHERE},{NOWHERE},http://127.0.0.1:2", timeout_s=1) as client:
        with pytest.raises(ElasticConnectionError):
            await client.info()
