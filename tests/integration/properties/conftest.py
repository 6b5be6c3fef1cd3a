"""People who offer properties over HTTP."""

from typing import Any

import pytest
from httpx import Response

from tests.integration.accounts.conftest import Accounts, Person, accounts, api, settings

__all__ = ["accounts", "api", "settings"]

PROPERTIES = "/api/v1/properties"
HOUSE: dict[str, Any] = {"title": "Bungalow", "property_type": "house", "listing_type": "sale", "price": 9_500_000}


@pytest.fixture
async def owner(accounts: Accounts) -> Person:
    return await accounts.add_logged_in("seller")


class Listings:
    """The strokes that these tests are made of."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.sql = accounts.sql

    async def request(
        self, method: str, path: str, person: Person | None = None, body: object = None, **headers: str
    ) -> Response:
        """`if_match="…"` sends If-Match."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        fields |= person.headers if person else {}
        return await self.accounts.api.request(method, path, json=body, headers=fields)

    async def offer(self, person: Person, **values: object) -> str:
        """Create a property; the path of it."""
        response = await self.request("POST", PROPERTIES, person, HOUSE | values)
        assert response.status_code == 201, response.text
        return response.headers["location"]

    async def change(self, path: str, person: Person, **values: object) -> dict[str, Any]:
        response = await self.request("PATCH", path, person, values)
        assert response.status_code == 200, response.text
        changed: dict[str, Any] = response.json()
        return changed

    async def refuse(self, method: str, path: str, person: Person, body: object, code: int = 400) -> dict[str, str]:
        """Expect a refusal, and return what it says of each field."""
        response = await self.request(method, path, person, body)
        assert response.status_code == code, response.text
        return {error["pointer"]: error["detail"] for error in response.json()["errors"]}

    async def count_events(self) -> int:
        return int((await self.sql("SELECT count(*) FROM search_outbox"))[0][0])


@pytest.fixture
def listings(accounts: Accounts) -> Listings:
    return Listings(accounts)
