"""The rate limits of several API processes that share a database."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import aiohttp
import pytest

from nyumba.limits.policies import LOGIN
from nyumba.settings import Settings
from tests.serving import make_environ, run_servers

PROCESSES = 4
REQUESTS = 1000


@pytest.fixture
def apis(settings: Settings) -> Iterator[list[str]]:
    """Several `nyumba serve` on one database."""
    with run_servers(make_environ(settings), PROCESSES) as servers:
        yield [server.url for server in servers]


async def test_several_processes_let_exactly_the_quota_through(apis: list[str]) -> None:
    """Each request claims to come from elsewhere and names another account: neither must help."""

    async def log_in(number: int) -> tuple[int, str, str | None]:
        body = {"email": f"{number}@example.com", "password": "wrong password"}
        claim = {"X-Forwarded-For": f"10.0.{number % 250}.{number // 250}"}
        api = apis[number % PROCESSES]
        async with session.post(f"{api}/api/v1/auth/login", json=body, headers=claim) as answer:
            return answer.status, answer.headers["RateLimit"].split(";")[1], answer.headers.get("Retry-After")

    # A connection for each request: one that is kept may be closed by the server in the moment that it is used again.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:
        answers = await asyncio.gather(*(log_in(number) for number in range(REQUESTS)))
    quota = LOGIN.by_address.quota
    assert Counter(status for status, _, _ in answers) == {401: quota, 429: REQUESTS - quota}
    passed = [remaining for status, remaining, _ in answers if status == 401]
    assert sorted(passed) == sorted(f"r={left}" for left in range(quota))
    waits = [int(wait or 0) for status, _, wait in answers if status == 429]
    assert 0 < min(waits) <= max(waits) <= LOGIN.by_address.window_s
