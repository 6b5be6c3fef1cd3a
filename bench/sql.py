"""The blueprint's own way to search, on the same rows: ILIKE with a count, straight to PostgreSQL."""

import random
import time
from collections.abc import Sequence
from urllib.parse import urlencode

import asyncpg

from bench.client import Path, build_request, take_turns
from bench.figures import Figure, compare_rounds, take_median
from bench.processes import run_api
from bench.queries import WORDS
from bench.search import URL
from nyumba.settings import Settings

QUESTIONS = 60
WARM_UP = 10
CONDITION = "status = 'active' AND (title ILIKE $1 OR description ILIKE $1 OR address ILIKE $1) AND price <= $2"
PAGE = f"SELECT * FROM properties WHERE {CONDITION} ORDER BY created_at DESC LIMIT 20"  # noqa: S608  (constants)
COUNT = f"SELECT count(*) FROM properties WHERE {CONDITION}"  # noqa: S608  (constants)


async def measure_sql(settings: Settings) -> list[Figure]:
    """Text queries with a total, in turns. The API answers with facets besides, SQL with rows alone."""
    chance = random.Random(4)  # noqa: S311  (no secret)
    questions = [(chance.choice(WORDS), chance.choice([50_000, 20_000_000])) for _ in range(QUESTIONS)]
    sql: list[float] = []
    ours: list[float] = []
    connection = await asyncpg.connect(settings.require_database_url().replace("+asyncpg", ""))
    with run_api(settings) as api:
        for number, (words, most) in enumerate(questions):
            target = f"{URL}?{urlencode({'search': words, 'price_max': most})}"
            asked = await take_turns([Path("api", api.port, [build_request("GET", target)])], warm_up=0)
            seconds = await _ask_sql(connection, words, most)
            if number >= WARM_UP:
                ours += asked["api"]
                sql.append(seconds)
    await connection.close()
    return [_describe(ours, sql)]


async def _ask_sql(connection: "asyncpg.Connection[asyncpg.Record]", words: str, most: int) -> float:
    started = time.perf_counter()
    await connection.fetch(PAGE, f"%{words}%", most)
    await connection.fetchval(COUNT, f"%{words}%", most)
    return time.perf_counter() - started


def _describe(ours: Sequence[float], sql: Sequence[float]) -> Figure:
    name = "SQL with ILIKE and a count over the API, text queries (p50; 20 asked for at 200,000)"
    return compare_rounds(Figure(area="Search", name=name, unit="ms", better="higher"), take_median, sql, ours)
