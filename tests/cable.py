"""A cable to PostgreSQL that can be cut without a word, as when the machine at its end is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import URL


class Cable:
    """Passes bytes on between clients and PostgreSQL, until it is cut; then it keeps them, and closes nothing."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._sound = asyncio.Event()
        self._sound.set()
        self._streams: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        self._sound.clear()

    def mend(self) -> None:
        self._sound.set()

    @asynccontextmanager
    async def lay(self) -> AsyncIterator[str]:
        """The URL of the database at the other end."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        url = self._url.set(host="127.0.0.1", port=port, query={"ssl": "disable"})
        try:
            yield url.render_as_string(hide_password=False)
        finally:
            server.close()
            for stream in self._streams:
                stream.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        folder = self._url.query.get("host")
        if folder:
            far = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{self._url.port or 5432}")
        else:
            far = await asyncio.open_connection(self._url.host, self._url.port or 5432)
        self._streams += [writer, far[1]]
        await asyncio.gather(self._pass_on(reader, far[1]), self._pass_on(far[0], writer))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while some := await source.read(65_536):
            await self._sound.wait()
            target.write(some)
        target.close()
