"""People with accounts, and the links that were mailed to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import bcrypt
import pytest
from httpx import ASGITransport, AsyncClient, Response

from nyumba.accounts.passwords import Passwords
from nyumba.app import create_app
from nyumba.mail.sealing import TokenSeal
from nyumba.settings import Settings
from tests.conftest import World

PASSWORD = "tulivu-mbuni-42"  # noqa: S105
AUTH = "/api/v1/auth"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Rate limits have tests of their own; here they would only be in the way."""
    return replace(settings, rate_limit_factor=1000)


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[AsyncClient]:
    """An API in this loop, so that requests run at the same time: those of Litestar's test client wait in line."""
    app = create_app(settings)
    started, stopping = asyncio.Event(), asyncio.Event()

    async def live() -> None:  # in one task: pytest may enter and leave a fixture in two
        async with app.lifespan():
            started.set()
            await stopping.wait()

    life = asyncio.create_task(live())
    await started.wait()
    async with AsyncClient(transport=ASGITransport(app), base_url="http://nyumba.test") as client:
        yield client
    stopping.set()
    await life


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[AsyncClient]:
    async with serve(settings) as client:
        yield client


@dataclass(frozen=True)
class Person:
    """Someone with an account, and the tokens of one login."""

    id: UUID
    email: str
    access_token: str = ""
    refresh_token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


class Accounts:
    """The strokes that these tests are made of."""

    def __init__(self, api: AsyncClient, world: World, settings: Settings) -> None:
        self.api = api
        self.world = world
        self.sql = world.sql
        self._seal = TokenSeal(settings.secret_key)

    async def post(self, name: str, headers: dict[str, str] | None = None, **body: object) -> Response:
        return await self.api.post(f"{AUTH}/{name}", json=body, headers=headers)

    async def read_me(self, access_token: str) -> Response:
        return await self.api.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {access_token}"})

    async def add(self, role: str = "buyer", password: str = PASSWORD, cost: int = 4) -> Person:
        """An account with a password, as registering leaves it."""
        passwords = Passwords(cost=cost, min_length=10)
        hashed = await passwords.hash(password)
        passwords.close()
        email = f"{uuid4().hex}@example.com"
        rows = await self.sql(
            "INSERT INTO users (email, password_hash, full_name, role) VALUES (:email, :hash, 'Amina Ali', :role)"
            " RETURNING id",
            email=email,
            hash=hashed,
            role=role,
        )
        return Person(UUID(str(rows[0][0])), email)

    async def log_in(self, person: Person, password: str = PASSWORD) -> Person:
        response = await self.post("login", email=person.email, password=password)
        assert response.status_code == 200, response.text
        answer = response.json()
        return replace(person, access_token=answer["access_token"], refresh_token=answer["refresh_token"])

    async def add_logged_in(self, role: str = "buyer") -> Person:
        return await self.log_in(await self.add(role))

    async def read_mail(self) -> list[tuple[str, str | None]]:
        """Kind and token of what waits to be sent, oldest first."""
        rows = await self.sql("SELECT kind, sealed_token FROM mail_outbox ORDER BY created_at, id")
        return [(kind, self._seal.open(sealed) if sealed else None) for kind, sealed in rows]

    async def read_link(self, kind: str) -> str:
        """The token that was mailed last."""
        token = [token for mailed, token in await self.read_mail() if mailed == kind][-1]
        assert token is not None
        return token

    async def read_columns(self, user_id: UUID, columns: str) -> tuple[Any, ...]:
        return (await self.sql(f"SELECT {columns} FROM users WHERE id = :id", id=user_id))[0]

    async def wait_until_blocked(self) -> None:
        """Until some transaction waits for a lock that another one holds."""
        async with asyncio.timeout(10):
            while not await self.sql(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ):
                await asyncio.sleep(0.01)

    async def make_older(self, seconds: int) -> None:
        """Let the families' last rotations have been so much earlier."""
        await self.sql("UPDATE token_families SET issued_at = issued_at - make_interval(secs => :s)", s=seconds)


@pytest.fixture
def accounts(api: AsyncClient, world: World, settings: Settings) -> Accounts:
    return Accounts(api, world, settings)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The costs of all that bcrypt is asked to do."""
    costs: list[int] = []
    check, make = bcrypt.checkpw, bcrypt.hashpw

    def checkpw(secret: bytes, stored: bytes) -> bool:
        costs.append(int(stored[4:6]))
        return check(secret, stored)

    def hashpw(secret: bytes, salt: bytes) -> bytes:
        costs.append(int(salt[4:6]))
        return make(secret, salt)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    monkeypatch.setattr(bcrypt, "hashpw", hashpw)
    return costs
