"""A change over HTTP, through the outbox, to what a search over HTTP finds."""

from typing import Any

import pytest

from tests.conftest import World
from tests.integration.accounts.conftest import Person
from tests.integration.properties.conftest import PROPERTIES, Listings, accounts, api, listings, owner, settings

__all__ = ["accounts", "api", "listings", "owner", "settings"]


@pytest.fixture
async def path(listings: Listings, world: World, owner: Person) -> str:
    """A property that searches find."""
    await world.reindex()
    return await listings.offer(owner, title="Bungalow with a windmill", city="Kisumu", bedrooms=3)


async def search(listings: Listings, world: World, **parameters: object) -> list[dict[str, Any]]:
    await world.processor.drain()
    response = await listings.accounts.api.get(PROPERTIES, params={"search": "windmill", **parameters})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_created_property_is_found(listings: Listings, world: World, path: str) -> None:
    found = await search(listings, world, city="kisumu", bedrooms=3)
    assert [f"{PROPERTIES}/{item['id']}" for item in found] == [path]


async def test_edited_property_is_found_as_it_is_now(
    listings: Listings, world: World, owner: Person, path: str
) -> None:
    assert len(await search(listings, world)) == 1
    await listings.change(path, owner, bedrooms=4, amenities=["borehole"])
    assert await search(listings, world, bedrooms=3) == []
    assert [item["amenities"] for item in await search(listings, world, bedrooms=4)] == [["borehole"]]
    await listings.change(path, owner, amenities=["solar panels"])
    assert [item["amenities"] for item in await search(listings, world)] == [["solar panels"]]


async def test_repriced_property_is_found_at_its_new_price(
    listings: Listings, world: World, owner: Person, path: str
) -> None:
    assert await search(listings, world, price_max=1000) == []
    await listings.change(path, owner, price=999.99)
    assert [item["price"] for item in await search(listings, world, price_max=1000)] == [999.99]


async def test_featured_property_shows_it(listings: Listings, world: World, path: str) -> None:
    await listings.change(path, await listings.accounts.add_logged_in("admin"), is_featured=True)
    assert [item["is_featured"] for item in await search(listings, world)] == [True]


async def test_property_under_offer_is_found_when_asked_for(
    listings: Listings, world: World, owner: Person, path: str
) -> None:
    await listings.change(path, owner, status="under_offer")
    assert await search(listings, world) == []
    for statuses in (["under_offer"], ["active", "under_offer"]):
        assert [item["status"] for item in await search(listings, world, status=statuses)] == ["under_offer"]
    refused = await listings.accounts.api.get(PROPERTIES, params={"status": "sold"})
    assert refused.json()["errors"][0]["detail"].startswith("must be one of active, under_offer")


@pytest.mark.parametrize("status", ["sold", "withdrawn", "expired"])
async def test_property_off_the_market_leaves_the_search_and_may_come_back(
    listings: Listings, world: World, owner: Person, path: str, status: str
) -> None:
    await listings.change(path, owner, status=status)
    assert await search(listings, world, status=["active", "under_offer"]) == []
    await listings.change(path, owner, status="active")
    assert len(await search(listings, world)) == 1


async def test_draft_is_found_when_it_is_published(listings: Listings, world: World, owner: Person) -> None:
    await world.reindex()
    path = await listings.offer(owner, title="Draft with a windmill", status="draft")
    assert await search(listings, world) == []
    await listings.change(path, owner, status="active")
    assert len(await search(listings, world)) == 1


async def test_deleted_property_is_found_no_more(listings: Listings, world: World, owner: Person, path: str) -> None:
    assert len(await search(listings, world)) == 1
    assert (await listings.request("DELETE", path, owner)).status_code == 204
    assert await search(listings, world, status=["active", "under_offer"]) == []
    assert await world.find_drift() == {}


async def test_views_do_not_touch_the_index(listings: Listings, world: World, path: str) -> None:
    assert len(await search(listings, world)) == 1
    assert (await listings.request("POST", f"{path}/view")).status_code == 204
    assert await listings.count_events() == 0
