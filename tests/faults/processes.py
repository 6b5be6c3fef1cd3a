"""The real `nyumba-indexer`, as processes that can be killed, stopped and resumed.

Each is started, signalled and awaited through its own handle; none outlives its test.
"""

import asyncio
import os
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO

from nyumba.settings import Settings
from tests.faults.load import wait_for

TIMEOUT_S = 240


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said on its standard error."""

    code: int
    error: str


@dataclass(frozen=True)
class Command:
    """A command that runs."""

    process: Process
    said: IO[bytes]

    def read_said(self) -> str:
        self.said.seek(0)
        return self.said.read().decode()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def wait(self) -> Ended:
        async with asyncio.timeout(TIMEOUT_S):
            code = await self.process.wait()
        return Ended(code, self.read_said())

    async def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@dataclass(frozen=True)
class Indexer:
    """Starts commands against one database and one Elasticsearch."""

    settings: Settings
    elasticsearch_url: str

    @asynccontextmanager
    async def start(self, *words: str) -> AsyncIterator[Command]:
        """A command meanwhile; it is killed if it still runs."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("NYUMBA_")}
        environ |= {
            "NYUMBA_DATABASE_URL": self.settings.require_database_url(),
            "NYUMBA_ELASTICSEARCH_URL": self.elasticsearch_url,
            "NYUMBA_SEARCH_ALIAS": self.settings.search_alias,
        }
        words = (sys.executable, "-m", "indexer", *words)
        with tempfile.TemporaryFile() as said:
            process = await asyncio.create_subprocess_exec(
                *words, env=environ, stdin=DEVNULL, stdout=DEVNULL, stderr=said
            )
            command = Command(process, said)
            try:
                yield command
            finally:
                await command.kill()

    async def run(self, *words: str) -> Ended:
        """Run a command to its end."""
        async with self.start(*words) as command:
            return await command.wait()

    @asynccontextmanager
    async def following(self, *words: str) -> AsyncIterator[Command]:
        """`nyumba-indexer run` meanwhile; asked to end, it has to do so in peace."""
        async with self.start("run", *words) as command:
            await wait_for(lambda: _follows(command), "the indexer to follow the database")
            yield command
            if command.process.returncode is None:
                command.send(signal.SIGTERM)
            ended = await command.wait()
            assert ended.code == 0, ended.error


def _follows(command: Command) -> bool:
    assert command.process.returncode is None, command.read_said()
    return "following the database" in command.read_said()
