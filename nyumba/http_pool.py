"""Kept-alive HTTP/1.1 connections, for the one request that is too hot for a general client.

Invariant: a connection carries one request at a time, and one whose answer was not read to its end is never used again.
"""

import asyncio
import base64
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote, urlsplit

import certifi
from httptools import HttpParserError, HttpResponseParser

RESTS_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose headers nobody needs."""

    status: int
    body: bytes


class HttpPool:
    """Connections to equal nodes, `size` at most in all. Nodes take turns; one that fails rests for a while."""

    def __init__(self, urls: Sequence[str], *, size: int, timeout_s: float, api_key: str | None = None) -> None:
        self._nodes = [_Node(url, api_key) for url in urls]
        self._slots = asyncio.Semaphore(size)
        self._timeout_s = timeout_s

    async def post(self, path: str, body: bytes) -> Answer:
        """Send JSON that is safe to send twice: what fails at one node goes to the next.

        A caller that is cancelled closes its connection, which makes Elasticsearch give the search up.

        Raises:
            TimeoutError: waiting for a connection and for the answer took too long.
            OSError: no node answers.
        """
        async with asyncio.timeout(self._timeout_s), self._slots:
            *others, last = self._choose()
            for node in others:
                try:
                    return await node.post(path, body)
                except OSError:
                    node.rests_until = asyncio.get_running_loop().time() + RESTS_S
            return await last.post(path, body)

    def close(self) -> None:
        """Close the connections that are idle; the others close themselves."""
        for node in self._nodes:
            node.close()

    def _choose(self) -> list["_Node"]:
        """Those that work, each first in its turn; then those that rest, in case they are all there is."""
        if len(self._nodes) > 1:
            self._nodes.append(self._nodes.pop(0))
            now = asyncio.get_running_loop().time()
            return sorted(self._nodes, key=lambda node: node.rests_until > now)
        return self._nodes


class _Node:
    """One address and its idle connections."""

    def __init__(self, url: str, api_key: str | None) -> None:
        parts = urlsplit(url)
        is_secure = parts.scheme == "https"
        self.rests_until = 0.0
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if is_secure else 80)
        self._ssl = ssl.create_default_context(cafile=certifi.where()) if is_secure else None
        self._idle: list[Connection] = []
        self._prefix = parts.path.rstrip("/")
        self._fields = f"Host: {parts.netloc.rpartition('@')[2]}\r\nContent-Type: application/json\r\n"
        if api_key is not None:
            self._fields += f"Authorization: ApiKey {api_key}\r\n"
        elif parts.username is not None:
            secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self._fields += f"Authorization: Basic {base64.b64encode(secret).decode()}\r\n"

    async def post(self, path: str, body: bytes) -> Answer:
        head = f"POST {self._prefix}{path} HTTP/1.1\r\n{self._fields}Content-Length: {len(body)}\r\n\r\n"
        request = head.encode() + body
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                try:
                    return await self._exchange(connection, request)
                except OSError:
                    break  # the node had closed it meanwhile; a new one tells whether it is well
        return await self._exchange(await self._open(), request)

    async def _exchange(self, connection: "Connection", request: bytes) -> Answer:
        try:
            answer = await connection.send(request)
        except BaseException:
            connection.abort()
            raise
        self._idle.append(connection)
        return answer

    async def _open(self) -> "Connection":
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, self._host, self._port, ssl=self._ssl)
        return connection

    def close(self) -> None:
        while self._idle:
            self._idle.pop().abort()


class Connection(asyncio.Protocol):
    """One connection: asyncio calls it with bytes, and its parser with what they mean."""

    def __init__(self) -> None:
        self.is_open = False
        self._parser = HttpResponseParser(self)
        self._chunks: list[bytes] = []
        self._answer: asyncio.Future[Answer] | None = None

    def send(self, request: bytes) -> asyncio.Future[Answer]:
        """Write a request; its answer comes later, or a ConnectionError."""
        self._chunks = []
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def abort(self) -> None:
        """Close it at once."""
        self.is_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop's: it can be used."""
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """The loop's: some of an answer came."""
        if self._answer is None or self._answer.done():  # nothing was asked
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(f"no HTTP: {error}")
            self.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """The loop's: it is gone, from whichever side."""
        self.is_open = False
        self._fail("closed before it answered")

    def on_body(self, chunk: bytes) -> None:
        """The parser's: some of a body."""
        self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        """The parser's: the answer is whole."""
        if not self._parser.should_keep_alive():
            self.abort()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._parser.get_status_code(), b"".join(self._chunks)))

    def _fail(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(reason))
