"""Lists of properties from PostgreSQL: who sees what, and that a card says what search says."""

from operator import itemgetter
from uuid import UUID, uuid4

import pytest

from nyumba.properties.schemas import ListingCard
from tests.conftest import World
from tests.integration.accounts.conftest import Accounts
from tests.statements import record_statements

STATUSES = ("draft", "active", "under_offer", "sold", "let", "withdrawn", "expired")


async def list_properties(accounts: Accounts, user_id: UUID, headers: dict[str, str] | None = None) -> list[str]:
    answer = await accounts.api.get(f"/api/v1/users/{user_id}/properties", headers=headers)
    assert answer.status_code == 200, answer.text
    listing = answer.json()
    assert listing["total"] == {"value": len(listing["items"]), "relation": "eq"}
    return [item["status"] for item in listing["items"]]


async def test_others_see_what_is_on_the_market_and_owner_and_admins_all(accounts: Accounts) -> None:
    owner = await accounts.add_logged_in("seller")
    for status in STATUSES:
        await accounts.world.add_property(owner.id, status=status)
    await accounts.world.add_property()
    newest_first = list(reversed(STATUSES))
    assert await list_properties(accounts, owner.id, owner.headers) == newest_first
    assert await list_properties(accounts, owner.id, (await accounts.add_logged_in("admin")).headers) == newest_first
    for role in ("buyer", "seller", "agent"):
        other = await accounts.add_logged_in(role)
        assert await list_properties(accounts, owner.id, other.headers) == ["under_offer", "active"]
    assert await list_properties(accounts, owner.id) == ["under_offer", "active"]


async def test_token_that_is_sent_must_be_good(accounts: Accounts) -> None:
    owner = await accounts.add_logged_in("seller")
    await accounts.sql("UPDATE users SET is_active = false WHERE id = :id", id=owner.id)
    path = f"/api/v1/users/{owner.id}/properties"
    for headers in (owner.headers, {"Authorization": "Bearer rubbish"}, {"Authorization": "Basic eDp5"}):
        assert (await accounts.api.get(path, headers=headers)).status_code == 401


async def test_somebody_without_public_properties_cannot_be_told_from_nobody(accounts: Accounts) -> None:
    private = await accounts.world.add_user()
    await accounts.world.add_property(private, status="draft")
    assert await list_properties(accounts, private) == await list_properties(accounts, uuid4()) == []


async def test_cursor_of_one_list_is_not_good_for_another(accounts: Accounts) -> None:
    owner = await accounts.add_logged_in("seller")
    for _ in range(2):
        await accounts.world.add_property(owner.id)
    path = f"/api/v1/users/{owner.id}/properties"
    cursor = (await accounts.api.get(path, params={"limit": 1}, headers=owner.headers)).json()["page"]["next_cursor"]
    again = await accounts.api.get(path, params={"cursor": cursor}, headers=owner.headers)
    assert (again.status_code, len(again.json()["items"])) == (200, 1)
    assert (await accounts.api.get(path, params={"cursor": cursor})).status_code == 400
    assert (await accounts.api.get(f"/api/v1/users/{uuid4()}/properties", params={"cursor": cursor})).status_code == 400


@pytest.mark.parametrize("parameters", [{"limit": "0"}, {"limit": "101"}, {"cursor": ""}, {"status": "draft"}])
async def test_bad_parameter_is_named(accounts: Accounts, parameters: dict[str, str]) -> None:
    answer = await accounts.api.get(f"/api/v1/users/{uuid4()}/properties", params=parameters)
    assert answer.status_code == 400
    assert [error["parameter"] for error in answer.json()["errors"]] == list(parameters)


async def test_properties_of_one_moment_come_once_each(accounts: Accounts) -> None:
    """An import gives a thousand rows the same time: the id decides then."""
    user_id = await accounts.world.add_user()
    await accounts.sql(
        "INSERT INTO properties (user_id, title, property_type, listing_type, price)"
        " SELECT :id, 'Plot ' || n, 'land', 'sale', n FROM generate_series(1, 25) n",
        id=user_id,
    )
    found: list[str] = []
    parameters = {"limit": "10"}
    for _ in range(3):
        answer = await accounts.api.get(f"/api/v1/users/{user_id}/properties", params=parameters)
        found += [item["id"] for item in answer.json()["items"]]
        parameters["cursor"] = answer.json()["page"]["next_cursor"]
    assert parameters["cursor"] is None
    assert len(found) == len(set(found)) == 25


async def test_card_says_what_search_says(accounts: Accounts, world: World) -> None:
    user_id = await world.add_user()
    full = await world.add_property(
        user_id,
        title="Full of facts",
        description="Long",
        property_type="house",
        listing_type="sale",
        price="9999999999.99",
        bedrooms=4,
        bathrooms="2.5",
        square_meters="120.25",
        address="1 Moi Avenue",
        neighborhood="Kilimani",
        city="Nairobi",
        latitude="-1.29212345",
        longitude="36.82191234",
        year_built=1999,
        is_featured=True,
    )
    await world.add_property(user_id)
    for table in ("amenities", "features"):
        await world.sql(f"INSERT INTO {table} (property_id, name) VALUES (:id, 'pool'), (:id, 'gym')", id=full)
    await world.sql(
        "INSERT INTO property_images (property_id, url, card_url, is_primary, display_order) VALUES"
        " (:id, 'https://a.example/1', NULL, false, 0), (:id, 'https://a.example/2', 'https://a.example/c', true, 1)",
        id=full,
    )
    await world.reindex()
    search = (await accounts.api.get("/api/v1/properties")).json()["items"]
    listed = (await accounts.api.get(f"/api/v1/users/{user_id}/properties")).json()["items"]
    assert listed[1]["image_url"] == "https://a.example/c"
    assert listed[1]["amenities"] == ["gym", "pool"]
    shared = [{name: item[name] for name in ListingCard.__struct_fields__} for item in search]
    assert sorted(listed, key=itemgetter("id")) == sorted(shared, key=itemgetter("id"))


async def test_list_takes_as_many_statements_for_many_as_for_few(accounts: Accounts) -> None:
    owner = await accounts.add_logged_in("seller")
    counts = []
    for many in (1, 10):
        for _ in range(many):
            property_id = await accounts.world.add_property(owner.id)
            await accounts.sql("INSERT INTO amenities (property_id, name) VALUES (:id, 'pool')", id=property_id)
        with record_statements() as statements:
            await list_properties(accounts, owner.id, owner.headers)
        counts.append(len(statements))
    assert counts[0] == counts[1] == 3  # who it is, the page, the total
