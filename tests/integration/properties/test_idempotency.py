"""Idempotency-Key: a request that is sent again makes nothing new."""

import asyncio

import pytest
from httpx import Response

from tests.integration.accounts.conftest import Person
from tests.integration.properties.conftest import HOUSE, PROPERTIES, Listings


async def send(listings: Listings, person: Person, key: str, **values: object) -> Response:
    return await listings.request("POST", PROPERTIES, person, HOUSE | values, idempotency_key=key)


async def count(listings: Listings, table: str = "properties") -> int:
    return int((await listings.sql(f"SELECT count(*) FROM {table}"))[0][0])


async def test_fifty_parallel_requests_make_one_property(listings: Listings, owner: Person) -> None:
    answers = await asyncio.gather(*(send(listings, owner, "one", amenities=["pool"]) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.content, answer.headers["etag"], answer.headers["location"]) for answer in answers}) == 1
    assert await count(listings) == 1
    assert await listings.count_events() == 1


async def test_answer_is_that_of_the_first_time(listings: Listings, owner: Person) -> None:
    first = await send(listings, owner, "one")
    await listings.change(first.headers["location"], owner, price=1)
    again = await send(listings, owner, "one")
    assert (again.status_code, again.content, again.headers) == (201, first.content, first.headers)
    await listings.request("DELETE", first.headers["location"], owner)
    assert (await send(listings, owner, "one")).content == first.content
    assert await count(listings) == 0


async def test_another_body_is_refused_and_another_spelling_is_not(listings: Listings, owner: Person) -> None:
    await send(listings, owner, "one")
    refused = await send(listings, owner, "one", price=1)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:nyumba:problem:idempotency-key-reused")
    reordered = dict(reversed([*HOUSE.items(), ("bedrooms", None)]))
    assert (await listings.request("POST", PROPERTIES, owner, reordered, idempotency_key="one")).status_code == 201
    assert await count(listings) == 1


async def test_keys_belong_to_their_user(listings: Listings, owner: Person) -> None:
    other = await listings.accounts.add_logged_in("agent")
    mine, theirs = await send(listings, owner, "one"), await send(listings, other, "one", price=1)
    assert mine.json()["user_id"] != theirs.json()["user_id"]


async def test_refused_request_leaves_its_key_unused(listings: Listings, owner: Person) -> None:
    assert (await send(listings, owner, "one", price=0)).status_code == 400
    assert (await send(listings, owner, "one", is_featured=True)).status_code == 400
    assert (await send(listings, owner, "one")).status_code == 201


async def test_key_is_forgotten_after_a_day(listings: Listings, owner: Person) -> None:
    await send(listings, owner, "one")
    await listings.sql("UPDATE idempotency_keys SET created_at = now() - interval '23 hours 59 minutes'")
    await send(listings, owner, "one")
    assert await count(listings) == 1
    await listings.sql("UPDATE idempotency_keys SET created_at = now() - interval '24 hours'")
    assert (await send(listings, owner, "one", price=1)).status_code == 201
    assert (await count(listings), await count(listings, "idempotency_keys")) == (2, 1)


async def test_old_keys_of_anyone_go_in_passing(listings: Listings, owner: Person) -> None:
    for key in ("one", "two"):
        await send(listings, owner, key)
    await listings.sql("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    await send(listings, await listings.accounts.add_logged_in("agent"), "three")
    assert await listings.sql("SELECT key FROM idempotency_keys") == [("three",)]


async def test_without_a_key_each_request_makes_a_property(listings: Listings, owner: Person) -> None:
    assert await listings.offer(owner) != await listings.offer(owner)


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb", "é"])
async def test_bad_key_is_refused(listings: Listings, owner: Person, key: str) -> None:
    headers = [
        (b"idempotency-key", key.encode("latin-1")),
        *((n.encode(), v.encode()) for n, v in owner.headers.items()),
    ]
    refused = await listings.accounts.api.post(PROPERTIES, json=HOUSE, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:nyumba:problem:malformed-header")


@pytest.mark.parametrize("key", ["k", "k" * 255, '"8e03978e-40d5"', "a b~!"])
async def test_any_printable_key_is_good(listings: Listings, owner: Person, key: str) -> None:
    assert (await send(listings, owner, key)).content == (await send(listings, owner, key)).content
