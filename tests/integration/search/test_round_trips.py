"""What each way to look for listings asks of Elasticsearch and of PostgreSQL: counted on the wire."""

from dataclasses import replace
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba import outbox
from nyumba.search import export
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.search.conftest import SEARCH
from tests.integration.search.wire import Wire, wire
from tests.statements import record_statements

__all__ = ["wire"]

Api = AsyncTestClient[Litestar]

BACKGROUND = ("search_outbox", "SKIP LOCKED")
BOX = {"bbox": "36,-2,37,-1", "zoom": 12}
FULL = {"facets": "city,price", "include": "suggestions,promoted,reasons", "highlight": "true"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, rate_limit_factor=100)


class Counted:
    """The API, its way to Elasticsearch, and what a request costs."""

    def __init__(self, cable: Wire, api: Api) -> None:
        self.cable = cable
        self.api = api

    async def count(self, path: str, *, method: str = "GET", **asked: Any) -> tuple[list[str], int]:  # noqa: ANN401
        """The requests to Elasticsearch, but for the records of searches, and the number of statements."""
        self.cable.requests.clear()
        with record_statements() as statements:
            response = await self.api.request(method, path, **asked)
        assert response.status_code == 200, response.text
        sent = [line.partition("?")[0].replace("/", " ").split() for line in self.cable.requests if "_bulk" not in line]
        return (
            [" ".join((words[0], words[-1])) for words in sent],
            sum(not any(words in statement for words in BACKGROUND) for statement in statements),
        )


@pytest.fixture
async def counted(world: World, wire: tuple[Wire, Api], monkeypatch: pytest.MonkeyPatch) -> Counted:
    monkeypatch.setattr(outbox, "INTERVAL_S", 3600)
    owner = await world.add_user()
    for number in range(5):
        place = {"city": "Nairobi", "latitude": -1.29, "longitude": 36.78 + number / 100}
        await world.add_property(owner, title=f"Windmill {number}", is_featured=True, **place)
    await world.reindex()
    counted = Counted(*wire)
    await counted.api.get(SEARCH)  # connects
    return counted


async def list_copies(counted: Counted, path: str, *asked: dict[str, Any]) -> list[str]:
    """Which copy of the index each request to Elasticsearch prefers."""
    counted.cable.requests.clear()
    for params in asked:
        assert (await counted.api.get(path, params=params)).status_code == 200
    return [line.partition("preference=")[2] for line in counted.cable.requests if "_search" in line]


async def test_pages_of_a_search_ask_one_copy_of_the_index(counted: Counted) -> None:
    first = {"search": "windmill", "limit": 2}
    cursor = (await counted.api.get(SEARCH, params=first)).json()["page"]["next_cursor"]
    pages = await list_copies(counted, SEARCH, first, first | {"cursor": cursor}, first | {"skip": 2})
    assert len(pages) == 3
    assert len(set(pages)) == 1
    assert await list_copies(counted, SEARCH, {"search": "garden"}) != pages[:1]


async def test_pins_and_clusters_of_a_map_come_from_one_copy_of_the_index(counted: Counted) -> None:
    copies = await list_copies(counted, f"{SEARCH}/map", BOX | {"pins": 1})
    assert len(copies) == 2
    assert copies[0] == copies[1] != ""


ONE_SEARCH = (["POST _search"], 0)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"search": "windmil in nairobi", **FULL},
        {"search": "apartment klmani", **FULL},
        {"city": "Atlantis", "price_max": 1, **FULL},
        {"sort": "trending", "skip": 2, "limit": 1},
    ],
)
async def test_search_is_one_request_to_elasticsearch_and_no_statement(
    counted: Counted, params: dict[str, Any]
) -> None:
    assert await counted.count(SEARCH, params=params) == ONE_SEARCH
    body = {
        name: value.split(",") if name in {"facets", "include", "city"} else value for name, value in params.items()
    }
    body |= {"highlight": True} if "highlight" in params else {}
    assert await counted.count(f"{SEARCH}/search", method="POST", json=body) == ONE_SEARCH


@pytest.mark.parametrize("path", ["suggest?q=win", "featured", "trending", "trending?city=nairobi"])
async def test_suggestions_and_slots_are_one_request_and_no_statement(counted: Counted, path: str) -> None:
    assert await counted.count(f"{SEARCH}/{path}") == ONE_SEARCH


async def test_trends_of_a_place_without_listings_ask_once_for_each_wider_one(counted: Counted) -> None:
    requests, statements = await counted.count(f"{SEARCH}/trending?city=atlantis&neighborhood=atlantis")
    assert (requests, statements) == (["POST _search"] * 3, 0)


@pytest.mark.parametrize(("pins", "requests"), [(5, 1), (0, 1), (4, 2)])
async def test_map_asks_a_second_time_only_for_clusters_beside_pins(counted: Counted, pins: int, requests: int) -> None:
    assert await counted.count(f"{SEARCH}/map", params=BOX | {"pins": pins}) == (["POST _search"] * requests, 0)


async def test_file_is_a_request_for_each_batch_within_one_point_in_time(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH", 2)
    await counted.count(f"{SEARCH}/export")
    requests, statements = await counted.count(f"{SEARCH}/export")
    assert requests == ["POST _pit", *["POST _search"] * 3, "DELETE _pit"]
    assert statements == 1  # it counts downloads


async def test_similar_listings_are_one_request_and_a_fixed_number_of_statements(counted: Counted) -> None:
    first = (await counted.api.get(SEARCH)).json()["items"][0]["id"]
    few, many = [await counted.count(f"{SEARCH}/{first}/similar", params={"limit": limit}) for limit in (1, 50)]
    assert few == many == (["POST _search"], 5)
