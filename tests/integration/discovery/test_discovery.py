"""Similar, trending and featured listings over HTTP."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient

from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import serve

PROPERTIES = "/api/v1/properties"
KILIMANI = {"neighborhood": "Kilimani", "city": "Nairobi", "latitude": -1.2893, "longitude": 36.7869}
NEARBY = KILIMANI | {"latitude": -1.2921}


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[AsyncClient]:
    async with serve(settings) as client:
        yield client


async def read(api: AsyncClient, path: str, **parameters: object) -> dict[str, Any]:
    answer = await api.get(f"{PROPERTIES}/{path}", params=parameters)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def find_similar(api: AsyncClient, property_id: UUID, limit: int = 50) -> list[UUID]:
    body = await read(api, f"{property_id}/similar", limit=limit)
    return [UUID(item["id"]) for item in body["items"]]


@pytest.mark.parametrize(
    "listing",
    [
        {"price": 80_000, "bedrooms": 2, **KILIMANI},
        {"price": 80_000, "bedrooms": 2, "neighborhood": "Kilimani", "city": "Nairobi"},
        {"price": 9_999_999_999, **KILIMANI},
        {"price": 0.05},
        {"price": 6_000_000, "property_type": "land", "listing_type": "sale", "title": "Plot", "square_meters": 500},
    ],
    ids=["ordinary", "without coordinates", "dearest", "cheapest", "land"],
)
async def test_similar_is_of_the_same_market_and_never_itself(
    world: World, api: AsyncClient, listing: dict[str, Any]
) -> None:
    other_market = "rent" if listing.get("listing_type") == "sale" else "sale"
    itself = await world.add_property(**listing)
    twins = {await world.add_property(**listing) for _ in range(3)}
    for change in (
        {"listing_type": other_market, "property_type": "house"},
        {"status": "withdrawn"},
        {"status": "under_offer"},
        {"price": float(listing["price"]) / 2.5},
    ):
        await world.add_property(**listing | change)
    await world.reindex()
    assert set(await find_similar(api, itself)) == twins


async def test_the_more_alike_comes_first_with_two_reasons(world: World, api: AsyncClient) -> None:
    flat = {"price": 80_000, "bedrooms": 2, "bathrooms": 2, "square_meters": 90}
    itself = await world.add_property(**flat, **KILIMANI)
    twin = await world.add_property(**flat, **NEARBY)
    larger = await world.add_property(**flat | {"bedrooms": 4, "price": 140_000}, **NEARBY)
    elsewhere = await world.add_property(
        **flat | {"property_type": "house"}, neighborhood="Nyali", city="Mombasa", latitude=-4.03, longitude=39.7
    )
    await world.reindex()
    body = await read(api, f"{itself}/similar")
    assert [UUID(item["id"]) for item in body["items"]] == [twin, larger, elsewhere]
    assert body["items"][0]["match"]["reasons"] == ["also an apartment", "0.3 km away"]
    scores = [item["match"]["score"] for item in body["items"]]
    assert scores == sorted(scores, reverse=True)


async def test_what_its_owner_has_hidden_is_not_similar_while_the_index_is_behind(
    world: World, api: AsyncClient
) -> None:
    itself, hidden, shown = [await world.add_property(**KILIMANI) for _ in range(3)]
    await world.reindex()
    await world.sql("UPDATE properties SET status = 'withdrawn' WHERE id = :id", id=hidden)
    assert await find_similar(api, itself) == [shown]


async def test_similar_to_what_nobody_may_see_is_not_found(world: World, api: AsyncClient) -> None:
    draft = await world.add_property(status="draft")
    await world.reindex()
    for property_id in (draft, uuid4()):
        assert (await api.get(f"{PROPERTIES}/{property_id}/similar")).status_code == 404


async def set_trend(world: World, property_id: UUID, trending: float) -> None:
    await world.sql(
        "INSERT INTO property_trends (property_id, score, weight, trending, popularity)"
        " VALUES (:id, :trending, 1, :trending, 0)",
        id=property_id,
        trending=trending,
    )


async def test_trending_comes_first_and_then_the_newest(world: World, api: AsyncClient) -> None:
    old, hot, new, warm = [await world.add_property(created_at=when) for when in await draw_times(world, 4)]
    await set_trend(world, hot, 900.5)
    await set_trend(world, warm, 900)
    await world.reindex()
    body = await read(api, "trending")
    assert [UUID(item["id"]) for item in body["items"]] == [hot, warm, new, old]
    assert body["scope"] == "everywhere"


async def draw_times(world: World, many: int) -> list[object]:
    rows = await world.sql("SELECT now() - interval '1 day' * (:many - n) FROM generate_series(1, :many) n", many=many)
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("asked", "scope", "many"),
    [
        ({"neighborhood": "kilimani"}, "neighborhood", 1),
        ({"neighborhood": "Nowhere", "city": "Nairobi"}, "city", 2),
        ({"neighborhood": "Nowhere"}, "everywhere", 3),
        ({"city": "Nowhere"}, "everywhere", 3),
    ],
)
async def test_trending_is_never_empty_while_there_are_listings(
    world: World, api: AsyncClient, asked: dict[str, str], scope: str, many: int
) -> None:
    await world.add_property(**KILIMANI)
    await world.add_property(city="Nairobi", neighborhood="Karen")
    await world.add_property(city="Mombasa")
    await world.reindex()
    body = await read(api, "trending", **asked)
    assert (body["scope"], len(body["items"])) == (scope, many)


async def test_featured_are_labelled_and_search_keeps_its_order(world: World, api: AsyncClient) -> None:
    when = await draw_times(world, 3)
    listings = [
        await world.add_property(created_at=at, is_featured=featured, title="Sunny flat")
        for at, featured in zip(when, (True, False, True), strict=True)
    ]
    await world.add_property(is_featured=True, status="under_offer")
    await world.reindex()
    body = await read(api, "featured")
    assert {UUID(item["id"]) for item in body["items"]} == {listings[0], listings[2]}
    assert all(item["promoted"] for item in body["items"])
    for parameters in ({}, {"search": "sunny"}):
        organic = (await api.get(PROPERTIES, params=parameters)).json()["items"]
        assert [UUID(item["id"]) for item in organic] == listings[::-1]
        assert not any(item["promoted"] for item in organic)


@pytest.mark.parametrize("path", ["trending", "featured", f"{UUID(int=1)}/similar"])
async def test_unknown_parameter_is_named(api: AsyncClient, path: str) -> None:
    answer = await api.get(f"{PROPERTIES}/{path}", params={"limt": 3})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "limt"
