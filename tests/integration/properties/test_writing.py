"""Creating, changing and removing properties over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from tests.integration.accounts.conftest import Accounts, Person
from tests.integration.properties.conftest import HOUSE, PROPERTIES, Listings
from tests.statements import record_statements

WHOLE: dict[str, Any] = {
    "title": "Bungalow with a garden",
    "description": "Two floors.\nQuiet.",
    "property_type": "house",
    "listing_type": "rent",
    "price": 9_999_999_999.99,
    "bedrooms": 4,
    "bathrooms": 2.5,
    "square_meters": 120.25,
    "address": "Ngong Road 7",
    "neighborhood": "Karen",
    "city": "Nairobi",
    "latitude": -1.31972,
    "longitude": 36.70726,
    "year_built": 1998,
    "status": "draft",
    "amenities": ["borehole", "garden"],
    "features": ["mountain view"],
}


async def test_created_property_is_what_was_sent(listings: Listings, owner: Person) -> None:
    response = await listings.request("POST", PROPERTIES, owner, WHOLE)
    assert response.status_code == 201
    created = response.json()
    assert {name: created[name] for name in WHOLE} == WHOLE
    assert (created["user_id"], created["view_count"], created["is_featured"]) == (str(owner.id), 0, False)
    assert response.headers["location"] == f"{PROPERTIES}/{created['id']}"
    read = await listings.request("GET", response.headers["location"], owner)
    assert (read.json(), read.headers["etag"]) == (created, response.headers["etag"])


async def test_property_is_on_the_market_at_once(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner)
    assert (await listings.request("GET", path)).json()["status"] == "active"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_what_is_left_out_stays_and_null_empties(listings: Listings, owner: Person, method: str) -> None:
    path = await listings.offer(owner, **WHOLE)
    before = (await listings.request("GET", path, owner)).json()
    response = await listings.request(method, path, owner, {"price": 5, "description": None, "features": []})
    after = response.json()
    assert response.status_code == 200
    changed = {name: value for name, value in after.items() if value != before[name]}
    assert changed.pop("updated_at") > before["updated_at"]
    assert changed == {"price": 5, "description": None, "features": []}
    assert (await listings.request("GET", path, owner)).json() == after


async def test_words_are_replaced_as_a_whole_and_texts_are_trimmed(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, title="  Bungalow ", amenities=[" pool ", "garden"])
    changed = await listings.change(path, owner, amenities=["lift", "pool"])
    assert (changed["title"], changed["amenities"]) == ("Bungalow", ["lift", "pool"])


async def test_nothing_is_written_where_nothing_differs(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, **WHOLE)
    events, before = await listings.count_events(), (await listings.request("GET", path, owner)).json()
    same = {name: value for name, value in WHOLE.items() if name != "amenities"}
    assert await listings.change(path, owner, **same, amenities=["garden", "borehole"]) == before
    assert await listings.count_events() == events


async def test_one_edit_makes_one_event(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, **WHOLE, is_featured=False)
    assert await listings.count_events() == 1
    await listings.change(path, owner, price=1, amenities=["pool"], features=["sea view"])
    assert await listings.count_events() == 2


async def test_removed_property_is_gone_with_all_that_hung_on_it(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, **WHOLE)
    await listings.change(path, owner, status="active")
    assert (await listings.request("DELETE", path, owner)).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await listings.request(method, path, owner)).status_code == 404
    for table in ("properties", "amenities", "features", "price_changes"):
        assert await listings.sql(f"SELECT 1 FROM {table}") == []


NUMBERS = ["price", "bedrooms", "bathrooms", "square_meters", "latitude", "longitude", "year_built"]


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("title", "", "must be text of 1 to 255 characters on one line"),
        ("title", "   ", "must be text"),
        ("title", "a" * 256, "must be text"),
        ("title", "a\x00b", "must be text"),
        ("title", "a\nb", "must be text"),
        ("title", "a\x85b", "must be text"),
        ("title", None, "must be text"),
        ("description", "a\x00b", "without control characters"),
        ("description", "a" * 10_001, "10,000 characters at most"),
        ("property_type", "hut", "must be one of apartment, commercial, house, land, townhouse"),
        ("listing_type", "swap", "must be one of rent, sale"),
        ("price", 0, "above 0"),
        ("price", -1, "above 0"),
        ("price", 1e10, "up to 9,999,999,999.99"),
        ("price", 9_999_999_999.995, "9,999,999,999.99"),
        ("price", 1.005, "must have 2 decimals at most"),
        ("price", 1e-7, "with two decimals at most"),
        ("price", 10**40, "up to 9,999,999,999.99"),
        ("bedrooms", 101, "0 to 100"),
        ("bedrooms", 1.5, "whole number"),
        ("bathrooms", 1.255, "must have 2 decimals at most"),
        ("bathrooms", 99.5, "0 to 99"),
        ("square_meters", 0, "above 0"),
        ("square_meters", 1e8, "99,999,999.99"),
        ("year_built", 1499, "1500"),
        ("year_built", 2100, "at most"),
        ("address", "a" * 256, "255"),
        ("neighborhood", "a" * 101, "100"),
        ("city", "", "100"),
        ("status", "gone", "must be one of active, draft"),
        ("amenities", ["a"] * 51, "at most 50"),
        ("amenities", ["a" * 101], "1 to 100"),
        ("features", [" "], "1 to 100"),
        ("features", "pool", "a list"),
        ("amenities", None, "a list"),
        ("is_featured", True, "administrators only"),
        *((field, "5", "must be") for field in NUMBERS),
        *((field, True, "must be") for field in NUMBERS),
    ],
)
async def test_bad_value_is_named(listings: Listings, owner: Person, field: str, value: object, detail: str) -> None:
    path = await listings.offer(owner)
    for method, where in (("POST", PROPERTIES), ("PATCH", path)):
        faults = await listings.refuse(method, where, owner, HOUSE | {field: value})
        assert {pointer.split("/")[1] for pointer in faults} == {field}
        assert any(detail in said for said in faults.values())


@pytest.mark.parametrize("field", ["user_id", "view_count", "source", "source_id", "search_version", "id", "images"])
async def test_what_nobody_may_set_is_refused_by_name(listings: Listings, owner: Person, field: str) -> None:
    admin = await listings.accounts.add_logged_in("admin")
    path = await listings.offer(owner)
    for person in (owner, admin):
        for method, where in (("POST", PROPERTIES), ("PUT", path)):
            faults = await listings.refuse(method, where, person, HOUSE | {field: None})
            assert "is not a field here" in faults[f"/{field}"]


async def test_only_administrators_feature(listings: Listings, owner: Person) -> None:
    admin = await listings.accounts.add_logged_in("admin")
    path = await listings.offer(owner)
    assert (await listings.change(path, admin, is_featured=True))["is_featured"]
    assert (await listings.change(path, owner, is_featured=True, price=7))["price"] == 7
    assert "/is_featured" in await listings.refuse("PATCH", path, owner, {"is_featured": False})


async def test_all_faults_are_named_at_once(listings: Listings, owner: Person) -> None:
    faults = await listings.refuse(
        "POST",
        PROPERTIES,
        owner,
        {
            "title": "",
            "property_type": "land",
            "price": 0.001,
            "bedrooms": 2,
            "latitude": 1.5,
            "amenities": ["pool", "garden", "Pool "],
            "colour": "blue",
        },
    )
    assert faults.keys() == {
        "/title", "/listing_type", "/price", "/bedrooms", "/longitude", "/amenities/2", "/colour"
    }  # fmt: skip
    assert faults["/bedrooms"] == "must be 0 or null: land has no bedrooms"
    assert faults["/longitude"] == "is needed: latitude and longitude go together"


async def test_values_are_held_against_the_rest_of_the_property(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, bedrooms=3, latitude=-1.3, longitude=36.8)
    assert (await listings.refuse("PATCH", path, owner, {"property_type": "land"})).keys() == {"/bedrooms"}
    assert (await listings.refuse("PATCH", path, owner, {"latitude": None})).keys() == {"/latitude"}
    changed = await listings.change(path, owner, property_type="land", bedrooms=None, latitude=None, longitude=None)
    assert (changed["property_type"], changed["bedrooms"], changed["latitude"]) == ("land", None, None)


async def test_word_is_the_same_however_its_accents_are_typed(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, amenities=["cafe\u0301"])
    assert (await listings.request("GET", path)).json()["amenities"] == ["caf\u00e9"]
    faults = await listings.refuse("PUT", path, owner, {"features": ["caf\u00e9", "CAFE\u0301 ", "\u0958" * 51]})
    assert faults == {
        "/features/1": "is in the list already",
        "/features/2": "must have 100 characters at most",
    }


async def test_status_goes_only_where_the_table_allows(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, status="draft")
    faults = await listings.refuse("PATCH", path, owner, {"status": "sold"}, 409)
    assert faults == {
        "/status": "cannot go from draft to sold where listing_type is sale; it can go to active, withdrawn"
    }
    for status in ("active", "under_offer", "sold"):
        assert (await listings.change(path, owner, status=status))["status"] == status


async def test_rent_is_never_sold_and_a_sale_never_let(listings: Listings, owner: Person) -> None:
    rent, sale = await listings.offer(owner, listing_type="rent"), await listings.offer(owner)
    assert (await listings.request("PATCH", rent, owner, {"status": "sold"})).status_code == 409
    assert (await listings.request("PATCH", sale, owner, {"status": "let"})).status_code == 409
    await listings.change(sale, owner, status="sold")
    refused = await listings.request("PATCH", sale, owner, {"listing_type": "rent"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (409, "/listing_type")


async def test_all_that_does_not_go_with_what_is_there_is_named_at_once(listings: Listings, owner: Person) -> None:
    path = await listings.offer(owner, bedrooms=3)
    faults = await listings.refuse(
        "PUT", path, owner, {"property_type": "land", "status": "let", "is_featured": True, "latitude": 1}
    )
    assert faults.keys() == {"/bedrooms", "/status", "/is_featured", "/longitude"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"title": "\xff"}', b'{"title": "\\ud800"}', b'{"price": 1e999}'])
async def test_body_that_is_no_object_is_refused(accounts: Accounts, owner: Person, body: bytes) -> None:
    headers = {**owner.headers, "Content-Type": "application/json"}
    response = await accounts.api.post(PROPERTIES, content=body, headers=headers)
    assert (response.status_code, response.json()["type"]) == (400, "urn:nyumba:problem:malformed-body")


async def test_body_that_is_too_large_is_refused(accounts: Accounts, owner: Person) -> None:
    response = await accounts.api.post(PROPERTIES, json=HOUSE | {"description": "x" * 200_000}, headers=owner.headers)
    assert response.status_code == 413
    assert response.json()["detail"] == "the body must have 131,072 bytes or less"


async def test_longest_body_that_is_allowed_fits(listings: Listings, owner: Person) -> None:
    words = [f"{number:02}" + "é" * 98 for number in range(50)]
    path = await listings.offer(owner, title="é" * 255, description="é" * 10_000, amenities=words, features=words)
    assert (await listings.request("GET", path)).json()["features"] == sorted(words)


async def test_reads_and_writes_take_as_many_statements_with_many_words_as_with_few(
    listings: Listings, owner: Person
) -> None:
    path = await listings.offer(owner)
    counts = []
    for words in (["one"], [f"word {number}" for number in range(50)]):
        with record_statements() as written:
            await listings.change(path, owner, amenities=words, features=words)
        property_id = UUID(path.rsplit("/", 1)[1])
        for number in range(len(words)):
            await listings.sql(
                "INSERT INTO property_images (property_id, url, display_order) VALUES (:id, 'https://x.test/', :n)",
                id=property_id,
                n=number,
            )
        with record_statements() as read:
            await listings.request("GET", path)
        counts.append((len(written), len(read)))
    assert counts[0] == counts[1]
    assert counts[0][1] == 4
