"""Real data: three sources, imported whole by the command and looked at through the pages as visitors do."""

import csv
import html
import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.search.conftest import SEARCH
from tests.integration.search.test_matches_sql import search_all, to_condition

DATA = Path(__file__).parents[2].parent / "shared" / "data"
KING_COUNTY = ("kc_house_sales", 21_613)
JERSEY_CITY = ("insideairbnb_jersey_city_2025", 1_829)
NAIROBI = ("p24_nairobi_addresses_2026", 377)
EVERYWHERE = {"bbox": "-180,-90,180,90"}
JOINERS = {"\u200d", "\ufe0f", "\u20e3"}
PAGE, LONGEST_TEXT = 100, 300

Api = AsyncTestClient[Litestar]
Import = Callable[[tuple[str, int]], Any]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, rate_limit_factor=100)


@pytest.fixture
def import_source(world: World, settings: Settings, tmp_path: Path) -> Import:
    """Import and index a source; every row of it is a property or a reject."""

    async def import_whole(source: tuple[str, int]) -> None:
        name, rows = source
        path = DATA / f"{name}.csv.gz"
        if not path.exists():
            pytest.skip(f"the evaluation data is not there: {path.name}")
        environ = {**os.environ, "NYUMBA_DATABASE_URL": settings.require_database_url()}
        command = [sys.executable, "-m", "nyumba", "import", str(path), "--mapping", name]
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300
        )
        assert done.returncode == 0, done.stderr
        rejects = sum(len(path.read_text().splitlines()) for path in tmp_path.glob("*.ndjson"))
        [(count,)] = await world.sql("SELECT count(*) FROM properties")
        assert count + rejects == rows
        assert (await world.reindex()).documents == count

    return import_whole


async def ask(api: Api, path: str = "", **params: Any) -> dict[str, Any]:  # noqa: ANN401
    response = await api.get(f"{SEARCH}{path}", params=params)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def count(api: Api, **params: Any) -> int:  # noqa: ANN401
    return int((await ask(api, **params, limit=1))["total"]["value"])


async def check_pages(world: World, api: Api) -> None:
    """Each listing once by cursor, by skip, on the map and in both files."""
    rows = {UUID(str(row[0])): row[1] for row in await world.sql("SELECT id, title FROM properties")}
    by_cursor = await search_all(api, {}, PAGE)
    assert sorted(by_cursor) == sorted(rows)
    skips = range(0, len(rows), PAGE)
    pages = [(await ask(api, skip=skip, limit=PAGE))["items"] for skip in skips]
    assert [UUID(item["id"]) for item in chain(*pages)] == by_cursor
    table = await api.get(f"{SEARCH}/export")
    cells = list(csv.DictReader(io.StringIO(table.text, newline="")))
    lines = [
        json.loads(line)
        for line in (await api.get(f"{SEARCH}/export", params={"format": "ndjson"})).text.split("\n")[:-1]
    ]
    assert [UUID(row["id"]) for row in cells] == [UUID(line["id"]) for line in lines] == by_cursor
    assert {UUID(line["id"]): line["title"] for line in lines} == rows
    assert {UUID(row["id"]): row["title"].removeprefix("'") for row in cells} == {
        id_: title.removeprefix("'") for id_, title in rows.items()
    }


async def check_map(api: Api, **params: Any) -> None:  # noqa: ANN401
    total = await count(api, **EVERYWHERE, **params)
    for zoom in (1, 12, 18):
        answer = await ask(api, "/map", **EVERYWHERE, zoom=zoom, pins=20, **params)
        shown = [feature["properties"] for feature in answer["features"]]
        assert sum(one.get("count", 1) for one in shown) == answer["total"]["value"] == total


async def check_facet(api: Api, name: str, parameter: str) -> None:
    """Its counts come true, and what is cut off is added up."""
    facet = (await ask(api, facets=name, facet_size=12, limit=1))["facets"][name]
    assert facet["buckets"]
    for bucket in facet["buckets"]:
        assert await count(api, **{parameter: bucket["value"]}) == bucket["count"], bucket
    whole = (await ask(api, facets=name, facet_size=200, limit=1))["facets"][name]
    for one in (facet, whole):
        one["sum"] = sum(bucket["count"] for bucket in one["buckets"]) + one["other_count"]
    assert facet["sum"] == whole["sum"]


def splits_a_character(text: str, at: int) -> bool:
    """Whether a cut before this index parts what is read as one character."""
    if at in {0, len(text)}:
        return False
    after, before = text[at], text[at - 1]
    joined = unicodedata.combining(after) or after in JOINERS or 0x1F3FB <= ord(after) <= 0x1F3FF
    return bool(joined) or before == "\u200d"


