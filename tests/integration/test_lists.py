"""Every list of the API: however many rows it shows, it takes the same requests to the databases."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response

from nyumba.accounts.families import start_family
from nyumba.accounts.tokens import TokenKeys
from nyumba.app import create_app
from nyumba.db import create_session_factory
from nyumba.http_pool import Answer, HttpPool
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import serve
from tests.statements import record_statements

API = "/api/v1"
ENOUGH = {"limit": 50}
# What is sent with each; the key is the path in the OpenAPI document.
LISTS: dict[str, dict[str, Any]] = {
    "/properties": ENOUGH | {"facets": "city,amenities,agent", "search": "flat", "highlight": "true"},
    "/properties/search": ENOUGH,
    "/properties/map": {"bbox": "36,-2,38,0", "zoom": 18},
    "/properties/export": {"format": "ndjson"},
    "/properties/suggest": {"q": "kili"},
    "/properties/{property_id}": {},
    "/properties/{property_id}/history": ENOUGH,
    "/properties/{property_id}/similar": ENOUGH,
    "/properties/trending": ENOUGH,
    "/properties/featured": ENOUGH,
    "/users/{user_id}/properties": ENOUGH,
    "/users/me/saved": ENOUGH,
    "/agents": ENOUGH | {"city": "Nairobi"},
    "/agents/{agent_id}/properties": ENOUGH,
    "/agents/{agent_id}/reviews": ENOUGH,
}
NO_LISTS = {"/auth/me", "/users/me", "/agents/{agent_id}"}


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[AsyncClient]:
    async with serve(replace(settings, rate_limit_factor=1000)) as client:
        yield client


@contextmanager
def record_searches(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths of all that is asked of Elasticsearch for the sake of an answer."""
    seen: list[str] = []
    post = HttpPool.post

    async def note(self: HttpPool, path: str, body: bytes) -> Answer:
        seen.append(path)
        return await post(self, path, body)

    with monkeypatch.context() as patch:
        patch.setattr(HttpPool, "post", note)
        yield seen


class Market:
    """An agent with listings that grow in number, and with them all that lists show."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._sql = world.sql
        self.viewer = UUID(int=0)
        self.agent = UUID(int=0)
        self.property = UUID(int=0)
        self.headers: dict[str, str] = {}

    async def open(self) -> None:
        self.viewer = await self._world.add_user(role="buyer")
        self.agent = await self._add_agent()
        self.property = await self._add_property()
        async with create_session_factory(self._world.engine).begin() as session:
            pair = await start_family(session, TokenKeys(self._settings.secret_key), self.viewer)
        self.headers = {"Authorization": f"Bearer {pair.access_token}"}

    async def grow(self, many: int) -> None:
        """Add so many of everything."""
        for number in range(many):
            await self._add_property()
            other = await self._add_agent()
            await self._world.add_property(other, title="Flat", city="Nairobi")
            client = await self._world.add_user(role="buyer")
            review = "INSERT INTO agent_reviews (agent_id, client_id, rating) VALUES (:agent, :client, 5)"
            await self._sql(review, agent=self.agent, client=client)
            await self._sql("UPDATE properties SET price = price + 1 WHERE id = :id", id=self.property)
            await self._attach(self.property, f"more {number} {client}")
        await self._sql(
            "INSERT INTO saved_properties (user_id, property_id) SELECT :id, id FROM properties ON CONFLICT DO NOTHING",
            id=self.viewer,
        )
        await self._world.reindex()

    async def _add_agent(self) -> UUID:
        user_id = await self._world.add_user()
        await self._sql("INSERT INTO agent_profiles (user_id) VALUES (:id)", id=user_id)
        return user_id

    async def _add_property(self) -> UUID:
        place = {"city": "Nairobi", "neighborhood": "Kilimani", "latitude": -1.29, "longitude": 36.79}
        property_id = await self._world.add_property(self.agent, title="Flat", is_featured=True, bedrooms=2, **place)
        await self._attach(property_id, "pool")
        return property_id

    async def _attach(self, property_id: UUID, name: str) -> None:
        for table in ("amenities", "features"):
            await self._sql(f"INSERT INTO {table} (property_id, name) VALUES (:id, :name)", id=property_id, name=name)
        await self._sql("INSERT INTO property_images (property_id, url) VALUES (:id, '')", id=property_id)

    async def read(self, api: AsyncClient, path: str) -> Response:
        where = API + path.format(property_id=self.property, user_id=self.agent, agent_id=self.agent)
        if path == "/properties/search":
            return await api.post(where, json=LISTS[path], headers=self.headers)
        return await api.get(where, params=LISTS[path], headers=self.headers)


def count_rows(answer: Response) -> int:
    """How much an answer shows, whatever it is that it lists."""
    if answer.headers["Content-Type"].startswith("application/x-ndjson"):
        return len(answer.text.splitlines())
    body = answer.json()
    return max(len(value) for value in body.values() if isinstance(value, list))


def test_every_list_is_counted(settings: Settings) -> None:
    paths = create_app(settings).openapi_schema.to_schema()["paths"]
    reading = {path.removeprefix(API) for path, methods in paths.items() if "get" in methods and path.startswith(API)}
    assert reading - NO_LISTS == LISTS.keys() - {"/properties/search"}


async def test_list_takes_as_many_requests_for_many_rows_as_for_few(
    api: AsyncClient, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(world, settings)
    await market.open()
    taken: list[dict[str, tuple[int, int]]] = []
    rows: list[dict[str, int]] = []
    for many in (2, 12):
        await market.grow(many)
        taken.append({})
        rows.append({})
        for path in LISTS:
            await market.read(api, path)  # the first of a visitor, of a day or of an hour may leave a note
            with record_statements() as statements, record_searches(monkeypatch) as searches:
                answer = await market.read(api, path)
            assert answer.status_code == 200, answer.text
            taken[-1][path] = len(statements), len(searches)
            rows[-1][path] = count_rows(answer)
    few, many_rows = rows
    assert {path for path in LISTS if many_rows[path] <= few[path]} <= {"/properties/suggest"}
    assert taken[0] == taken[1]
    assert all(sum(counts) > 0 for counts in taken[0].values())
