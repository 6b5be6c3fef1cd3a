"""`Prefer: wait`: who changes a property finds the change with the next search."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from httpx import Response

from nyumba.properties import waiting as waiting_module
from nyumba.properties.waiting import SearchWatch
from tests.conftest import World
from tests.integration.accounts.conftest import Person
from tests.integration.properties.conftest import HOUSE, PROPERTIES, Listings

WAIT = {"prefer": "wait=10"}


@asynccontextmanager
async def following(world: World) -> AsyncIterator[None]:
    """An indexer at work."""
    stop = asyncio.Event()
    task = asyncio.create_task(world.processor.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


@pytest.fixture
async def indexed(world: World) -> World:
    await world.reindex()
    return world


async def find_titles(listings: Listings) -> list[str]:
    response = await listings.accounts.api.get(PROPERTIES)
    assert response.status_code == 200, response.text
    return [item["title"] for item in response.json()["items"]]


def has_waited(response: Response) -> bool:
    return response.headers.get("preference-applied") == "wait=10"


async def test_change_is_found_as_soon_as_it_is_answered(listings: Listings, indexed: World, owner: Person) -> None:
    """Guards the wait after the commit: an answer before the search shows the change fails this."""
    async with following(indexed):
        created = await listings.request("POST", PROPERTIES, owner, HOUSE | {"title": "One"}, **WAIT)
        assert (created.status_code, has_waited(created), await find_titles(listings)) == (201, True, ["One"])
        path = created.headers["location"]
        changed = await listings.request("PATCH", path, owner, {"title": "Two"}, **WAIT)
        assert (changed.status_code, has_waited(changed), await find_titles(listings)) == (200, True, ["Two"])
        hidden = await listings.request("PATCH", path, owner, {"status": "withdrawn"}, **WAIT)
        assert (has_waited(hidden), await find_titles(listings)) == (True, [])
        shown = await listings.request("PATCH", path, owner, {"status": "active"}, **WAIT)
        assert (has_waited(shown), await find_titles(listings)) == (True, ["Two"])
        removed = await listings.request("DELETE", path, owner, **WAIT)
        assert (removed.status_code, has_waited(removed), await find_titles(listings)) == (204, True, [])


async def test_change_of_an_image_waits_for_the_card_in_search(
    listings: Listings, indexed: World, owner: Person
) -> None:
    path = await listings.offer(owner)
    property_id = path.rsplit("/", 1)[-1]
    for name, primary in (("first", True), ("second", False)):
        await listings.sql(
            "INSERT INTO property_images (property_id, url, is_primary, display_order)"
            f" VALUES ('{property_id}', '{name}', {primary}, 0)"
        )
    rows = await listings.sql("SELECT id FROM property_images WHERE url = 'second'")
    async with following(indexed):
        response = await listings.request("PUT", f"{path}/images/{rows[0][0]}/primary", owner, **WAIT)
        found = (await listings.accounts.api.get(PROPERTIES)).json()["items"]
    assert (response.status_code, has_waited(response)) == (200, True)
    assert [item["image_url"] for item in found] == ["second"]


async def test_change_is_answered_also_when_no_search_shows_it_in_time(
    listings: Listings, indexed: World, owner: Person
) -> None:
    """Nobody follows the database. A property that nothing finds is not gone while its event is on the way."""
    created = await listings.request("POST", PROPERTIES, owner, HOUSE, prefer="wait=1")
    assert (created.status_code, "preference-applied" in created.headers) == (201, False)
    removed = await listings.request("DELETE", created.headers["location"], owner, prefer="wait=1")
    assert (removed.status_code, "preference-applied" in removed.headers) == (204, False)
    assert await listings.sql("SELECT id FROM properties") == []


async def test_who_waits_holds_no_connection_of_the_database(
    listings: Listings, indexed: World, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards the pool: a session kept open while waiting would be counted here."""
    held: list[int] = []
    find_version = SearchWatch._find_version

    async def look(watch: SearchWatch, property_id: UUID) -> int:
        held.append(watch._sessions.kw["bind"].pool.checkedout())
        return await find_version(watch, property_id)

    monkeypatch.setattr(SearchWatch, "_find_version", look)
    await listings.request("POST", PROPERTIES, owner, HOUSE, prefer="wait=1")
    assert set(held) == {0}


async def test_only_so_many_wait_at_once(
    listings: Listings, indexed: World, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_module, "MOST_WAITING", 0)
    async with following(indexed):
        response = await listings.request("POST", PROPERTIES, owner, HOUSE, **WAIT)
    assert (response.status_code, has_waited(response)) == (201, False)


async def test_refused_change_does_not_wait(listings: Listings, indexed: World, owner: Person) -> None:
    response = await listings.request("PATCH", f"{await listings.offer(owner)}", owner, {"price": -1}, **WAIT)
    assert (response.status_code, has_waited(response)) == (400, False)


async def test_preference_is_documented(listings: Listings) -> None:
    document = (await listings.accounts.api.get("/docs/openapi.json")).json()
    offered = {
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict)
        and any(parameter["name"] == "Prefer" for parameter in operation.get("parameters", []))
    }
    one = f"{PROPERTIES}/{{property_id}}"
    assert offered == {
        f"post {PROPERTIES}",
        f"put {one}",
        f"patch {one}",
        f"delete {one}",
        f"post {one}/images",
        f"delete {one}/images/{{image_id}}",
        f"put {one}/images/{{image_id}}/primary",
        f"put {one}/images/order",
    }
