"""Markets whose searches have a second opinion."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import accounts
from tests.integration.search.oracle import COUNT, OWNERS, SEED, Listing, find, insert_market, make_market, read_prices

__all__ = ["accounts"]

SEARCH = "/api/v1/properties"


class Market:
    """Indexed listings, and the API that searches them."""

    def __init__(
        self, world: World, api: AsyncTestClient[Litestar], listings: list[Listing], owners: list[UUID]
    ) -> None:
        self.world = world
        self.api = api
        self.listings = listings
        self.owners = owners

    def find(self, params: dict[str, Any]) -> list[Listing]:
        """What a search must find."""
        return find(self.listings, params, datetime.now(UTC))

    async def search(self, **params: Any) -> dict[str, Any]:  # noqa: ANN401
        """One page, asked for in a body."""
        response = await self.api.post(f"{SEARCH}/search", json=params)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def count(self, **params: Any) -> int:  # noqa: ANN401
        """The total of a search."""
        return int((await self.search(**params, limit=1))["total"]["value"])

    async def read_all(self, limit: int, **params: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        """Every item, page by page."""
        items: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await self.search(**params, limit=limit, **cursor)
            items += answer["items"]
            if answer["page"]["next_cursor"] is None:
                assert answer["total"] == {"value": len(items), "relation": "eq"}
                return items
            cursor = {"cursor": answer["page"]["next_cursor"]}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of every test, but that downloads are not counted."""
    return replace(settings, rate_limit_factor=100)


@pytest.fixture
async def owners(world: World) -> list[UUID]:
    for number, owner in enumerate(OWNERS):
        await world.sql(
            "UPDATE users SET id = :id WHERE id = :drawn", id=owner, drawn=await world.add_user(f"Agent {number}")
        )
    return OWNERS


@pytest.fixture
async def market(world: World, api: AsyncTestClient[Litestar], owners: list[UUID]) -> Market:
    made = make_market(SEED, COUNT)
    await insert_market(world, made)
    await world.reindex()
    return Market(world, api, await read_prices(world, made), owners)
