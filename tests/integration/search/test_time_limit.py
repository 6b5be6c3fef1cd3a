"""A search that takes too long is given up, and says so: it neither hangs nor answers with a part of the result."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba import app
from nyumba.app import create_app
from nyumba.elastic import SearchEngine
from nyumba.http_pool import Answer, HttpPool
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.search.conftest import SEARCH

Api = AsyncTestClient[Litestar]

SEGMENTS, EACH = 8, 8
BUSY = "double x = 0; for (int i = 0; i < 400000; i++) { x += Math.sin(i) } return x < 1e9"
SHORT = "100ms"
PATHS = [
    "",
    "?search=flat&facets=price,city&include=suggestions",
    "/map?bbox=-180,-90,180,90&zoom=3",
    "/map?bbox=-180,-90,180,90&zoom=3&pins=1",
    "/export",
    "/suggest?q=fl",
    "/featured",
    "/trending",
    "/{id}/similar",
]


class SlowWay:
    """The way to Elasticsearch, on which each search gets a filter that takes its time for every document."""

    def __init__(self, pool: HttpPool) -> None:
        self.pool = pool
        self.limits: list[str | None] = []
        self.is_slow = True

    async def post(self, path: str, body: bytes) -> Answer:
        """Pass it on. The limit that it has becomes a short one, so that the test is none that takes long."""
        asked = json.loads(body)
        self.limits.append(asked.get("timeout"))
        if self.is_slow:
            asked["query"] = {"bool": {"must": asked["query"], "filter": {"script": {"script": {"source": BUSY}}}}}
            asked |= {"timeout": SHORT} if "timeout" in asked else {}
        return await self.pool.post(path, json.dumps(asked).encode())


@pytest.fixture
async def property_id(world: World) -> UUID:
    """One of many, in several segments: Elasticsearch looks at the time between two of them."""
    owner = await world.add_user()
    await world.reindex()
    for _ in range(SEGMENTS):
        made = [await world.add_property(owner, is_featured=True, latitude=-1, longitude=36) for _ in range(EACH)]
        await world.processor.drain()
        await world.elastic.indices.refresh(index=world.alias)
    return made[0]


@pytest.fixture
async def slow(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Api, SlowWay]]:
    monkeypatch.setattr(app, "SEARCH_TIMEOUT_S", 60)
    async with AsyncTestClient(create_app(replace(settings, rate_limit_factor=100))) as api:
        engine: SearchEngine = api.app.state.search_engine
        way = SlowWay(engine.pool)
        api.app.state.search_engine = replace(engine, pool=way)  # type: ignore[arg-type]
        yield api, way


@pytest.mark.parametrize("path", PATHS)
async def test_search_over_its_time_is_a_503_and_not_a_part_of_the_result(
    property_id: UUID, slow: tuple[Api, SlowWay], path: str
) -> None:
    api, way = slow
    url = SEARCH + path.format(id=property_id)
    response = await api.get(url)
    assert response.status_code == 503, response.text
    assert (response.headers["retry-after"], response.json()["type"]) == ("5", "urn:nyumba:problem:search-unavailable")
    assert "took too long" in response.json()["detail"]
    assert set(way.limits) == {"2s"}
    way.is_slow = False
    assert (await api.get(url)).status_code == 200


@pytest.fixture
def deaf_url() -> Iterator[str]:
    """A server that takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


async def test_elasticsearch_that_never_answers_is_not_waited_for(
    world: World, settings: Settings, deaf_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "SEARCH_TIMEOUT_S", 0.2)
    property_id = await world.add_property()
    deaf = replace(settings, elasticsearch_url=deaf_url)
    async with AsyncTestClient(create_app(deaf)) as api, asyncio.timeout(60):
        answers = [await api.get(SEARCH + path.format(id=property_id)) for path in PATHS]
    assert {(answer.status_code, answer.json()["type"]) for answer in answers} == {
        (503, "urn:nyumba:problem:search-unavailable")
    }
