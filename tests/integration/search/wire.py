"""A way to Elasticsearch that can be cut, and that tells what went over it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.app import create_app
from nyumba.settings import Settings

Api = AsyncTestClient[Litestar]
T = TypeVar("T")

METHODS = (b"GET ", b"POST ", b"DELETE ")


class Wire:
    """A way to Elasticsearch that can be cut. It has a thread of its own, so that nothing can hold it up.

    `requests` are the methods and paths of what went over it.
    """

    def __init__(self, url: str) -> None:
        self.far = (urlsplit(url).hostname, urlsplit(url).port)
        self.is_cut = False
        self.requests: list[str] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()

    @contextmanager
    def listen(self) -> Iterator[str]:
        thread = Thread(target=self._loop.run_forever)
        thread.start()
        server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            self._loop.call_soon_threadsafe(server.close)
            self.cut()
            self._run(self._finish())
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def cut(self) -> None:
        self.is_cut = True

        async def close() -> None:
            for writer in self._open:
                writer.close()

        self._run(close())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _finish(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection(*self.far)
        self._open |= {writer, far_writer}
        await asyncio.gather(self._copy(reader, far_writer, note=True), self._copy(far_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, note: bool = False) -> None:
        try:
            with suppress(ConnectionError):
                while data := await reader.read(65_536):
                    if note and data.startswith(METHODS):
                        self.requests.append(data.split(b" HTTP/1.1", 1)[0].decode())
                    writer.write(data)
        finally:
            writer.close()
            self._open.discard(writer)


@pytest.fixture
async def wire(settings: Settings) -> AsyncIterator[tuple[Wire, Api]]:
    wire = Wire(settings.require_elasticsearch_url())
    with wire.listen() as url:
        async with AsyncTestClient(create_app(replace(settings, elasticsearch_url=url))) as api:
            yield wire, api
