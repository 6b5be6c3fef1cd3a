"""Map and file show what the list shows, each property once."""

import asyncio
import csv
import io
import json
from typing import Any, get_args

import pytest
from elasticsearch import AsyncElasticsearch
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nyumba.app import create_app
from nyumba.elastic import SearchEngine
from nyumba.search import export
from nyumba.search.schemas import Sort
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.search.conftest import SEARCH, Market
from tests.integration.search.oracle import CENTRE
from tests.integration.search.queries import TYPED, draw_filters

PATIENT = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
AROUND = [CENTRE[1] - 0.3, CENTRE[0] - 0.3, CENTRE[1] + 0.3, CENTRE[0] + 0.3]


def to_query(params: dict[str, Any]) -> dict[str, Any]:
    return {name: ",".join(map(repr, value)) if name == "bbox" else value for name, value in params.items()}


async def read_map(market: Market, **params: Any) -> dict[str, Any]:  # noqa: ANN401
    response = await market.api.get(f"{SEARCH}/map", params=to_query(params))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/geo+json"
    answer: dict[str, Any] = response.json()
    return answer


@PATIENT
@given(filters=draw_filters(3, in_body=False), zoom=st.integers(0, 22), pins=st.integers(0, 200))
async def test_pins_and_clusters_add_up_to_the_list(
    market: Market, filters: dict[str, Any], zoom: int, pins: int
) -> None:
    filters = {"bbox": AROUND, **filters}
    answer = await read_map(market, **filters, zoom=zoom, pins=pins)
    listed = await market.read_all(100, **filters)
    shown = [feature["properties"] for feature in answer["features"]]
    assert [pin["id"] for pin in shown if pin["kind"] == "pin"] == [item["id"] for item in listed[:pins]]
    clusters = [feature for feature in answer["features"] if feature["properties"]["kind"] == "cluster"]
    rest = listed[pins:]
    assert sum(cluster["properties"]["count"] for cluster in clusters) == len(rest)
    assert answer["total"] == {"value": len(listed), "relation": "eq"}
    for cluster in clusters:
        west, south, east, north = cluster["bbox"]
        lon, lat = cluster["geometry"]["coordinates"]
        assert west - 1e-6 <= lon <= east + 1e-6
        assert south - 1e-6 <= lat <= north + 1e-6
    prices = [item["price"] for item in rest]
    ends = [(c["properties"]["price_min"], c["properties"]["price_max"]) for c in clusters]
    if rest:
        assert (min(least for least, _ in ends), max(most for _, most in ends)) == (min(prices), max(prices))


@PATIENT
@given(filters=draw_filters(2, in_body=False), sort=st.sampled_from(get_args(Sort)), limit=st.integers(15, 99))
async def test_list_file_and_map_are_of_one_order_however_it_is_sorted(
    market: Market, filters: dict[str, Any], sort: str, limit: int
) -> None:
    middle = {"search": "listing", "interpret": "off", "lat": CENTRE[0], "lon": CENTRE[1], "bbox": AROUND}
    filters = middle | filters | {"sort": sort}
    listed = [item["id"] for item in await market.read_all(100, **filters)]
    assert [item["id"] for item in await market.read_all(limit, **filters)] == listed
    shown = await read_map(market, **filters, zoom=9, pins=limit)
    pins = [feature["properties"] for feature in shown["features"] if feature["properties"]["kind"] == "pin"]
    assert [pin["id"] for pin in pins] == listed[:limit]
    params = to_query(filters)
    lines = await market.api.get(f"{SEARCH}/export", params={**params, "format": "ndjson"})
    table = await market.api.get(f"{SEARCH}/export", params={**params, "format": "csv"})
    assert [json.loads(line)["id"] for line in lines.text.splitlines()] == listed
    assert [row["id"] for row in csv.DictReader(io.StringIO(table.text, newline=""))] == listed
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert lines.headers["total-count"] == table.headers["total-count"] == str(len(listed))


@PATIENT
@given(text=TYPED)
async def test_list_map_file_and_facets_understand_the_same(market: Market, text: str) -> None:
    params = {"search": text, "bbox": AROUND}
    listed = await market.search(**params, facets=["listing_type"], limit=1)
    shown = await read_map(market, **params, zoom=9)
    file = await market.api.get(f"{SEARCH}/export", params=to_query(params))
    total = listed["total"]["value"]
    assert (shown["total"]["value"], int(file.headers["total-count"])) == (total, total)
    if "listing_type" not in listed["query"]["applied"]:
        assert sum(bucket["count"] for bucket in listed["facets"]["listing_type"]["buckets"]) == total


