"""What does the API add to the Elasticsearch query that it sends, and what is it against SQL?

Invariant: the raw side gets the very bodies that the API makes: they are taken from the API itself, on their way out.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from elasticsearch import AsyncElasticsearch
from httpx import ASGITransport, AsyncClient

from bench.client import Path, build_request, find_http_port, measure_rate, take_turns
from bench.figures import Figure, compare_pairs, compare_rounds, take_median, take_p99
from bench.processes import read_memory_mb, run_api
from bench.queries import draw_search
from bench.reindex import fill_part
from bench.world import connect
from nyumba.app import create_app
from nyumba.http_pool import Answer, HttpPool
from nyumba.settings import Settings

AREA = "Search"
QUERIES = 600
WARM_UP = 600
COLD_QUERIES = 100
CONNECTIONS = 16
WINDOWS = 5
WINDOW_S = 3.0
URL = "/api/v1/properties"
RAW, API = "raw", "api"


class RecordingPool(HttpPool):
    """Keeps what the API asks Elasticsearch."""

    def __init__(self, url: str) -> None:
        super().__init__([url], size=1, timeout_s=60)
        self.requests: list[bytes] = []

    async def post(self, path: str, body: bytes) -> Answer:
        """Send it all the same."""
        self.requests.append(build_request("POST", path, body, Content_Type="application/json"))
        return await super().post(path, body)


async def record_requests(settings: Settings, targets: Sequence[str]) -> list[bytes]:
    """The request to Elasticsearch that each of these searches leads to."""
    app = create_app(settings)
    pool = RecordingPool(settings.require_elasticsearch_url())
    transport = ASGITransport(app)  # type: ignore[arg-type]  # Litestar's scopes are more precise than httpx's
    async with app.lifespan(), AsyncClient(transport=transport, base_url="http://bench") as client:
        app.state.search_engine.pool.close()
        app.state.search_engine = replace(app.state.search_engine, pool=pool)
        for target in targets:
            (await client.get(target)).raise_for_status()
        pool.close()
    if len(pool.requests) != len(targets):
        raise RuntimeError("a search is not one request any more: the raw side needs another way to ask")
    return pool.requests


def draw_targets(seed: int, count: int) -> list[str]:
    """The same kinds of searches for every seed, around other points."""
    kinds, points = random.Random(1), random.Random(seed)  # noqa: S311  (no secret)
    targets = []
    for _ in range(count):
        search: dict[str, Any] = draw_search(kinds)
        if "lat" in search:
            search |= {name: round(search[name] + points.uniform(-0.01, 0.01), 6) for name in ("lat", "lon")}
        targets.append(f"{URL}?{urlencode(search, doseq=True)}")
    return targets


async def prepare_paths(settings: Settings, port: int, count: int) -> list[Path]:
    """Both paths, with the same questions around different points."""
    raw = await record_requests(settings, draw_targets(2, count))
    ours = [build_request("GET", target) for target in draw_targets(3, count)]
    elasticsearch = find_http_port(settings.require_elasticsearch_url())
    return [Path(RAW, elasticsearch, raw), Path(API, port, ours)]


async def measure_growth(settings: Settings) -> list[Figure]:
    """The median with the whole corpus over that with a tenth of it, in turns."""
    async with fill_part(settings, 10) as part:
        targets = {"all": draw_targets(4, WARM_UP + QUERIES), "part": draw_targets(5, WARM_UP + QUERIES)}
        with run_api(settings) as all_api, run_api(part) as part_api:
            ports = {"all": all_api.port, "part": part_api.port}
            paths = [
                Path(name, ports[name], [build_request("GET", target) for target in targets[name]]) for name in ports
            ]
            times = await take_turns(paths, warm_up=WARM_UP)
    figure = Figure(area=AREA, name="API p50 over that with a tenth of the corpus", unit="ms", bound=2.0)
    return [compare_rounds(figure, take_median, times["all"], times["part"])]


async def measure_search(settings: Settings, rounds: int) -> list[Figure]:
    """Latency hot and cold, throughput, memory."""
    with run_api(settings) as api:
        at_rest = read_memory_mb(api.pid)
        paths = await prepare_paths(settings, api.port, WARM_UP + QUERIES * rounds)
        figures = describe_latency(await take_turns(paths, warm_up=WARM_UP))
        async with connect(settings) as (_, elastic):
            figures += await measure_cold(settings, elastic, paths)
        figures.append(await compare_rates(paths))
        under_load = read_memory_mb(api.pid, "VmHWM")
    return [
        *figures,
        Figure(area="Memory", name="API at rest", unit="MB", value=at_rest, bound=150),
        Figure(area="Memory", name="API, at most under load", unit="MB", value=under_load, bound=150),
        Figure(area="Start", name="API, from nothing until it is ready", unit="s", value=api.start_s, noise=True),
    ]


def describe_latency(times: dict[str, list[float]]) -> list[Figure]:
    """Medians and p99 of both."""
    return [
        compare_rounds(
            Figure(area=AREA, name=f"{name} over raw `_search`", unit="ms", bound=bound), take, times[API], times[RAW]
        )
        for name, take, bound in (("API p50", take_median, 1.10), ("API p99", take_p99, 1.25))
    ]


async def measure_cold(settings: Settings, elastic: AsyncElasticsearch, paths: Sequence[Path]) -> list[Figure]:
    """Elasticsearch's caches are emptied before each question; the paths take turns."""
    times: dict[str, list[float]] = {}
    for number in range(COLD_QUERIES * len(paths)):
        await elastic.indices.clear_cache(index=settings.search_alias)
        path = paths[number % len(paths)]
        asked = await take_turns([Path(path.name, path.port, [path.requests[number // len(paths)]])], warm_up=0)
        times.setdefault(path.name, []).extend(asked[path.name])
    figure = Figure(area=AREA, name="API p50 over raw, caches emptied before each question", unit="ms")
    return [compare_rounds(figure, take_median, times[API], times[RAW])]


async def compare_rates(paths: Sequence[Path]) -> Figure:
    """Throughput in windows that take turns, after one of each that only warms up."""
    rates: dict[str, list[float]] = {path.name: [] for path in paths}
    for _ in range(WINDOWS + 1):
        for path in paths:
            rates[path.name].append(await measure_rate(path, connections=CONNECTIONS, seconds=WINDOW_S))
    name = f"API throughput at {CONNECTIONS} connections over raw"
    figure = Figure(area=AREA, name=name, unit="answers/s", better="higher", bound=0.85)
    return compare_pairs(figure, rates[API][1:], rates[RAW][1:])
