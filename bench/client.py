"""The client that both sides of every comparison are asked with: kept-alive connections, and no work of its own."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from nyumba.http_pool import Answer, Connection


@dataclass(frozen=True, slots=True)
class Path:
    """One way to get an answer: a name, where it leads, and the requests that are to go there."""

    name: str
    port: int
    requests: Sequence[bytes]


async def open_connection(port: int) -> Connection:
    """A connection to this machine."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
    return connection


def build_request(method: str, target: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request."""
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"{method} {target} HTTP/1.1\r\nHost: bench\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def find_http_port(url: str) -> int:
    """The port of a URL of this machine."""
    port = urlsplit(url).port
    if port is None:
        raise ValueError(f"{url} has no port")
    return port


async def ask(connection: Connection, request: bytes) -> tuple[float, Answer]:
    """Send a request; the seconds that the answer took, and the answer, which has to be a good one."""
    started = time.perf_counter()
    answer = await connection.send(request)
    seconds = time.perf_counter() - started
    if answer.status >= 300:
        raise RuntimeError(f"status {answer.status}: {answer.body[:300].decode(errors='replace')}")
    return seconds, answer


async def take_turns(paths: Sequence[Path], *, warm_up: int) -> dict[str, list[float]]:
    """Ask the n-th question of each path, then the next; who goes first changes each time. Seconds by path."""
    connections = [await open_connection(path.port) for path in paths]
    times: dict[str, list[float]] = {path.name: [] for path in paths}
    for number in range(len(paths[0].requests)):
        for turn in range(len(paths)):
            which = (number + turn) % len(paths)
            seconds, _ = await ask(connections[which], paths[which].requests[number])
            if number >= warm_up:
                times[paths[which].name].append(seconds)
    for connection in connections:
        connection.abort()
    return times


async def measure_rate(path: Path, *, connections: int, seconds: float) -> float:
    """Answers for each second, with so many connections that each ask as soon as they have been answered."""
    requests = _repeat(path.requests)
    opened = [await open_connection(path.port) for _ in range(connections)]
    started = time.perf_counter()
    count = 0

    async def keep_asking(connection: Connection) -> None:
        nonlocal count
        while time.perf_counter() - started < seconds:
            await ask(connection, next(requests))
            count += 1

    await asyncio.gather(*(keep_asking(connection) for connection in opened))
    elapsed = time.perf_counter() - started
    for connection in opened:
        connection.abort()
    return count / elapsed


def _repeat(requests: Sequence[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests
