"""People who search on and on, over HTTP, for what must be there and for what must not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from httpx import AsyncClient

from nyumba.settings import Settings
from tests.integration.accounts.conftest import serve

ANCHORS = 20
WANTED = {"anchor": ANCHORS, "ghost": 0}


@dataclass
class Searcher:
    """`wrong` holds the answers that were not right."""

    api: AsyncClient
    searches: int = 0
    wrong: list[str] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        while not self._stop.is_set():
            for word, total in WANTED.items():
                response = await self.api.get("/api/v1/properties", params={"search": word, "limit": 1})
                self.searches += 1
                if response.status_code != 200 or response.json()["total"]["value"] != total:
                    self.wrong.append(f"{word}: {response.status_code} {response.text}")
            await asyncio.sleep(0.01)

    def has_searched(self, count: int) -> bool:
        return self.searches >= count

    def stop(self) -> None:
        self._stop.set()


@asynccontextmanager
async def searching(settings: Settings) -> AsyncIterator[Searcher]:
    """Search meanwhile."""
    async with serve(settings) as api:
        searcher = Searcher(api)
        task = asyncio.create_task(searcher.run())
        try:
            yield searcher
        finally:
            searcher.stop()
            await task
