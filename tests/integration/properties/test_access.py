"""Who may offer, see, change and remove properties."""

from uuid import uuid4

import pytest

from tests.integration.accounts.conftest import Person
from tests.integration.properties.conftest import HOUSE, PROPERTIES, Listings

PRIVATE = ("draft", "sold", "let", "withdrawn", "expired")
BODIES = {"PUT": {"price": 1}, "PATCH": {"price": 1}, "DELETE": None}


@pytest.mark.parametrize(("role", "code"), [("buyer", 403), ("seller", 201), ("agent", 201), ("admin", 201)])
async def test_buyers_offer_nothing(listings: Listings, role: str, code: int) -> None:
    person = await listings.accounts.add_logged_in(role)
    assert (await listings.request("POST", PROPERTIES, person, HOUSE)).status_code == code


@pytest.mark.parametrize("status", PRIVATE)
async def test_owner_and_admins_see_what_is_off_the_market(listings: Listings, owner: Person, status: str) -> None:
    path = await listings.offer(owner)
    await listings.sql("UPDATE properties SET status = :status", status=status)
    for person in (owner, await listings.accounts.add_logged_in("admin")):
        assert (await listings.request("GET", path, person)).json()["status"] == status
    missing = await listings.request("GET", f"{PROPERTIES}/{uuid4()}")
    for stranger in (None, await listings.accounts.add_logged_in("agent")):
        foreign = await listings.request("GET", path, stranger)
        assert foreign.status_code == missing.status_code == 404
        assert foreign.json().keys() == missing.json().keys()


@pytest.mark.parametrize("method", BODIES)
@pytest.mark.parametrize("role", ["buyer", "seller", "agent"])
async def test_others_get_403_for_a_public_property_and_404_for_a_private_one(
    listings: Listings, owner: Person, method: str, role: str
) -> None:
    path = await listings.offer(owner)
    other = await listings.accounts.add_logged_in(role)
    for status in ("active", "under_offer"):
        await listings.sql("UPDATE properties SET status = :status", status=status)
        assert (await listings.request(method, path, other, BODIES[method])).status_code == 403
    missing_id = str(uuid4())
    missing = await listings.request(method, f"{PROPERTIES}/{missing_id}", other, BODIES[method])
    for status in PRIVATE:
        await listings.sql("UPDATE properties SET status = :status", status=status)
        foreign = await listings.request(method, path, other, BODIES[method])
        assert (foreign.status_code, foreign.text.replace(path.rsplit("/", 1)[1], missing_id)) == (404, missing.text)
    assert await listings.sql("SELECT price FROM properties") == [(HOUSE["price"],)]


@pytest.mark.parametrize("method", BODIES)
async def test_admins_may_what_owners_may(listings: Listings, owner: Person, method: str) -> None:
    path = await listings.offer(owner, status="draft")
    admin = await listings.accounts.add_logged_in("admin")
    assert (await listings.request(method, path, admin, BODIES[method])).status_code < 300


@pytest.mark.parametrize("method", ["POST", *BODIES])
async def test_writing_takes_a_good_token(listings: Listings, owner: Person, method: str) -> None:
    path = await listings.offer(owner)
    where = PROPERTIES if method == "POST" else path
    assert (await listings.request(method, where, None, BODIES.get(method))).status_code == 401
    await listings.sql("UPDATE users SET is_active = false WHERE id = :id", id=owner.id)
    assert (await listings.request(method, where, owner, BODIES.get(method, HOUSE))).status_code == 401


@pytest.mark.parametrize("path", ["", "/history"])
async def test_token_that_is_sent_must_be_good(listings: Listings, owner: Person, path: str) -> None:
    address = await listings.offer(owner) + path
    assert (await listings.request("GET", address)).status_code == 200
    assert (await listings.request("GET", address, authorization="Bearer rubbish")).status_code == 401
