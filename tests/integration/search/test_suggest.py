"""Suggestions over HTTP: what is on the market and begins so, with parameters that find it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import AsyncTestClient

from tests.conftest import World

Api = AsyncTestClient[Litestar]


async def suggest(api: Api, q: str, **params: object) -> dict[str, list[dict[str, Any]]]:
    response = await api.get("/api/v1/properties/suggest", params={"q": q, **params})
    assert response.status_code == 200, response.text
    groups: dict[str, list[dict[str, Any]]] = response.json()
    assert groups.keys() == {"places", "properties", "agents"}
    return groups


def texts(group: list[dict[str, Any]]) -> list[str]:
    return [entry["text"] for entry in group]


@pytest.fixture
async def market(world: World) -> World:
    wanjiku, kilonzo = await world.add_user("Wanjiku Kamau"), await world.add_user("Kilonzo Mutua")
    private = await world.add_user("Kiliana Private", role="seller")
    away = await world.add_user("Kilele Nyamai")
    await world.sql("INSERT INTO agent_profiles (user_id) SELECT id FROM users WHERE role = 'agent'")
    await world.sql("UPDATE agent_profiles SET company_name = 'Baraka Homes' WHERE user_id = :id", id=wanjiku)
    await world.sql("UPDATE users SET is_active = false WHERE id = :id", id=away)
    without_profile = await world.add_user("Kilima Njaro")
    for _ in range(3):
        await world.add_property(wanjiku, title="Kilima view flat", neighborhood="Kilimani", city="Nairobi")
    await world.add_property(kilonzo, title="Cosy bungalow", neighborhood="Milimani", city="Kisumu")
    for title in ("Garden house", "Small house"):
        await world.add_property(kilonzo, title=title, neighborhood="Milimani", city="Nakuru")
    await world.add_property(kilonzo, neighborhood="milimani", city="NAKURU")
    await world.add_property(kilonzo, title="Beach villa", city="Kilifi", address="Off Rhapta Road")
    for hidden in (away, without_profile):
        await world.add_property(hidden, title="Office", city="Mombasa")
    await world.add_property(private, title="Kilometre away", city="Kilgoris", status="under_offer")
    await world.add_property(private, title="Kileleshwa drafts", neighborhood="Kileleshwa", status="draft")
    sold = await world.add_property(kilonzo, title="Kilmarnock sold", neighborhood="Kilmarnock", city="Kilmarnock")
    await world.reindex()
    await world.sql("UPDATE properties SET status = 'sold', listing_type = 'sale' WHERE id = :id", id=sold)
    await world.processor.drain()
    await world.elastic.indices.refresh(index=world.alias)
    return world


async def test_letters_become_places_titles_and_agents(market: World, api: Api) -> None:
    groups = await suggest(api, "kil")
    assert texts(groups["places"]) == ["Kilimani, Nairobi", "Kilifi"]
    assert texts(groups["properties"]) == ["Kilima view flat"]
    assert texts(groups["agents"]) == ["Kilonzo Mutua"]


async def test_one_name_in_two_cities_is_two_places(market: World, api: Api) -> None:
    places = (await suggest(api, "milim"))["places"]
    assert [(place["text"], place["count"]) for place in places[:2]] == [
        ("Milimani, Nakuru", 3),
        ("Milimani, Kisumu", 1),
    ]


@pytest.mark.parametrize("typed", ["milimani nakuru", "Milimani, Nakuru", "nakuru milim", "nakru milimani"])
async def test_neighborhood_is_found_beside_its_city(market: World, api: Api, typed: str) -> None:
    places = (await suggest(api, typed))["places"]
    assert [(place["text"], place["count"]) for place in places] == [("Milimani, Nakuru", 3)]


async def test_counts_are_the_totals_of_the_searches(market: World, api: Api) -> None:
    for q in ("kil", "milimani", "baraka", "nakuru"):
        groups = await suggest(api, q)
        assert groups["places"] + groups["agents"]
        for entry in groups["places"] + groups["agents"]:
            answer = (await api.get("/api/v1/properties", params=entry["params"])).json()
            assert answer["total"]["value"] == entry["count"]


async def test_title_finds_its_property(market: World, api: Api) -> None:
    for q in ("kilima", "bungal", "beach v"):
        [found] = (await suggest(api, q))["properties"]
        answer = (await api.get("/api/v1/properties", params=found["params"])).json()
        assert found["id"] in {item["id"] for item in answer["items"]}


async def test_address_finds_its_property_and_titles_come_first(market: World, api: Api) -> None:
    [found] = (await suggest(api, "rhapta r"))["properties"]
    assert found["text"] == "Off Rhapta Road"
    answer = (await api.get("/api/v1/properties", params=found["params"])).json()
    assert [item["id"] for item in answer["items"]] == [found["id"]]
    await market.add_property(title="Rhapta flat", address="Rhapta Road 7")
    await market.processor.drain()
    await market.elastic.indices.refresh(index=market.alias)
    assert texts((await suggest(api, "rhapta"))["properties"]) == ["Rhapta flat", "Off Rhapta Road"]


@pytest.mark.parametrize(
    ("typed", "place"),
    [("kilmani", "Kilimani, Nairobi"), ("KÍLI", "Kilimani, Nairobi"), ("kilfi", "Kilifi"), ("nakru", "Nakuru")],
)
async def test_mistyped_letters_are_forgiven(market: World, api: Api, typed: str, place: str) -> None:
    assert place in texts((await suggest(api, typed))["places"])


async def test_agents_are_found_by_company_and_private_sellers_never(market: World, api: Api) -> None:
    assert texts((await suggest(api, "baraka"))["agents"]) == ["Wanjiku Kamau"]
    assert (await suggest(api, "kiliana"))["agents"] == []


@pytest.mark.parametrize("typed", ["kilmarnock", "kileleshwa", "kilometre", "kilgoris"])
async def test_only_what_is_on_the_market_is_suggested(market: World, api: Api, typed: str) -> None:
    groups = await suggest(api, typed)
    known = {"Kilimani, Nairobi", "Kilifi", "Kilima view flat", "Kilonzo Mutua"}
    assert {*texts(groups["places"]), *texts(groups["properties"]), *texts(groups["agents"])} <= known


async def test_groups_are_no_longer_than_asked_for(market: World, api: Api) -> None:
    assert all(len(group) <= 1 for group in (await suggest(api, "k", limit=1)).values())


@pytest.mark.parametrize("params", [{}, {"q": ""}, {"q": "a" * 101}, {"q": "a", "limit": 11}, {"q": "a", "size": 3}])
async def test_bad_parameter_is_named(world: World, api: Api, params: dict[str, object]) -> None:
    response = await api.get("/api/v1/properties/suggest", params=params)
    assert response.status_code == 400
    assert response.json()["errors"]


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=100))
async def test_any_text_gets_an_answer(market: World, api: Api, text: str) -> None:
    await suggest(api, text.encode("utf-8", "ignore").decode() or "x")
