import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nyumba.http_pool import Answer, HttpPool

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'7\r\n{"a":"b\r\n2\r\n"}\r\n0\r\n\r\n'
)

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(line for line in head.splitlines() if line.startswith("Content-Length:")).partition(":")[2]
    return head, await reader.readexactly(int(length))


@asynccontextmanager
async def run_node(script: Script) -> AsyncIterator[str]:
    """A node on a free port that does to each connection what the script says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def open_pool(*urls: str, size: int = 4, timeout_s: float = 10) -> AsyncIterator[HttpPool]:
    pool = HttpPool(urls, size=size, timeout_s=timeout_s)
    try:
        yield pool
    finally:
        pool.close()


class Recorder:
    """Answers every request well, and notes what it saw."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[tuple[str, bytes]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            self.requests.append(await read_request(reader))
            writer.write(self.answer)


@hypothesis_settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, len(CHUNKED)), max_size=12))
async def test_answer_does_not_depend_on_how_it_is_cut(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(CHUNKED)]

    async def answer_in_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for start, end in pairwise(bounds):
            writer.write(CHUNKED[start:end])
            await writer.drain()
            await asyncio.sleep(0)

    async with run_node(answer_in_pieces) as url, open_pool(url) as pool:
        assert await pool.post("/", b"{}") == Answer(404, b'{"a":"b"}')


async def test_connection_is_kept_for_the_next_request() -> None:
    node = Recorder()
    async with run_node(node) as url, open_pool(url) as pool:
        for body in (b"1", b"22", b""):
            assert await pool.post("/a?b=c", body) == Answer(200, b"ok")
    assert node.connections == 1
    assert [body for _, body in node.requests] == [b"1", b"22", b""]


async def test_url_gives_credentials_and_a_prefix() -> None:
    node = Recorder()
    async with run_node(node) as url, open_pool(url.replace("http://", "http://me:p%40ss@") + "/es/") as pool:
        await pool.post("/x/_search", b"{}")
    head = node.requests[0][0]
    assert head.startswith("POST /es/x/_search HTTP/1.1\r\n")
    assert "Authorization: Basic bWU6cEBzcw==\r\n" in head
    assert "p%40ss" not in head


async def test_no_more_connections_than_allowed() -> None:
    node = Recorder()
    async with run_node(node) as url, open_pool(url, size=3) as pool:
        await asyncio.gather(*(pool.post("/", b"{}") for _ in range(30)))
    assert node.connections == 3
    assert len(node.requests) == 30


async def test_connection_that_the_node_closed_meanwhile_is_replaced() -> None:
    connections = 0

    async def close_at_the_second_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await read_request(reader)
        writer.write(OK)
        await read_request(reader)

    async with run_node(close_at_the_second_request) as url, open_pool(url) as pool:
        for _ in range(4):
            assert (await pool.post("/", b"{}")).status == 200
    assert connections == 4


async def test_api_key_goes_with_every_request() -> None:
    node = Recorder()
    async with run_node(node) as url:
        pool = HttpPool([url], size=1, timeout_s=10, api_key="a2V5")
        await pool.post("/", b"{}")
        await pool.post("/", b"{}")
        pool.close()
    assert ["Authorization: ApiKey a2V5" in head.splitlines() for head, _ in node.requests] == [True, True]


async def test_node_that_never_answers_is_tried_once_on_a_new_connection() -> None:
    connections = 0

    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await read_request(reader)

    async with run_node(hang_up) as url, open_pool(url) as pool:
        with pytest.raises(ConnectionError, match="closed before it answered"):
            await pool.post("/", b"{}")
    assert connections == 1


@pytest.mark.parametrize("rubbish", [b"SMTP ready\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
async def test_what_is_no_http_is_an_outage(rubbish: bytes) -> None:
    async with run_node(Recorder(rubbish)) as url, open_pool(url) as pool:
        with pytest.raises(ConnectionError, match="no HTTP"):
            await pool.post("/", b"{}")


async def test_failing_node_hands_over_and_rests() -> None:
    good = Recorder()
    tried = 0

    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal tried
        tried += 1
        await read_request(reader)

    async with run_node(hang_up) as bad, run_node(good) as url, open_pool(bad, url) as pool:
        for _ in range(6):
            assert (await pool.post("/", b"{}")).status == 200
    assert (tried, len(good.requests)) == (1, 6)


async def test_nodes_take_turns() -> None:
    one, other = Recorder(), Recorder()
    async with run_node(one) as first, run_node(other) as second, open_pool(first, second) as pool:
        for _ in range(6):
            await pool.post("/", b"{}")
    assert (len(one.requests), len(other.requests)) == (3, 3)


async def test_cancelled_request_closes_its_connection_and_frees_its_place() -> None:
    asked, closed = asyncio.Event(), asyncio.Event()
    connections = 0

    async def stall_at_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await read_request(reader)
        if connections > 1:
            writer.write(OK)
            return
        asked.set()
        assert await reader.read() == b""
        closed.set()

    async with run_node(stall_at_first) as url, open_pool(url, size=1) as pool:
        first = asyncio.create_task(pool.post("/", b"{}"))
        await asked.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await asyncio.wait_for(closed.wait(), 10)
        assert (await pool.post("/", b"{}")).status == 200


async def test_slow_answer_is_given_up() -> None:
    async def stall(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with run_node(stall) as url, open_pool(url, timeout_s=0.05) as pool, asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            await pool.post("/", b"{}")


async def test_late_answer_never_reaches_the_next_request() -> None:
    released = asyncio.Event()

    async def answer_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_request(reader)
        if body == b"slow":
            await released.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async with run_node(answer_late) as url, open_pool(url, size=1, timeout_s=0.2) as pool, asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            await pool.post("/", b"slow")
        released.set()
        assert (await pool.post("/", b"quick")).body == b"quick"
