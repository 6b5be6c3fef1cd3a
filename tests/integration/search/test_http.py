"""The search over HTTP: what it refuses, and how."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.app import create_app
from nyumba.settings import Settings
from tests.conftest import World

Api = AsyncTestClient[Litestar]


async def refuse(api: Api, **parameters: object) -> dict[str, str]:
    """Search, expect a refusal, and return what it says of each parameter."""
    response = await api.get("/api/v1/properties", params=parameters)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:nyumba:problem:invalid-request"
    return {error["parameter"]: error["detail"] for error in problem["errors"]}


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"price_mn": 1}, "price_mn"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": [1, 2]}, "limit"),
        ({"skip": -1}, "skip"),
        ({"skip": 9_990, "limit": 11}, "skip"),
        ({"property_type": "hut"}, "property_type"),
        ({"bedrooms": [2, -1]}, "bedrooms"),
        ({"price_min": "nan"}, "price_min"),
        ({"price_min": "null"}, "price_min"),
        ({"price_max": "1e400"}, "price_max"),
        ({"price_min": 2, "price_max": 1}, "price_min"),
        ({"search": "a" * 301}, "search"),
        ({"lat": 91, "lon": 0, "radius_m": 5}, "lat"),
        ({"lat": 1, "radius_m": 5}, "lon"),
        ({"radius_m": 5}, "lat"),
        ({"cursor": "rubbish"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
    ],
)
async def test_bad_parameter_is_named(world: World, api: Api, parameters: dict[str, Any], named: str) -> None:
    assert named in await refuse(api, **parameters)


@pytest.mark.parametrize("text", ["", "  ", "🔥🔥", "properties"])
async def test_text_that_asks_for_nothing_finds_everything(world: World, api: Api, text: str) -> None:
    await world.add_property()
    await world.reindex()
    found = (await api.get("/api/v1/properties", params={"search": text})).json()
    assert found == (await api.get("/api/v1/properties", params={"q": text})).json() | {
        "query_id": found["query_id"], "as_of": found["as_of"], "index_lag_ms": found["index_lag_ms"]
    }  # fmt: skip
    assert (found["total"]["value"], found["query"]["text"]) == (1, None)


async def test_all_bad_parameters_are_named_at_once(world: World, api: Api) -> None:
    problems = await refuse(api, limit=0, bedrooms="two", colour="blue", property_type="hut")
    assert problems.keys() == {"limit", "bedrooms", "colour", "property_type"}
    assert problems["limit"] == "must be a whole number from 1 to 100"
    assert "apartment, commercial, house, land, townhouse" in problems["property_type"]


async def test_cursor_of_another_query_is_refused(world: World, api: Api) -> None:
    for _ in range(3):
        await world.add_property()
    await world.reindex()
    page = (await api.get("/api/v1/properties", params={"limit": 1})).json()["page"]
    good = await api.get("/api/v1/properties", params={"limit": 2, "cursor": page["next_cursor"]})
    assert good.status_code == 200
    assert "cursor" in await refuse(api, cursor=page["next_cursor"], bedrooms=2)
    assert "skip" in await refuse(api, cursor=page["next_cursor"], skip=1)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=300))
async def test_typed_text_never_breaks_the_search(indexed_world: World, api: Api, text: str) -> None:
    response = await api.get("/api/v1/properties", params={"search": text.encode("utf-8", "ignore").decode() or "x"})
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("text", ['title:* OR "', '{"match_all":{}}', "') DROP TABLE properties; --", "* ? ~ ^ [ TO ]"])
async def test_typed_text_is_never_syntax(indexed_world: World, api: Api, text: str) -> None:
    response = await api.get("/api/v1/properties", params={"search": text})
    assert response.json()["total"]["value"] == 0


@pytest.fixture
async def indexed_world(world: World) -> World:
    await world.add_property(title="Bungalow with a garden")
    await world.reindex()
    return world


async def test_words_may_stand_in_different_fields(world: World, api: Api) -> None:
    property_id = await world.add_property(title="Bungalow", city="Kisumu", description="A big garden")
    await world.sql("INSERT INTO amenities (property_id, name) VALUES (:id, 'borehole')", id=property_id)
    await world.add_property(title="Bungalow", city="Nakuru")
    await world.reindex()
    answer = (await api.get("/api/v1/properties", params={"search": "kisumu bungalow borehole gardens"})).json()
    assert [item["id"] for item in answer["items"]] == [str(property_id)]
    assert "description" not in answer["items"][0]


async def test_title_counts_more_than_description(world: World, api: Api) -> None:
    await world.add_property(title="Flat", description="near a windmill")
    best = await world.add_property(title="Windmill", description="a flat")
    await world.reindex()
    answer = (await api.get("/api/v1/properties", params={"search": "windmill"})).json()
    assert answer["items"][0]["id"] == str(best)


async def test_search_before_the_first_reindex_is_unavailable(world: World, api: Api) -> None:
    response = await api.get("/api/v1/properties")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert response.json()["detail"] == "nothing has been indexed yet"


async def test_details_go_on_while_search_is_down(world: World, settings: Settings) -> None:
    property_id = await world.add_property()
    down = Settings(**{**_as_dict(settings), "elasticsearch_url": "http://127.0.0.1:1"})
    async with AsyncTestClient(create_app(down)) as api:
        search = await api.get("/api/v1/properties")
        detail = await api.get(f"/api/v1/properties/{property_id}")
        ready = await api.get("/health/ready")
    assert (search.status_code, search.headers["retry-after"]) == (503, "5")
    assert search.json()["type"] == "urn:nyumba:problem:search-unavailable"
    assert detail.status_code == 200
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")


def _as_dict(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in ("env", "database_url", "elasticsearch_url", "search_alias")}
