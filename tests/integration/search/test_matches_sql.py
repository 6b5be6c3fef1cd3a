"""The result set of a search is the one that SQL gives over the same rows."""

import random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import AsyncTestClient

from tests.conftest import World

CITIES = ("Nairobi", "Mombasa", "Nyeri", "São Hill")
PRICES = (0.01, 999.99, 1_000, 1_000.01, 25_000, 1_000_000, 9_999_999_999.99)
CENTRE = (-1.2921, 36.8219)
EARTH_RADIUS_M = 6_371_008.7714


@pytest.fixture
async def market(world: World) -> World:
    """300 listings, many of them on the edges that the filters below ask for."""
    chance = random.Random(7)
    user_id = await world.add_user()
    for number in range(300):
        located = chance.random() < 0.9
        kind = chance.choice(["house", "apartment", "townhouse", "land", "commercial"])
        await world.add_property(
            user_id,
            title=f"Listing {number} {chance.choice(['garden', 'pool', 'gated'])}",
            property_type=kind,
            listing_type=chance.choice(["sale", "rent"]),
            status=chance.choice(["active"] * 8 + ["under_offer", "sold"]),
            price=chance.choice(PRICES),
            bedrooms=None if kind == "land" or chance.random() < 0.1 else chance.randint(0, 6),
            city=chance.choice([*CITIES, None]),
            latitude=round(CENTRE[0] + chance.uniform(-0.2, 0.2), 8) if located else None,
            longitude=round(CENTRE[1] + chance.uniform(-0.2, 0.2), 8) if located else None,
        )
    await world.reindex()
    return world


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "property_type": st.lists(
            st.sampled_from(["house", "apartment", "townhouse", "land", "commercial"]), min_size=1
        ),
        "listing_type": st.sampled_from(["sale", "rent"]),
        "bedrooms": st.lists(st.integers(0, 7), min_size=1, max_size=3),
        "city": st.lists(st.sampled_from([*CITIES, "Kisumu"]), min_size=1, max_size=2),
        "price_min": st.sampled_from(PRICES[:4]),
        "price_max": st.sampled_from(PRICES[3:]),
        "around": st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(10, 30_000)),
    },
)


def to_parameters(filters: dict[str, Any]) -> dict[str, Any]:
    parameters = dict(filters)
    if around := parameters.pop("around", None):
        parameters |= {"lat": CENTRE[0] + around[0], "lon": CENTRE[1] + around[1], "radius_m": around[2]}
    return parameters


def to_condition(parameters: dict[str, Any]) -> str:
    """The same in SQL, where `city` is compared as typed, for the test types it right."""
    parts = ["status = 'active'"]
    chosen = {name: parameters[name] for name in ("property_type", "bedrooms", "city") if name in parameters}
    parts += [f"{name} IN ({', '.join(map(repr, values))})" for name, values in chosen.items()]
    if "listing_type" in parameters:
        parts.append(f"listing_type = '{parameters['listing_type']}'")
    if "price_min" in parameters:
        parts.append(f"price >= {parameters['price_min']}")
    if "price_max" in parameters:
        parts.append(f"price <= {parameters['price_max']}")
    if "radius_m" in parameters:
        lat, lon = parameters["lat"], parameters["lon"]
        parts.append(
            f"2 * {EARTH_RADIUS_M} * asin(sqrt(sin(radians(latitude - {lat}) / 2) ^ 2 + cos(radians({lat}))"
            f" * cos(radians(latitude)) * sin(radians(longitude - {lon}) / 2) ^ 2)) <= {parameters['radius_m']}"
        )
    return " AND ".join(parts)


async def search_all(api: AsyncTestClient[Litestar], parameters: dict[str, Any], limit: int) -> list[UUID]:
    """Read every page by cursor."""
    found: list[UUID] = []
    cursor: dict[str, str] = {}
    while True:
        answer = (await api.get("/api/v1/properties", params={**parameters, "limit": limit, **cursor})).json()
        found += [UUID(item["id"]) for item in answer["items"]]
        if answer["page"]["next_cursor"] is None:
            assert answer["total"] == {"value": len(found), "relation": "eq"}
            return found
        cursor = {"cursor": answer["page"]["next_cursor"]}


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=FILTERS, limit=st.integers(1, 100))
async def test_search_finds_what_sql_finds(
    market: World, api: AsyncTestClient[Litestar], filters: dict[str, Any], limit: int
) -> None:
    parameters = to_parameters(filters)
    rows = await market.sql(f"SELECT id FROM properties WHERE {to_condition(parameters)}")
    found = await search_all(api, parameters, max(limit, 10))
    assert len(found) == len(set(found))
    assert set(found) == {UUID(str(row[0])) for row in rows}


async def test_pages_by_skip_and_by_cursor_are_the_same(market: World, api: AsyncTestClient[Litestar]) -> None:
    by_cursor = await search_all(api, {}, 37)
    by_skip: list[UUID] = []
    for skip in range(0, 300, 37):
        answer = (await api.get("/api/v1/properties", params={"skip": skip, "limit": 37})).json()
        by_skip += [UUID(item["id"]) for item in answer["items"]]
    rows = await market.sql("SELECT id FROM properties WHERE status = 'active' ORDER BY created_at DESC, id")
    assert by_cursor == by_skip
    assert set(by_cursor) == {UUID(str(row[0])) for row in rows}


async def test_pages_of_a_text_search_partition_its_result(market: World, api: AsyncTestClient[Litestar]) -> None:
    rows = await market.sql("SELECT id FROM properties WHERE status = 'active' AND title LIKE '%garden%'")
    found = await search_all(api, {"search": "GARDENS listing"}, 10)
    assert len(found) == len(set(found))
    assert set(found) == {UUID(str(row[0])) for row in rows}


async def test_accents_and_case_of_a_city_do_not_matter(market: World, api: AsyncTestClient[Litestar]) -> None:
    totals = {
        (await api.get("/api/v1/properties", params={"city": city})).json()["total"]["value"]
        for city in ("São Hill", "sao hill", "SAO HILL")
    }
    assert len(totals) == 1
    assert totals.pop() > 0