@pytest.fixture
async def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BATCH", 40)


async def test_file_of_several_batches_is_whole(small_batches: None, market: Market) -> None:
    for order in ("price_per_m2", "-price"):
        response = await market.api.get(f"{SEARCH}/export", params={"format": "ndjson", "sort": order})
        listed = [item["id"] for item in await market.read_all(100, sort=order)]
        assert [json.loads(line)["id"] for line in response.text.splitlines()] == listed


async def test_file_is_as_it_was_when_it_began(
    small_batches: None, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [item["id"] for item in await market.read_all(100, sort="price")]
    ask = SearchEngine.search_at_point_in_time
    batches = 0

    async def ask_and_lose_everything(engine: SearchEngine, body: bytes) -> bytes:
        nonlocal batches
        answer = await ask(engine, body)
        if not batches:
            await engine.client.delete_by_query(index=engine.alias, query={"match_all": {}}, refresh=True)
        batches += 1
        return answer

    monkeypatch.setattr(SearchEngine, "search_at_point_in_time", ask_and_lose_everything)
    file = await market.api.get(f"{SEARCH}/export", params={"format": "ndjson", "sort": "price"})
    assert [json.loads(line)["id"] for line in file.text.splitlines()] == listed
    assert batches > 1
    assert await market.count() == 0


async def count_open(market: Market) -> int:
    stats = await market.world.elastic.indices.stats(index=market.world.alias, metric="search")
    return int(stats["_all"]["primaries"]["search"]["open_contexts"])


async def test_file_leaves_no_point_in_time_behind(small_batches: None, market: Market) -> None:
    await market.api.get(f"{SEARCH}/export")
    assert await count_open(market) == 0


async def test_download_that_is_broken_off_leaves_no_point_in_time_behind(
    small_batches: None, market: Market, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = AsyncElasticsearch.close_point_in_time

    async def connect_and_close(client: AsyncElasticsearch, **named: Any) -> Any:  # noqa: ANN401
        await asyncio.sleep(0)  # as when no connection is idle
        return await close(client, **named)

    monkeypatch.setattr(AsyncElasticsearch, "close_point_in_time", connect_and_close)
    has_begun = asyncio.Event()
    sent: list[Any] = []

    async def receive() -> Any:  # noqa: ANN401  (ASGI as it is)
        if not sent:
            return {"type": "http.request", "body": b"", "more_body": False}
        await has_begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)
        if message["type"] == "http.response.body":
            has_begun.set()

    path = f"{SEARCH}/export"
    scope: Any = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [], "client": ("127.0.0.1", 1), "server": ("test", 80), "scheme": "http", "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }  # fmt: skip
    app = create_app(settings)
    async with app.lifespan():
        await app(scope, receive, send)
    assert sent[-1]["more_body"], "the whole file was sent"
    assert await count_open(market) == 0


async def test_too_large_an_export_is_refused_before_it_begins(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_EXPORTED", 10)
    response = await market.api.get(f"{SEARCH}/export")
    assert (response.status_code, response.json()["type"]) == (400, "urn:nyumba:problem:export-too-large")
    assert (await market.api.get(f"{SEARCH}/export", params={"price_max": 0.001})).status_code == 200


async def test_no_cell_of_a_table_is_a_formula(market: Market, world: World) -> None:
    await world.add_property(title='=HYPERLINK("http://evil.example")', city="@SUM(A1)", price=7)
    await world.processor.drain()
    table = await market.api.get(f"{SEARCH}/export", params={"price_max": 7, "price_min": 7})
    row = next(csv.DictReader(io.StringIO(table.text, newline="")))
    assert (row["title"][:2], row["city"][:2]) == ("'=", "'@")


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({}, {"bbox", "zoom"}),
        ({"bbox": "1,2,3", "zoom": 1}, {"bbox"}),
        ({"bbox": "1,2,3,4", "zoom": "x"}, {"zoom"}),
        ({"bbox": "1,2,3,4", "zoom": 3, "limit": 3}, {"limit"}),
        ({"bbox": "181,2,3,4", "zoom": 3}, {"bbox"}),
        ({"bbox": "1,2,3,95", "zoom": 3}, {"bbox"}),
    ],
)
async def test_map_names_what_is_wrong(market: Market, params: dict[str, Any], named: set[str]) -> None:
    response = await market.api.get(f"{SEARCH}/map", params=params)
    assert response.status_code == 400
    assert sorted(error["parameter"] for error in response.json()["errors"]) == sorted(named)
