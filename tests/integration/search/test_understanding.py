"""Typed queries over HTTP: they find what their filters find, and say so."""

from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from tests.conftest import World

Api = AsyncTestClient[Litestar]

TYPED = "2 bedroom apartment in kilimani under 80k with pool"
FILTERS = {
    "bedrooms": [2],
    "property_type": ["apartment"],
    "neighborhood": ["Kilimani"],
    "price_max": 80_000,
    "amenities": ["swimming pool"],
}


async def search(api: Api, **params: object) -> dict[str, Any]:
    response = await api.get("/api/v1/properties", params=params)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def list_ids(answer: dict[str, Any]) -> set[UUID]:
    return {UUID(item["id"]) for item in answer["items"]}


@pytest.fixture
async def market(world: World) -> World:
    """One flat that is asked for, and others that differ from it by one thing each; some say it in words alone."""
    ordinary = {
        "latitude": -1.29,
        "longitude": 36.78,
        "bedrooms": 2,
        "neighborhood": "kilimani",
        "city": "Nairobi",
        "price": 75_000,
    }
    changes: list[dict[str, object]] = [
        {},
        {"bedrooms": 3},
        {"property_type": "house"},
        {"neighborhood": "Lavington", "description": "near Kilimani"},
        {"price": 80_001},
        {"price": 80_000},
        {"title": "2 bedroom apartment in kilimani under 80k with pool", "bedrooms": 4},
    ]
    for change in changes:
        property_id = await world.add_property(**{**ordinary, **change})
        await world.sql("INSERT INTO amenities (property_id, name) VALUES (:id, 'Swimming Pool')", id=property_id)
    await world.add_property(**ordinary)
    await world.reindex()
    return world


async def test_typed_query_finds_what_its_filters_find(market: World, api: Api) -> None:
    typed, filtered = await search(api, search=TYPED), await search(api, **FILTERS)
    assert list_ids(typed) == list_ids(filtered)
    assert typed["total"] == filtered["total"] == {"value": 2, "relation": "eq"}
    assert typed["query"]["interpreted"][0] == {"text": "2 bedroom", "param": "bedrooms", "value": 2}
    assert typed["query"]["text"] is None
    assert FILTERS.items() <= typed["query"]["applied"].items()


async def test_facets_agree_with_those_of_the_filters(market: World, api: Api) -> None:
    facets = {"facets": "bedrooms,property_type,neighborhood,price,amenities"}
    typed, filtered = await search(api, search=TYPED, **facets), await search(api, **FILTERS, **facets)
    assert typed["facets"] == filtered["facets"]


async def test_map_and_export_understand_the_same(market: World, api: Api) -> None:
    box = {"bbox": "-180,-90,180,90", "zoom": 3}
    shown = [
        (await api.get("/api/v1/properties/map", params=box | chosen)).json() for chosen in ({"search": TYPED}, FILTERS)
    ]
    assert shown[0]["total"] == shown[1]["total"]
    by_price = [{**chosen, "sort": "price"} for chosen in ({"search": TYPED}, FILTERS)]
    files = [await api.get("/api/v1/properties/export", params=chosen) for chosen in by_price]
    assert [file.headers["total-count"] for file in files] == ["2", "2"]
    assert files[0].text == files[1].text


async def test_typed_query_is_words_alone_when_turned_off(market: World, api: Api) -> None:
    answer = await search(api, search=TYPED, interpret="off")
    assert answer["query"] | {"applied": None} == {
        "text": TYPED, "applied": None, "interpreted": [], "overridden": []
    }  # fmt: skip
    assert [item["bedrooms"] for item in answer["items"]] == [4]


async def test_explicit_parameters_win(market: World, api: Api) -> None:
    answer = await search(api, search="2 bedroom apartment under 80k", bedrooms=3, price_min=1)
    assert {item["bedrooms"] for item in answer["items"]} == {3}
    assert [entry["param"] for entry in answer["query"]["interpreted"]] == ["property_type"]
    assert "price_max" not in answer["query"]["applied"]
    assert answer["query"]["overridden"] == [
        {"text": "2 bedroom", "param": "bedrooms", "value": 2},
        {"text": "under 80k", "param": "price_max", "value": 80_000},
    ]


async def test_no_word_is_overridden_where_no_parameter_is_given(market: World, api: Api) -> None:
    assert (await search(api, search=TYPED, amenities="gym", listing_type="rent"))["query"]["overridden"] == []


async def test_pages_of_a_typed_query_go_on(market: World, api: Api) -> None:
    first = await search(api, search="apartment in kilimani", limit=2)
    second = await search(api, search="apartment in kilimani", limit=2, cursor=first["page"]["next_cursor"])
    assert not list_ids(first) & list_ids(second)


async def test_relaxations_of_a_typed_query_come_true(market: World, api: Api) -> None:
    answer = await search(api, search="5 bedroom apartment kilimani", include="suggestions")
    assert answer["total"]["value"] == 0
    assert answer["suggestions"]["relaxations"]
    for relaxation in answer["suggestions"]["relaxations"]:
        followed = await search(api, **relaxation["params"])
        assert followed["total"]["value"] == relaxation["count"]


async def test_town_around_a_city_is_found_in_either_column(world: World, api: Api) -> None:
    wanted = {
        await world.add_property(city="Syokimau"),
        await world.add_property(neighborhood="SYOKIMAU", city="Nairobi"),
    }
    await world.add_property(neighborhood="Karen", city="Nairobi", description="not in Syokimau")
    await world.reindex()
    assert list_ids(await search(api, search="syokimao apartments")) == wanted
    assert list_ids(await search(api, place="syokimau")) == wanted


@pytest.mark.parametrize("written", ["Langata", "Lang'ata", "LANG’ATA", "lang'ata"])
async def test_spelling_of_a_place_in_a_row_does_not_hide_it(world: World, api: Api, written: str) -> None:
    property_id = await world.add_property(neighborhood=written)
    await world.reindex()
    assert list_ids(await search(api, search="flat langata")) == {property_id}


async def test_same_search_in_a_body(market: World, api: Api) -> None:
    response = await api.post("/api/v1/properties/search", json={"search": TYPED})
    assert response.json()["total"]["value"] == 2


async def test_did_you_mean_is_proposed_when_it_finds_something_and_holds(market: World, api: Api) -> None:
    empty = await search(api, search="apartment klmani", include="suggestions")
    assert empty["total"]["value"] == 0
    meant = empty["suggestions"]["did_you_mean"]
    assert meant == "apartment kilimani"
    assert (await search(api, search=meant))["total"]["value"] > 0


@pytest.mark.parametrize("typed", ["apartment kilimani", "apartment ngra", "apartment zzqxjvwk"])
async def test_did_you_mean_is_not_proposed_when_it_would_not_help(market: World, api: Api, typed: str) -> None:
    answer = await search(api, search=typed, include="suggestions")
    assert answer["suggestions"]["did_you_mean"] is None
