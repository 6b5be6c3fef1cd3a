"""What do POST and PUT cost over the bare SQL transaction, and what share of that is the outbox?"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bench.client import ask, build_request, open_connection
from bench.figures import Figure, compare_rounds, take_median
from bench.processes import run_api
from nyumba.accounts.passwords import Passwords
from nyumba.http_pool import Connection
from nyumba.settings import Settings

AREA = "Writes"
WRITES = 300
WARM_UP = 60
PASSWORD = "tulivu-mbuni-42"  # noqa: S105  (of an account that lives as long as the benchmark)
INSERT = (
    "INSERT INTO properties (user_id, title, property_type, listing_type, price, bedrooms, city)"
    " VALUES ($1, 'Bungalow', 'house', 'sale', 9500000, 3, 'Nairobi') RETURNING id"
)
UPDATE = "UPDATE properties SET price = $2 WHERE id = $1"
BODY = {
    "title": "Bungalow",
    "property_type": "house",
    "listing_type": "sale",
    "price": 9_500_000,
    "bedrooms": 3,
    "city": "Nairobi",
    "status": "active",
}

Timed = Callable[[int], Awaitable[float]]


@dataclass(slots=True)
class Writer:
    """An account that offers properties, over HTTP and in SQL."""

    http: Connection
    sql: "asyncpg.Connection[asyncpg.Record]"
    user_id: UUID
    token: str

    async def post(self, _: int) -> float:
        """Seconds of a POST."""
        return (await self._send("POST", "/api/v1/properties", BODY))[0]

    async def put(self, number: int) -> float:
        """Seconds of a PUT that changes the price."""
        prop = await self.sql.fetchval(INSERT, self.user_id)
        return (await self._send("PUT", f"/api/v1/properties/{prop}", {"price": 9_000_000 + number}))[0]

    async def insert(self, _: int) -> float:
        """Seconds of the bare transaction."""
        started = time.perf_counter()
        async with self.sql.transaction():
            await self.sql.fetchval(INSERT, self.user_id)
        return time.perf_counter() - started

    async def update(self, number: int) -> float:
        """Seconds of the bare transaction."""
        prop = await self.sql.fetchval(INSERT, self.user_id)
        started = time.perf_counter()
        async with self.sql.transaction():
            await self.sql.execute(UPDATE, prop, 9_000_000 + number)
        return time.perf_counter() - started

    async def insert_unheard(self, number: int) -> float:
        """The same without the event for the index."""
        await self.sql.execute("ALTER TABLE properties DISABLE TRIGGER properties_insert_event")
        seconds = await self.insert(number)
        await self.sql.execute("ALTER TABLE properties ENABLE TRIGGER properties_insert_event")
        return seconds

    async def _send(self, method: str, target: str, body: object) -> tuple[float, bytes]:
        encoded = msgspec.json.encode(body)
        headers = {"Content_Type": "application/json", "Authorization": f"Bearer {self.token}"}
        seconds, answer = await ask(self.http, build_request(method, target, encoded, **headers))
        return seconds, answer.body


async def measure_writes(settings: Settings) -> list[Figure]:
    """Each against its baseline, in turns. Nothing is indexed meanwhile; a large outbox costs a write nothing."""
    with run_api(settings) as api:
        sql = await asyncpg.connect(settings.require_database_url().replace("+asyncpg", ""))
        http = await open_connection(api.port)
        writer = await _sign_up(sql, http)
        pairs: list[tuple[str, Timed, Timed]] = [
            ("POST over the bare transaction (p50)", writer.post, writer.insert),
            ("PUT over the bare transaction (p50)", writer.put, writer.update),
            ("transaction with its event over one without (p50)", writer.insert, writer.insert_unheard),
        ]
        figures = [await _compare(*pair) for pair in pairs]
        http.abort()
        await sql.close()
    return figures


async def _sign_up(sql: "asyncpg.Connection[asyncpg.Record]", http: Connection) -> Writer:
    passwords = Passwords(cost=4, min_length=10)
    stored = await passwords.hash(PASSWORD)
    passwords.close()
    email = f"writer-{uuid4()}@example.com"
    user_id = await sql.fetchval(
        "INSERT INTO users (email, full_name, password_hash, role, is_verified)"
        " VALUES ($1, 'Writer', $2, 'seller', true) RETURNING id",
        email,
        stored,
    )
    body = msgspec.json.encode({"email": email, "password": PASSWORD})
    _, answer = await ask(http, build_request("POST", "/api/v1/auth/login", body, Content_Type="application/json"))
    return Writer(http, sql, user_id, msgspec.json.decode(answer.body)["access_token"])


async def _compare(name: str, ours: Timed, baseline: Timed) -> Figure:
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM_UP + WRITES):
        for which in (0, 1) if number % 2 else (1, 0):
            seconds = await (ours, baseline)[which](number)
            if number >= WARM_UP:
                times[which].append(seconds)
    return compare_rounds(Figure(area=AREA, name=name, unit="ms"), take_median, *times)
