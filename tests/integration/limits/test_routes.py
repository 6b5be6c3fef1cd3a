"""Rate limits over HTTP: what is counted, what is refused, and what the answers say about it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.app import create_app
from nyumba.limits.policies import FORGOT_PASSWORD, LOGIN, REGISTER
from nyumba.settings import Settings
from tests.conftest import World

Api = AsyncTestClient[Litestar]
PASSWORD = "correct horse battery staple"  # noqa: S105
LIMITED = {
    "login": {"email": "a@example.com", "password": PASSWORD},
    "register": {"email": "a@example.com", "password": PASSWORD, "full_name": "A", "role": "buyer"},
    "forgot-password": {"email": "a@example.com"},
    "refresh": {"refresh_token": "none"},
    "change-password": {"current_password": "none", "password": PASSWORD},
}


@pytest.fixture
async def proxied(settings: Settings) -> AsyncIterator[Api]:
    """The API behind one proxy."""
    async with AsyncTestClient(create_app(replace(settings, trusted_proxies=1))) as client:
        yield client


async def send(api: Api, endpoint: str, came_from: str | None = None, **values: object) -> Response:
    headers = {} if came_from is None else {"X-Forwarded-For": came_from}
    body: dict[str, Any] = LIMITED[endpoint] | values
    return await api.post(f"/api/v1/auth/{endpoint}", json=body, headers=headers)


@pytest.mark.parametrize("endpoint", LIMITED)
async def test_limited_endpoint_says_how_it_stands(api: Api, endpoint: str) -> None:
    answer = await send(api, endpoint)
    assert answer.headers["RateLimit-Policy"].startswith(f'"{endpoint}-by-address";q=')
    assert answer.headers["RateLimit"].startswith(f'"{endpoint}-by-address";r=')


async def test_fields_count_down(api: Api) -> None:
    answers = [await send(api, "login", email=f"{number}@example.com") for number in range(3)]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=99", "r=98", "r=97"]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {
        '"login-by-address";q=100;w=900, "login-by-account";q=10;w=900'
    }


async def test_other_endpoints_have_no_fields(api: Api) -> None:
    answer = await api.get("/health/live")
    assert not [name for name in answer.headers if "ratelimit" in name]


async def test_address_that_had_its_share_is_refused(api: Api) -> None:
    for number in range(REGISTER.by_address.quota):
        assert (await send(api, "register", email=f"{number}@example.com")).status_code == 202
    answer = await send(api, "register", email="late@example.com")
    assert answer.status_code == 429
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["type"] == "urn:nyumba:problem:rate-limited"
    name, remaining, time = answer.headers["RateLimit"].split(";")
    assert (name, remaining) == ('"register-by-address"', "r=0")
    assert int(answer.headers["Retry-After"]) >= int(time.removeprefix("t="))
    assert 0 < int(answer.headers["Retry-After"]) <= REGISTER.by_address.window_s


async def test_account_that_had_its_share_is_refused_from_everywhere(proxied: Api, world: World) -> None:
    """The eleventh guess is refused even if it is right, and however the address is written."""
    await send(proxied, "register", came_from="192.0.2.1")
    for number in range(LOGIN.by_account.quota):
        answer = await send(proxied, "login", came_from=f"192.0.2.{number}", password="wrong password")  # noqa: S106
        assert answer.status_code == 401
    answer = await send(proxied, "login", came_from="192.0.2.200", email="A@Example.com")
    assert answer.status_code == 429
    assert answer.headers["RateLimit"].startswith('"login-by-account";r=0;t=')
    assert "example.com" not in answer.text
    assert (await send(proxied, "login", came_from="192.0.2.200", email="b@example.com")).status_code == 401


async def test_refused_account_is_not_looked_up(api: Api, world: World) -> None:
    for _ in range(FORGOT_PASSWORD.by_account.quota + 3):
        await send(api, "register", email="b@example.com")
        await send(api, "forgot-password", email="b@example.com")
    queued = await world.sql("SELECT count(*) FROM mail_outbox WHERE kind = 'reset_password'")
    assert queued == [(FORGOT_PASSWORD.by_account.quota,)]


async def test_answer_does_not_tell_how_often_an_account_was_used(proxied: Api) -> None:
    """Otherwise anybody could see when the owner of an address logs in, and so that there is one."""
    seen = [
        (await send(proxied, "login", came_from=f"192.0.2.{number}")).headers["RateLimit"].split(";")[:2]
        for number in range(3)
    ]
    assert seen == [['"login-by-address"', "r=99"]] * 3


async def test_unknown_and_known_accounts_are_limited_alike(api: Api) -> None:
    await send(api, "register", email="known@example.com")
    answers = {
        email: [(await send(api, "login", email=email, password="wrong password")).status_code for _ in range(12)]  # noqa: S106
        for email in ("known@example.com", "unknown@example.com")
    }
    assert answers["known@example.com"] == answers["unknown@example.com"] == [401] * 10 + [429] * 2


async def test_request_that_makes_no_sense_counts_too(api: Api) -> None:
    answer = await api.post("/api/v1/auth/login", content=b"{")
    assert answer.status_code == 400
    assert answer.headers["RateLimit"].startswith('"login-by-address";r=99;')


async def test_claimed_address_is_ignored_without_a_proxy(api: Api) -> None:
    answers = [await send(api, "login", came_from=f"192.0.2.{n}", email=f"{n}@example.com") for n in range(2)]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=99", "r=98"]


async def test_only_what_the_proxy_wrote_is_believed(proxied: Api) -> None:
    routes = ["192.0.2.1", "10.0.0.1, 192.0.2.1", "192.0.2.2"]
    answers = [await send(proxied, "login", came_from=r, email=f"{n}@example.com") for n, r in enumerate(routes)]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=99", "r=98", "r=99"]


async def test_factor_widens_the_limits(settings: Settings) -> None:
    async with AsyncTestClient(create_app(replace(settings, rate_limit_factor=5))) as api:
        answer = await send(api, "login")
    assert answer.headers["RateLimit-Policy"] == '"login-by-address";q=500;w=900, "login-by-account";q=50;w=900'
    assert '";r=499;' in answer.headers["RateLimit"]