def check_fragment(fragment: str, source: str) -> None:
    """A slice of what the owner wrote, escaped, with marked words, and no character cut."""
    bare = re.sub(r"</?mark>", "", fragment)
    assert not set(bare) & set("<>\"'"), fragment
    plain = html.unescape(bare)
    at = source.find(plain)
    assert at >= 0, (plain, source)
    cuts = [html.unescape(piece) for piece in re.split(r"</?mark>", fragment)]
    place = at
    for piece in cuts:
        assert not splits_a_character(source, place), (fragment, source[place - 2 : place + 2])
        place += len(piece)
    assert not splits_a_character(source, place), fragment


async def check_highlights(world: World, api: Api, words: list[str]) -> Counter[str]:
    """Every fragment of every page; how often each field had one."""
    texts = {
        str(row[0]): dict(zip(("title", "description", "address", "neighborhood", "city"), row[1:], strict=True))
        for row in await world.sql("SELECT id, title, description, address, neighborhood, city FROM properties")
    }
    seen: Counter[str] = Counter()
    for word in words:
        answer = await ask(api, search=word, interpret="off", highlight="true", limit=PAGE)
        for item in answer["items"]:
            for name, fragments in item["highlights"].items():
                for fragment in fragments:
                    seen[name] += 1
                    assert "<mark>" in fragment
                    sources = item[name] if name in {"amenities", "features"} else [texts[item["id"]][name]]
                    check_fragment(fragment, "\x00".join(sources))
                    assert len(html.unescape(re.sub(r"</?mark>", "", fragment))) <= 300
    return seen


async def test_king_county_is_found_as_sql_finds_it(world: World, api: Api, import_source: Import) -> None:
    await import_source(KING_COUNTY)
    for parameters in (
        {"price_min": 400_000, "price_max": 650_000, "bedrooms": [3], "lat": 47.61, "lon": -122.33, "radius_m": 5_000},
        {"price_max": 500_000.5, "bedrooms": [2, 4], "lat": 47.68, "lon": -122.2, "radius_m": 5_000},
        {"bedrooms": [33]},
    ):
        rows = await world.sql(f"SELECT id FROM properties WHERE {to_condition(parameters)}")
        found = await search_all(api, parameters, PAGE)
        assert len(found) > 0
        assert sorted(found) == sorted(UUID(str(row[0])) for row in rows)


async def test_long_texts_and_emoji_of_jersey_city(world: World, api: Api, import_source: Import) -> None:
    await import_source(JERSEY_CITY)
    await check_pages(world, api)
    await check_map(api)
    await check_map(api, search="cozy", amenities="Wifi")
    await check_facet(api, "amenities", "amenities")
    await check_facet(api, "neighborhood", "neighborhood")

    described = await world.sql("SELECT id, title, description FROM properties ORDER BY id")
    for id_, title, _ in described[::16]:
        answer = await ask(api, search=title[:LONGEST_TEXT], interpret="off", limit=PAGE)
        assert str(id_) in {item["id"] for item in answer["items"]}, title
    frequent = Counter(re.findall(r"[a-z]{4,}", " ".join(text or "" for _, _, text in described).lower()))
    words = [word for word, _ in frequent.most_common(40)]
    words += ["cozy❤️", "🏠 home", "❤️", "café", "manhattan skyline", "nyc 🗽", "don't miss", "bed & breakfast"]
    seen = await check_highlights(world, api, words)
    assert min(seen[name] for name in ("title", "description", "amenities")) > 100


async def test_addresses_of_nairobi(world: World, api: Api, import_source: Import) -> None:
    await import_source(NAIROBI)
    await check_pages(world, api)
    await check_facet(api, "neighborhood", "neighborhood")
    await check_facet(api, "bedrooms", "bedrooms")
    assert (await ask(api, "/map", **EVERYWHERE, zoom=3))["total"]["value"] == 0  # this source has no coordinates

    rows = await world.sql("SELECT id, address, neighborhood FROM properties WHERE address IS NOT NULL ORDER BY id")
    for id_, address, _ in rows[::5]:
        answer = await ask(api, search=address, interpret="off", limit=PAGE)
        assert str(id_) in {item["id"] for item in answer["items"]}, address
    seen = await check_highlights(world, api, ["road", "rhapta road", "karen", "drive nairobi", "ngong"])
    assert seen["address"] > 20

    for name in sorted({str(row[2]) for row in rows if row[2]}):
        places = (await ask(api, "/suggest", q=name[:5]))["places"]
        assert any(place["params"].get("neighborhood") == [name] for place in places), (name, places)
        for place in places:
            assert await count(api, **place["params"]) == place["count"]
    streets = {re.split(r"[,\s]+", address)[0] for _, address, _ in rows}
    for street in sorted(street for street in streets if len(street) > 3 and street.isalpha())[::3]:
        found = (await ask(api, "/suggest", q=street))["properties"]
        assert found, street
        for one in found:
            items = (await ask(api, **one["params"], limit=PAGE))["items"]
            assert one["id"] in {item["id"] for item in items}, one
