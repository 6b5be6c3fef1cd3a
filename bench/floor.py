"""What does it cost to stand between a client and Elasticsearch at all? These pass bodies on, and do nothing else.

`python -m bench.floor KIND PORT TO` is one of them, in a process of its own.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, cast

import click
import uvicorn
import uvloop
from litestar import Litestar, MediaType, Request, post
from litestar.response.base import ASGIResponse

from bench.client import Path, find_http_port, take_turns
from bench.figures import Figure, compare_rounds, take_median
from bench.processes import find_port, start, wait_until_open
from bench.search import AREA, RAW, draw_targets, record_requests
from nyumba.http_pool import HttpPool
from nyumba.settings import Settings

SEARCHES = 300
WARM_UP = 150
TIMEOUT_S = 5.0
FIRST_SEED = 10


class Relay(asyncio.Protocol):
    """One end of a connection whose bytes go to the other end as they come."""

    def __init__(self, to: int | None = None, other: "Relay | None" = None) -> None:
        self._to = to
        self._other = other
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop's: a client has come, whose other end is still to be opened; or that has been."""
        self.transport = cast(asyncio.Transport, transport)
        if self._to is not None:
            self._opening = asyncio.get_running_loop().create_task(self._open(self._to))

    async def _open(self, to: int) -> None:
        loop = asyncio.get_running_loop()
        _, self._other = await loop.create_connection(lambda: Relay(other=self), "127.0.0.1", to)
        self._other.transport.write(b"".join(self._early))

    def data_received(self, data: bytes) -> None:
        """The loop's: bytes."""
        if self._other is None:
            self._early.append(data)
        else:
            self._other.transport.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        """The loop's: it is gone, and so the other goes."""
        if self._other is not None:
            self._other.transport.abort()


def serve_proxy(port: int, to: int) -> None:
    """Bytes alone: nothing is looked at."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: Relay(to), "127.0.0.1", port)
        await server.serve_forever()

    uvloop.run(run())


def serve_server(port: int, to: int) -> None:
    """The API's server and its connections to Elasticsearch, without a framework."""
    pool = HttpPool([f"http://127.0.0.1:{to}"], size=1, timeout_s=TIMEOUT_S)

    async def pass_on(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        answer = await pool.post(find_target(scope), (await receive())["body"])
        length = str(len(answer.body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    run_uvicorn(pass_on, port)


def serve_framework(port: int, to: int) -> None:
    """The API's framework as well: one route, one handler."""
    pool = HttpPool([f"http://127.0.0.1:{to}"], size=1, timeout_s=TIMEOUT_S)

    @post("/{alias:str}/_search", status_code=200)
    async def pass_on(request: Request[Any, Any, Any]) -> ASGIResponse:
        answer = await pool.post(find_target(request.scope), await request.body())
        return ASGIResponse(body=answer.body, media_type=MediaType.JSON)

    run_uvicorn(Litestar([pass_on], openapi_config=None), port)


def find_target(scope: Any) -> str:  # noqa: ANN401  (the server's or the framework's)
    """What was asked for, with its query string."""
    return str((scope["raw_path"] + b"?" + scope["query_string"]).decode())


def run_uvicorn(app: Any, port: int) -> None:  # noqa: ANN401  (two kinds of applications)
    """As `nyumba serve` does."""
    uvicorn.run(app, port=port, log_config=None, access_log=False, proxy_headers=False, lifespan="off")


KINDS: dict[str, tuple[str, Callable[[int, int], None]]] = {
    "proxy": ("bytes passed on", serve_proxy),
    "server": ("uvicorn that passes on", serve_server),
    "framework": ("Litestar that passes on", serve_framework),
}


async def measure_floor(settings: Settings) -> list[Figure]:
    """The median of each over that of raw, all in turns."""
    elasticsearch = find_http_port(settings.require_elasticsearch_url())
    with ExitStack() as stack:
        paths = [
            Path(RAW, elasticsearch, await record_requests(settings, draw_targets(FIRST_SEED, WARM_UP + SEARCHES)))
        ]
        for seed, kind in enumerate(KINDS, FIRST_SEED + 1):
            port = find_port()
            process = stack.enter_context(start(settings, ["bench.floor", kind, str(port), str(elasticsearch)]))
            wait_until_open(port, process)
            requests = await record_requests(settings, draw_targets(seed, WARM_UP + SEARCHES))
            paths.append(Path(kind, port, requests))
        times = await take_turns(paths, warm_up=WARM_UP)
    return [
        compare_rounds(Figure(area=AREA, name=f"{name}, p50 over raw", unit="ms"), take_median, times[kind], times[RAW])
        for kind, (name, _) in KINDS.items()
    ]


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("port", type=int)
@click.argument("to", type=int)
def main(kind: str, port: int, to: int) -> None:
    """Pass bodies on to Elasticsearch at the port TO."""
    KINDS[kind][1](port, to)


if __name__ == "__main__":
    main()
