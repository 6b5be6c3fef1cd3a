"""ETag, If-Match and If-None-Match: no edit undoes another unseen."""

import asyncio
from uuid import UUID

import pytest

from tests.integration.accounts.conftest import Person
from tests.integration.properties.conftest import HOUSE, PROPERTIES, Listings


async def read_tag(listings: Listings, path: str) -> str:
    return str((await listings.request("GET", path)).headers["etag"])


async def test_of_twenty_writers_with_one_tag_one_wins(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    tag = await read_tag(listings, path)
    writers = [listings.request("PUT", path, owner, {"price": n}, if_match=tag) for n in range(1, 21)]
    answers = await asyncio.gather(*writers)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert (await listings.request("GET", path)).json()["price"] == winner.json()["price"]
    assert await read_tag(listings, path) == winner.headers["etag"]


async def test_without_a_condition_all_writers_win(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    answers = await asyncio.gather(*(listings.request("PUT", path, owner, {"price": n}) for n in range(1, 21)))
    assert {answer.status_code for answer in answers} == {200}
    history = (await listings.request("GET", f"{path}/history")).json()
    assert history["total"]["value"] == 21
    items = history["items"]
    assert [item["previous_price"] for item in items[:-1]] == [item["price"] for item in items[1:]]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_stale_tag_is_refused_and_a_current_one_is_not(listings: Listings, owner: Person, method: str) -> None:
    path = await listings.offer(owner)
    stale = await read_tag(listings, path)
    await listings.change(path, owner, title="Another")
    current = await read_tag(listings, path)
    body = None if method == "DELETE" else {"price": 1}
    refused = await listings.request(method, path, owner, body, if_match=stale)
    assert (refused.status_code, refused.json()["type"]) == (412, "urn:nyumba:problem:precondition-failed")
    assert (await listings.request("GET", path)).json()["price"] == HOUSE["price"]
    assert (await listings.request(method, path, owner, body, if_match=f"{stale}, {current}")).status_code < 300


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE properties SET title = 'Another' WHERE id = :id",
        "UPDATE properties SET is_featured = true WHERE id = :id",
        "INSERT INTO amenities (property_id, name) VALUES (:id, 'pool')",
        "DELETE FROM features WHERE property_id = :id",
        "INSERT INTO property_images (property_id, url, display_order) VALUES (:id, 'https://x.test/2', 9)",
        "UPDATE property_images SET url = 'https://x.test/3' WHERE property_id = :id",
    ],
)
async def test_tag_changes_with_all_that_is_shown(listings: Listings, owner: Person, change: str) -> None:
    path = await listings.offer(owner, features=["sea view"])
    property_id = UUID(path.rsplit("/", 1)[1])
    await listings.sql(
        "INSERT INTO property_images (property_id, url, is_primary) VALUES (:id, 'https://x.test/1', true)",
        id=property_id,
    )
    before = await read_tag(listings, path)
    assert before == await read_tag(listings, path)
    await listings.sql(change, id=property_id)
    assert await read_tag(listings, path) != before


async def test_visitors_make_no_edit_stale(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    tag = await read_tag(listings, path)
    await listings.sql("UPDATE properties SET view_count = view_count + 1")
    assert (await listings.request("GET", path)).json()["view_count"] == 1
    assert (await listings.request("PUT", path, owner, {"price": 1}, if_match=tag)).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_lines_of_one_condition_are_one_list(listings: Listings, owner: Person, method: str) -> None:
    path = await listings.offer(owner)
    tag = await read_tag(listings, path)
    for lines, code in ((["*", tag], 400), (['"x"', '"y"'], 412), (['"x"', tag], 204 if method == "DELETE" else 200)):
        headers = [
            *owner.headers.items(),
            ("Content-Type", "application/json"),
            *(("If-Match", line) for line in lines),
        ]
        content = b"{}" if method == "PUT" else None
        answer = await listings.accounts.api.request(method, path, content=content, headers=headers)
        assert answer.status_code == code


async def test_star_matches_whatever_is_there(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    assert (await listings.request("PUT", path, owner, {"price": 1}, if_match="*")).status_code == 200
    assert (await listings.request("DELETE", path, owner, if_match="*")).status_code == 204
    assert (await listings.request("DELETE", path, owner, if_match="*")).status_code == 404


async def test_weak_tag_never_matches(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    tag = await read_tag(listings, path)
    assert (await listings.request("PUT", path, owner, {"price": 1}, if_match=f"W/{tag}")).status_code == 412


@pytest.mark.parametrize("condition", ["", "abc", "'abc'", '"abc', '"a" "b"', '*, "a"', "W/*", '"' * 999])
async def test_condition_that_cannot_be_read_is_refused(listings: Listings, owner: Person, condition: str) -> None:
    path = await listings.offer(owner)
    refused = await listings.request("PUT", path, owner, {"price": 1}, if_match=condition)
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:nyumba:problem:malformed-header")


async def test_body_comes_once_for_a_tag(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    tag = await read_tag(listings, path)
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = await listings.request("GET", path, if_none_match=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "private, no-cache"
    for other in ('"x"', "rubbish", tag.strip('"')):
        assert (await listings.request("GET", path, if_none_match=other)).status_code == 200
    await listings.change(path, owner, price=1)
    assert (await listings.request("GET", path, if_none_match=tag)).status_code == 200


async def test_strangers_learn_nothing_from_conditions(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, status="draft")
    other = await listings.accounts.add_logged_in("agent")
    assert (await listings.request("GET", path, if_none_match="*")).status_code == 404
    assert (await listings.request("PUT", path, other, {"price": 1}, if_match='"x"')).status_code == 404
    assert (await listings.request("POST", PROPERTIES, None, HOUSE, if_match='"x"')).status_code == 401
