"""Saving properties: once however often, and listed as long as they exist."""

import asyncio
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy import text

from tests.integration.accounts.conftest import Accounts, Person
from tests.locks import wait_until_done_or_blocked
from tests.statements import record_statements

SAVED = "/api/v1/users/me/saved"


@pytest.fixture
async def person(accounts: Accounts) -> Person:
    return await accounts.add_logged_in()


async def save(accounts: Accounts, person: Person, property_id: UUID, method: str = "POST") -> Response:
    return await accounts.api.request(method, f"/api/v1/properties/{property_id}/save", headers=person.headers)


async def read_saved(accounts: Accounts, person: Person) -> list[tuple[str, bool, str]]:
    listing = (await accounts.api.get(SAVED, headers=person.headers)).json()
    assert listing["total"] == {"value": len(listing["items"]), "relation": "eq"}
    return [(item["id"], item["available"], item["status"]) for item in listing["items"]]


async def test_saved_property_is_listed_until_forgotten(accounts: Accounts, person: Person) -> None:
    property_id = await accounts.world.add_property(title="Garden flat", price=75_000.5)
    answer = await save(accounts, person, property_id)
    assert (answer.status_code, answer.content) == (204, b"")
    (item,) = (await accounts.api.get(SAVED, headers=person.headers)).json()["items"]
    assert (item["title"], item["price"], item["available"]) == ("Garden flat", 75_000.5, True)
    assert (await save(accounts, person, property_id, "DELETE")).status_code == 204
    assert await read_saved(accounts, person) == []


async def test_saving_and_forgetting_again_change_nothing(accounts: Accounts, person: Person) -> None:
    first, second = [await accounts.world.add_property() for _ in range(2)]
    for property_id in (first, second, first):
        assert (await save(accounts, person, property_id)).status_code == 204
    assert [item[0] for item in await read_saved(accounts, person)] == [str(second), str(first)]
    for _ in range(2):
        assert (await save(accounts, person, first, "DELETE")).status_code == 204
    assert (await save(accounts, person, uuid4(), "DELETE")).status_code == 204
    assert [item[0] for item in await read_saved(accounts, person)] == [str(second)]


async def test_parallel_saves_leave_one_row(accounts: Accounts, person: Person) -> None:
    property_id = await accounts.world.add_property()
    answers = await asyncio.gather(*(save(accounts, person, property_id) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {204}
    assert await accounts.sql("SELECT user_id, property_id FROM saved_properties") == [(person.id, property_id)]


async def test_property_that_is_deleted_meanwhile_is_not_found(accounts: Accounts, person: Person) -> None:
    property_id = await accounts.world.add_property()
    async with accounts.world.engine.connect() as connection:
        await connection.execute(text("DELETE FROM properties"))
        saving = asyncio.create_task(save(accounts, person, property_id))
        await wait_until_done_or_blocked(accounts.world, saving)
        await connection.commit()
    assert (await saving).status_code == 404


@pytest.mark.parametrize("status", ["draft", "sold", "let", "withdrawn", "expired"])
async def test_private_property_cannot_be_told_from_a_missing_one(
    accounts: Accounts, person: Person, status: str
) -> None:
    private, missing = await accounts.world.add_property(status=status), uuid4()
    answers = [await save(accounts, person, one) for one in (private, missing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(str(private), str(missing)) == answers[1].text


@pytest.mark.parametrize("status", ["under_offer", "sold", "let", "withdrawn", "expired"])
async def test_what_left_the_market_stays_and_says_so(accounts: Accounts, person: Person, status: str) -> None:
    property_id = await accounts.world.add_property()
    await save(accounts, person, property_id)
    await accounts.sql("UPDATE properties SET status = :status", status=status)
    assert await read_saved(accounts, person) == [(str(property_id), status == "under_offer", status)]


async def test_draft_is_not_shown_until_it_is_published_again(accounts: Accounts, person: Person) -> None:
    property_id = await accounts.world.add_property()
    await save(accounts, person, property_id)
    await accounts.sql("UPDATE properties SET status = 'draft'")
    assert await read_saved(accounts, person) == []
    await accounts.sql("UPDATE properties SET status = 'active'")
    assert await read_saved(accounts, person) == [(str(property_id), True, "active")]


async def test_deleted_property_vanishes(accounts: Accounts, person: Person) -> None:
    property_id = await accounts.world.add_property()
    await save(accounts, person, property_id)
    await accounts.sql("DELETE FROM properties")
    assert await read_saved(accounts, person) == []


async def test_nobody_sees_what_others_saved(accounts: Accounts, person: Person) -> None:
    other = await accounts.add_logged_in("admin")
    property_id = await accounts.world.add_property()
    await save(accounts, person, property_id)
    assert await read_saved(accounts, other) == []
    await save(accounts, other, property_id, "DELETE")
    assert len(await read_saved(accounts, person)) == 1


async def test_last_saved_comes_first_page_by_page(accounts: Accounts, person: Person) -> None:
    ids = [await accounts.world.add_property() for _ in range(5)]
    for property_id in ids:
        await save(accounts, person, property_id)
    first = (await accounts.api.get(SAVED, params={"limit": 2}, headers=person.headers)).json()
    cursor = first["page"]["next_cursor"]
    await save(accounts, person, await accounts.world.add_property())  # shifts nothing
    rest = (await accounts.api.get(SAVED, params={"cursor": cursor}, headers=person.headers)).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [str(one) for one in reversed(ids)]
    assert (first["total"]["value"], rest["total"]["value"], rest["page"]["next_cursor"]) == (5, 6, None)
    other = await accounts.add_logged_in()
    refused = await accounts.api.get(SAVED, params={"cursor": cursor}, headers=other.headers)
    assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (400, "cursor")


async def test_list_is_for_nobody_else_to_keep(accounts: Accounts, person: Person) -> None:
    assert (await accounts.api.get(SAVED, headers=person.headers)).headers["cache-control"] == "no-store"


async def test_saving_makes_no_work_for_the_indexer(accounts: Accounts, person: Person) -> None:
    property_id = await accounts.world.add_property()
    await accounts.sql("DELETE FROM search_outbox")
    await save(accounts, person, property_id)
    await save(accounts, person, property_id, "DELETE")
    assert await accounts.sql("SELECT * FROM search_outbox") == []


async def test_list_takes_as_many_statements_for_many_as_for_few(accounts: Accounts, person: Person) -> None:
    counts = []
    for many in (1, 10):
        for _ in range(many):
            property_id = await accounts.world.add_property()
            await accounts.sql("INSERT INTO amenities (property_id, name) VALUES (:id, 'pool')", id=property_id)
            await save(accounts, person, property_id)
        with record_statements() as statements:
            answer = await accounts.api.get(SAVED, headers=person.headers)
        assert [item["amenities"] for item in answer.json()["items"]][:many] == [["pool"]] * many
        counts.append(len(statements))
    assert counts[0] == counts[1] == 3  # who it is, the page, the total
