"""People who go on offering, changing and withdrawing properties over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from httpx import AsyncClient

from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import Accounts, Person, serve

PROPERTIES = "/api/v1/properties"
HOUSE: dict[str, Any] = {"title": "House", "property_type": "house", "listing_type": "sale", "price": 9_500_000}


@dataclass
class Seller:
    """Somebody who offers, changes and withdraws properties over HTTP. `answers` counts them by status."""

    api: AsyncClient
    person: Person
    answers: dict[int, int] = field(default_factory=dict)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def written(self) -> int:
        return sum(self.answers.values())

    async def run(self) -> None:
        while not self._stop.is_set():
            path = (await self._ask("POST", PROPERTIES, HOUSE))["id"]
            for price in range(1, 4):
                await self._ask("PATCH", f"{PROPERTIES}/{path}", {"price": price})
            if self.written % 3 == 0:
                await self._ask("DELETE", f"{PROPERTIES}/{path}", None)

    async def _ask(self, method: str, path: str, body: object) -> dict[str, Any]:
        response = await self.api.request(method, path, json=body, headers=self.person.headers)
        self.answers[response.status_code] = self.answers.get(response.status_code, 0) + 1
        await asyncio.sleep(0.02)
        return response.json() if response.content else {}

    def stop(self) -> None:
        self._stop.set()


@asynccontextmanager
async def selling(world: World, settings: Settings) -> AsyncIterator[Seller]:
    """People write over HTTP meanwhile; afterwards all of it was answered with 2xx."""
    async with serve(settings) as api:
        seller = Seller(api, await Accounts(api, world, settings).add_logged_in("seller"))
        task = asyncio.create_task(seller.run())
        try:
            yield seller
        finally:
            seller.stop()
            await task
        assert set(seller.answers) <= {200, 201, 204}, seller.answers
