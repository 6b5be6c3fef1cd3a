"""Whatever is typed is looked for as text: never syntax, never a fault of ours, and no dearer than a search."""

import json
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.search.schemas import PropertySearch
from tests.conftest import World
from tests.integration.search.conftest import SEARCH

Api = AsyncTestClient[Litestar]

PATIENT = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NASTY = [
    'title:* OR "',
    '{"match_all":{}}',
    "'); DROP TABLE properties; --",
    "* ? ~ ^ [ TO ] { } / \\ && || ! ( ) :",
    "/.*/",
    "a~9999999999",
    "_exists_:title",
    "${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "%00",
    "\x00\x01\x1f\x7f",
    "\u202e\u200f\u200bעברית العربية",
    "👨‍👩‍👧‍👦🏠🇰🇪",
    "e\u0301" * 100,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "\ufeff\ufffe\uffff",
    "a" * 300,
    "1 " * 150,
    "9" * 300,
    "-" * 300,
    "under " * 50,
    "between and and between 5 and",
    "0x7fffffffffffffff 1e308 nan inf",
]


@pytest.fixture
async def garden(world: World, api: Api) -> Api:
    await world.add_property(title="Bungalow with a garden", city="Nairobi", price=80_000, bedrooms=2)
    await world.reindex()
    return api


@pytest.mark.parametrize("interpret", ["on", "off"])
@pytest.mark.parametrize("shape", [{}, {"highlight": True, "facets": ["city", "price"], "include": ["suggestions"]}])
async def test_nasty_text_finds_nothing_and_breaks_nothing(garden: Api, interpret: str, shape: dict[str, Any]) -> None:
    for text in NASTY:
        response = await garden.post(f"{SEARCH}/search", json={"search": text, "interpret": interpret, **shape})
        assert response.status_code == 200, response.text
        is_text = any(map(str.isalnum, text))  # else it is as if nothing were typed
        assert interpret == "on" or response.json()["total"]["value"] == (0 if is_text else 1), text


@PATIENT
@given(text=st.text(min_size=1, max_size=300))
async def test_any_text_is_answered(garden: Api, text: str) -> None:
    escaped = json.dumps({"search": text, "highlight": True, "include": ["suggestions"]})
    by_body = await garden.post(f"{SEARCH}/search", content=escaped)
    by_address = await garden.get(f"{SEARCH}?search={quote_from_bytes(text.encode('utf-8', 'surrogatepass'))}")
    assert by_body.status_code in (200, 400), by_body.text
    assert by_address.status_code in (200, 400), by_address.text


@PATIENT
@given(raw=st.binary(min_size=1, max_size=100), name=st.sampled_from(PropertySearch.__struct_fields__))
async def test_any_bytes_in_any_parameter_are_answered(garden: Api, raw: bytes, name: str) -> None:
    for path in (SEARCH, f"{SEARCH}/map?bbox=36,-2,37,-1&zoom=9", f"{SEARCH}/export"):
        joined = "&" if "?" in path else "?"
        response = await garden.get(f"{path}{joined}{name}={quote_from_bytes(raw)}")
        assert response.status_code in (200, 400), response.text


async def test_half_a_character_is_refused_or_searched(garden: Api) -> None:
    for text in ('"\\ud800"', '"\\udfff garden"', '"\\ud83d"'):
        response = await garden.post(f"{SEARCH}/search", content=f'{{"search": {text}}}')
        assert response.status_code in (200, 400), response.text


BODIES = [
    "",
    "[]",
    "7",
    "null",
    "{",
    '{"search": 7}',
    '{"search": ["a"]}',
    '{"city": "x"}',
    '{"price_min": "1"}',
    "\xff",
]


async def test_body_of_another_form_is_refused(garden: Api) -> None:
    for body in BODIES:
        response = await garden.post(f"{SEARCH}/search", content=body.encode("latin-1"))
        assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json"), body


async def test_all_faults_of_a_body_are_named_at_once(garden: Api) -> None:
    body = {"colour": "red", "limit": 0, "price_min": 2, "price_max": 1, "lat": 1, "bbox": [1, 2], "sort": "distance"}
    problem = (await garden.post(f"{SEARCH}/search", json=body)).json()
    pointers = {error["pointer"] for error in problem["errors"]}
    assert pointers == {"/colour", "/limit", "/price_min", "/lon", "/bbox"}


async def test_text_of_ten_thousand_words_is_refused_by_name(garden: Api) -> None:
    response = await garden.post(f"{SEARCH}/search", json={"search": "garden " * 10_000})
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/search"


async def test_words_beyond_those_that_count_cost_nothing(garden: Api) -> None:
    text = "garden " * 32 + "windmill"
    answer = (await garden.get(SEARCH, params={"search": text, "interpret": "off"})).json()
    assert answer["total"]["value"] == 1


async def test_too_large_a_body_is_refused(garden: Api) -> None:
    ring = [[36.8, -1.3]] * 100_000
    body = {"polygon": {"type": "Polygon", "coordinates": [ring]}}
    assert (await garden.post(f"{SEARCH}/search", json=body)).status_code == 413
