"""Where does the time of a search go, between the socket of the client and Elasticsearch?

    python -m bench.stages --size 20000

The API runs in a process of its own with probes at the seams, one search at a time; monotonic clocks agree between
processes. A stage is the time from its probe to the next one.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import click
import uvloop
from litestar import Litestar
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bench.client import Path, ask, open_connection
from bench.figures import Figure, take_median
from bench.processes import build_environment, find_port, wait_until_ready
from bench.reindex import fill_index
from bench.report import render_table
from bench.search import API, RAW, prepare_paths
from bench.world import fill_database, run_services
from nyumba.elastic import SearchEngine
from nyumba.http_pool import Connection
from nyumba.search import routes, service
from nyumba.settings import Settings

SEARCHES = 600
WARM_UP = 300
LONGEST_WAIT_S = 10
STAGES = (
    "client to API: socket and wake-up",
    "uvicorn: request parsed",
    "Litestar: routed, dependencies given",
    "parameters checked",
    "query understood, built, encoded",
    "request to Elasticsearch written",
    "Elasticsearch, with the sockets to and from it",
    "answer of Elasticsearch read",
    "answer decoded",
    "facets, items and cursor made",
    "Litestar: page encoded, response made",
    "uvicorn: response written",
    "API to client: socket and wake-up",
)
_stamps: list[float] = []


@click.command()
@click.option("--size", default=20_000, show_default=True, help="Listings to seed.")
@click.option("--serve", type=int, hidden=True)
def main(size: int, serve: int | None) -> None:
    """Print the stages of a search in microseconds."""
    if serve is not None:
        _serve_with_probes(serve)
        return
    with run_services() as settings:
        fill_database(settings, size)
        asyncio.run(fill_index(settings))
        click.echo("\n".join(render_table(measure_stages(settings))))


def measure_stages(settings: Settings) -> list[Figure]:
    """Each stage in microseconds, the whole, and the same bodies sent straight to Elasticsearch."""
    port = find_port()
    command = [sys.executable, "-m", "bench.stages", "--serve", str(port)]
    with subprocess.Popen(command, env=build_environment(settings), stdout=subprocess.PIPE) as process:  # noqa: S603
        try:
            wait_until_ready(port, process)
            rows, raw = uvloop.run(_ask_all(settings, port, process))
        finally:
            process.terminate()
    stages = {name: take_median([row[place] for row in rows]) for place, name in enumerate(STAGES)}
    stages["the whole"] = take_median([sum(row) for row in rows])
    stages["raw `_search` of the same bodies"] = raw
    return [Figure(area="Stages", name=name, unit="µs", value=1e6 * s, noise=True) for name, s in stages.items()]


async def _ask_all(
    settings: Settings, port: int, process: "subprocess.Popen[bytes]"
) -> tuple[list[list[float]], float]:
    paths: dict[str, Path] = {path.name: path for path in await prepare_paths(settings, port, WARM_UP + SEARCHES)}
    api, elasticsearch = await open_connection(port), await open_connection(paths[RAW].port)
    rows, raw = [], []
    for number in range(WARM_UP + SEARCHES):
        raw.append((await ask(elasticsearch, paths[RAW].requests[number]))[0])
        started = time.perf_counter()
        seconds, _ = await ask(api, paths[API].requests[number])
        async with asyncio.timeout(LONGEST_WAIT_S):
            stamps = await asyncio.to_thread(_read_stamps, process)
        bounds = [started, *stamps, started + seconds]
        rows.append([later - earlier for earlier, later in pairwise(bounds)])
    return rows[WARM_UP:], take_median(raw[WARM_UP:])


def _read_stamps(process: "subprocess.Popen[bytes]") -> list[float]:
    """Of one request. Those to `/health/ready`, which never reach Elasticsearch, have fewer and are passed over."""
    if process.stdout is None:
        raise RuntimeError("the process has no output")
    while True:
        stamps: list[float] = json.loads(process.stdout.readline())
        if len(stamps) == len(STAGES) - 1:
            return stamps


def _serve_with_probes(port: int) -> None:
    """`nyumba serve` that prints the times of each request."""
    from nyumba.cli import main as nyumba  # noqa: PLC0415  (only here)

    HttpToolsProtocol.data_received = _before(HttpToolsProtocol.data_received, fresh=True)  # type: ignore[method-assign]
    Litestar.__call__ = _before_async(Litestar.__call__)  # type: ignore[method-assign]
    routes.parse_parameters = _before(routes.parse_parameters)  # type: ignore[attr-defined]
    routes.search_properties = _around(_before(routes.search_properties))  # type: ignore[attr-defined]
    service.ask = _around(service.ask)  # type: ignore[attr-defined]
    SearchEngine.search = _around(_before(SearchEngine.search))  # type: ignore[method-assign]
    Connection.send = _after(Connection.send)  # type: ignore[method-assign]
    Connection.data_received = _once(Connection.data_received)  # type: ignore[method-assign]
    RequestResponseCycle.send = _around_body(RequestResponseCycle.send)  # type: ignore[method-assign]
    with suppress(SystemExit):
        nyumba(["serve", "--port", str(port)])


def _stamp() -> None:
    _stamps.append(time.perf_counter())


def _before(call: Callable[..., Any], *, fresh: bool = False) -> Callable[..., Any]:
    def probed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  (whatever it is)
        if fresh:
            _stamps.clear()
        _stamp()
        return call(*args, **kwargs)

    return probed


def _before_async(call: Callable[..., Any]) -> Callable[..., Any]:
    """An application of ASGI 3, which uvicorn knows by its signature."""

    async def probed(app: Litestar, scope: object, receive: object, send: object) -> None:
        _stamp()
        await call(app, scope, receive, send)

    return probed


def _after(call: Callable[..., Any]) -> Callable[..., Any]:
    def probed(*args: Any) -> Any:  # noqa: ANN401  (whatever it is)
        result = call(*args)
        _stamp()
        return result

    return probed


def _once(call: Callable[..., Any]) -> Callable[..., Any]:
    """Elasticsearch's answer can come in pieces: the first counts."""

    def probed(*args: Any) -> Any:  # noqa: ANN401  (whatever it is)
        if len(_stamps) == STAGES.index("answer of Elasticsearch read") - 1:
            _stamp()
        return call(*args)

    return probed


def _around(call: Callable[..., Any]) -> Callable[..., Any]:
    async def probed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  (whatever it is)
        result = await call(*args, **kwargs)
        _stamp()
        return result

    return probed


def _around_body(call: Callable[..., Any]) -> Callable[..., Any]:
    async def probed(cycle: object, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            _stamp()
        await call(cycle, message)
        if message["type"] == "http.response.body":
            _stamp()
            printed = json.dumps(_stamps)
            asyncio.get_running_loop().call_later(0.001, lambda: print(printed, flush=True))  # noqa: T201

    return probed


if __name__ == "__main__":
    main()
