"""What properties have cost: the database notes it."""

from typing import Any
from uuid import UUID

import pytest

from tests.integration.accounts.conftest import Person
from tests.integration.properties.conftest import Listings


async def read_history(listings: Listings, path: str, person: Person | None = None) -> list[tuple[Any, Any]]:
    """Price and previous price, last change first."""
    response = await listings.request("GET", f"{path}/history", person)
    assert response.status_code == 200, response.text
    return [(item["price"], item["previous_price"]) for item in response.json()["items"]]


async def test_price_drop_can_be_shown(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, price=100)
    await listings.change(path, owner, title="Another")
    await listings.change(path, owner, price=90.5)
    assert await read_history(listings, path) == [(90.5, 100), (100, None)]


async def test_raw_sql_is_noted_too(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, price=100)
    await listings.sql("UPDATE properties SET price = price * 2")
    await listings.sql("UPDATE properties SET price = 200.00, view_count = 5")
    await listings.sql("UPDATE properties SET price = 150")
    assert await read_history(listings, path) == [(150, 200), (200, 100), (100, None)]


async def test_import_of_many_notes_each_once(listings: Listings, owner: Person) -> None:
    await listings.sql(
        "INSERT INTO properties (user_id, title, property_type, listing_type, price, created_at)"
        " SELECT :id, 'Plot', 'land', 'sale', n, '2020-01-01Z' FROM generate_series(1, 50) n",
        id=owner.id,
    )
    rows = await listings.sql("SELECT price, previous_price, changed_at::date::text FROM price_changes ORDER BY price")
    assert rows == [(price, None, "2020-01-01") for price in range(1, 51)]


async def test_what_a_draft_costs_is_nobodys_business(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, status="draft", price=1)
    await listings.change(path, owner, price=2)
    assert await read_history(listings, path, owner) == []
    await listings.change(path, owner, price=3, status="active")
    assert await read_history(listings, path) == [(3, None)]


@pytest.mark.parametrize(("back", "noted"), [(100, []), (80, [(80, 100)])])
async def test_price_that_nobody_was_offered_is_no_price_it_had(
    listings: Listings, owner: Person, back: int, noted: list[tuple[int, int]]
) -> None:
    path = await listings.offer(owner, price=100)
    await listings.change(path, owner, status="withdrawn")
    await listings.change(path, owner, price=500)
    await listings.change(path, owner, price=back, status="active")
    assert await read_history(listings, path) == [*noted, (100, None)]


async def test_sale_that_becomes_a_rent_is_no_price_drop(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, price=9_000_000)
    await listings.change(path, owner, listing_type="rent", price=50_000)
    items = (await listings.request("GET", f"{path}/history")).json()["items"]
    assert [(i["listing_type"], i["price"], i["previous_price"]) for i in items] == [
        ("rent", 50_000, None),
        ("sale", 9_000_000, None),
    ]


async def test_history_is_paged(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, price=1)
    for price in range(2, 8):
        await listings.change(path, owner, price=price)
    found: list[float] = []
    parameters: dict[str, Any] = {"limit": 3}
    for _ in range(3):
        response = await listings.accounts.api.get(f"{path}/history", params=parameters)
        body = response.json()
        assert body["total"] == {"value": 7, "relation": "eq"}
        found += [item["price"] for item in body["items"]]
        parameters["cursor"] = body["page"]["next_cursor"]
    assert (found, parameters["cursor"]) == ([7, 6, 5, 4, 3, 2, 1], None)


async def test_cursor_of_another_property_and_unknown_parameters_are_refused(listings: Listings, owner: Person) -> None:
    first, second = await listings.offer(owner), await listings.offer(owner)
    await listings.change(first, owner, price=1)
    api = listings.accounts.api
    cursor = (await api.get(f"{first}/history", params={"limit": 1})).json()["page"]["next_cursor"]
    assert (await api.get(f"{first}/history", params={"cursor": cursor})).status_code == 200
    for parameters in ({"cursor": cursor}, {"order": "asc"}, {"limit": 101}):
        assert (await api.get(f"{second}/history", params=parameters)).status_code == 400


@pytest.mark.parametrize("status", ["draft", "sold", "withdrawn"])
async def test_history_of_a_private_property_is_its_owners(listings: Listings, owner: Person, status: str) -> None:
    path = await listings.offer(owner)
    await listings.sql("UPDATE properties SET status = :status", status=status)
    other, admin = await listings.accounts.add_logged_in("agent"), await listings.accounts.add_logged_in("admin")
    for person, code in ((None, 404), (other, 404), (owner, 200), (admin, 200)):
        assert (await listings.request("GET", f"{path}/history", person)).status_code == code
    missing = f"/api/v1/properties/{UUID(int=1)}/history"
    assert (await listings.request("GET", missing, owner)).status_code == 404
