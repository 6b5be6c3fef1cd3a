"""Elasticsearch answers and has been told to take nothing: an index is closed, or the cluster is read-only."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from click.testing import CliRunner
from elasticsearch import ApiError
from litestar import Litestar
from litestar.testing import AsyncTestClient

from indexer.breaker import describe_outage
from indexer.cli import main
from indexer.doctor import examine
from indexer.errors import ElasticsearchUnavailable
from indexer.processor import Processor
from indexer.status import read_status
from nyumba.commands import explain
from nyumba.elastic import create_client
from nyumba.settings import Settings
from tests.conftest import World
from tests.faults.proxy import Forward, is_bulk, run_proxy

Closing = Callable[[], Awaitable[str]]
SEARCH = "/api/v1/properties"


@pytest.fixture
async def close(world: World) -> AsyncIterator[Closing]:
    """Closes the serving index, which holds one property; it is open again in the end."""
    await world.add_property(price=1)
    index = (await world.reindex()).index

    async def close() -> str:
        await world.elastic.indices.close(index=index)
        return index

    yield close
    await world.elastic.indices.open(index=index)


@pytest.mark.parametrize("changed", [1, 20])
async def test_changes_wait_until_it_is_open_and_nobody_is_dead(world: World, close: Closing, changed: int) -> None:
    for _ in range(changed):
        await world.add_property()
    index = await close()
    for _ in range(2):
        with pytest.raises(ElasticsearchUnavailable, match="index_closed_exception"):
            await world.processor.drain()
    assert await world.sql("SELECT count(*), max(attempts) FROM search_outbox") == [(changed, 0)]
    assert await world.sql("SELECT count(*) FROM search_dead") == [(0,)]
    await world.elastic.indices.open(index=index)
    await world.processor.drain()
    assert await world.find_drift() == {}


async def test_status_and_doctor_name_it(world: World, close: Closing) -> None:
    index = await close()
    status = await read_status(world.engine, world.elastic, world.alias)
    assert [(one.index, one.closed, one.documents) for one in status.generations] == [(index, True, None)]
    assert status.advice == [f'{index} is closed, and changes wait: `curl -X POST "$ES/{index}/_open"`']
    checks = {check.name: check for check in await examine(world.engine, world.elastic, world.alias)}
    assert (checks["blocks"].state, checks["blocks"].found) == ("wrong", f"on {index} (index closed)")
    assert "down" not in {check.state for check in checks.values()}


@pytest.mark.parametrize("words", [["verify"], ["repair"], ["run", "--once"]])
async def test_command_says_it_in_a_sentence(
    world: World, settings: Settings, close: Closing, words: list[str]
) -> None:
    await world.add_property()
    await close()
    environ = {
        "NYUMBA_DATABASE_URL": settings.require_database_url(),
        "NYUMBA_ELASTICSEARCH_URL": settings.require_elasticsearch_url(),
        "NYUMBA_SEARCH_ALIAS": settings.search_alias,
    }
    result = await asyncio.to_thread(CliRunner().invoke, main, words, env=environ)
    assert (result.exit_code, type(result.exception)) == (3, SystemExit), result.output
    assert "closed" in result.output
    assert "does not answer" not in result.output


async def test_searches_are_unavailable(close: Closing, api: AsyncTestClient[Litestar]) -> None:
    await close()
    for path in (SEARCH, f"{SEARCH}/suggest?q=flat", f"{SEARCH}/map?bbox=1,2,3,4&zoom=3", f"{SEARCH}/export"):
        response = await api.get(path)
        assert (response.status_code, response.headers.get("retry-after")) == (503, "5"), path
        assert response.json()["type"] == "urn:nyumba:problem:search-unavailable"


def forbid(request: web.Request) -> web.Response | None:
    """What a node answers that was made read-only as a whole, which the shared one cannot be."""
    headers = {"X-Elastic-Product": "Elasticsearch"}
    reason = "blocked by: [FORBIDDEN/6/cluster read-only (api)];"
    if request.path.startswith("/_cluster/state/blocks"):
        block = {"description": "cluster read-only (api)", "retryable": False, "levels": ["write", "metadata_write"]}
        return web.json_response({"blocks": {"global": {"6": block}}}, headers=headers)
    if is_bulk(request):
        error = {"type": "cluster_block_exception", "reason": reason}
        return web.json_response({"error": error, "status": 403}, status=403, headers=headers)
    return None


async def test_cluster_that_is_read_only_is_named_and_waited_for(world: World, settings: Settings) -> None:
    await world.reindex()
    await world.add_property()

    async def fault(request: web.Request, forward: Forward) -> web.StreamResponse:
        return forbid(request) or await forward()

    async with (
        run_proxy(settings.require_elasticsearch_url()) as proxy,
        create_client(proxy.url, timeout_s=30) as client,
    ):
        proxy.fault = fault
        with pytest.raises(ApiError) as caught:
            await Processor(world.engine, client, world.alias).drain()
        assert describe_outage(caught.value) == "Elasticsearch is unavailable (cluster_block_exception)"
        assert "does not answer" not in str(explain(caught.value))
        checks = {check.name: check for check in await examine(world.engine, client, world.alias)}
    assert (checks["blocks"].state, checks["blocks"].found) == ("wrong", "on the cluster (cluster read-only (api))")
    assert await world.sql("SELECT count(*), max(attempts) FROM search_outbox") == [(1, 0)]
    await world.processor.drain()
    assert await world.find_drift() == {}
