"""What strangers and logs get to see when something goes wrong: never more than they should."""

import logging
import re
from dataclasses import replace

import pytest
from httpx import AsyncClient

from nyumba.db import create_engine
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import PASSWORD, Accounts, serve

LEAKS = re.compile(
    r"Traceback|File \"|SELECT|INSERT|UPDATE |sqlalchemy|asyncpg|nyumba\.|users_|one_time|token_fam|/tmp"
)


def check_problem(text: str, media_type: str) -> None:
    assert media_type == "application/problem+json"
    assert not LEAKS.search(text), text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/auth/nothing", 404),
        ("GET", "/api/v1/auth/login", 405),
        ("POST", "/api/v1/auth/login", 400),
        ("POST", "/api/v1/auth/refresh", 400),
        ("POST", "/api/v1/auth/verify-email", 400),
        ("PUT", "/api/v1/users/me", 401),
        ("GET", "/api/v1/properties/1", 404),
        ("GET", "/api/v1/properties/00000000-0000-0000-0000-000000000000", 404),
    ],
)
async def test_every_refusal_is_a_problem(api: AsyncClient, method: str, path: str, status: int) -> None:
    response = await api.request(method, path, content=b"{" if method != "GET" else None)
    assert response.status_code == response.json()["status"] == status
    check_problem(response.text, response.headers["content-type"])


async def test_bug_is_a_problem_without_details_and_its_log_quotes_no_row(
    accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    await accounts.sql("ALTER TABLE users ADD CONSTRAINT no_amina CHECK (full_name NOT LIKE 'Amina%')")
    body = {"email": "amina@example.com", "password": PASSWORD, "full_name": "Amina Ali"}
    response = await accounts.post("register", **body)
    assert (response.status_code, response.json()["type"]) == (500, "urn:nyumba:problem:internal-error")
    check_problem(response.text, response.headers["content-type"])
    assert "SQLSTATE 23514" in caplog.text
    assert "service.py" in caplog.text
    for secret in ("amina@example.com", "Amina", "v1$2b$"):
        assert secret not in caplog.text


async def test_database_that_is_down_is_a_503(settings: Settings) -> None:
    down = replace(settings, database_url="postgresql+asyncpg://127.0.0.1:1/nyumba")
    async with serve(down) as api:
        for path, body in (
            ("login", {"email": "a@example.com", "password": PASSWORD}),
            ("forgot-password", {"email": "a@example.com"}),
        ):
            response = await api.post(f"/api/v1/auth/{path}", json=body)
            assert (response.status_code, response.headers["retry-after"]) == (503, "5")
            check_problem(response.text, response.headers["content-type"])


async def test_no_secret_reaches_a_log(accounts: Accounts, caplog: pytest.LogCaptureFixture) -> None:
    """All endpoints, used well and badly, with everything logged that can be but the wire itself."""
    caplog.set_level(logging.DEBUG)
    for chatty in ("httpx", "httpcore", "asyncio"):  # the test's own client
        caplog.set_level(logging.CRITICAL, logger=chatty)
    email = "amina.siri@example.com"
    form = {"email": email, "password": PASSWORD, "full_name": "Amina Ali"}
    for body in (form, form, {**form, "role": "admin"}):
        await accounts.post("register", **body)
    links = [await accounts.read_link("verify_email")]
    await accounts.post("verify-email", token=links[0])
    await accounts.post("login", email=email, password="wrong-password-1")  # noqa: S106
    tokens = (await accounts.post("login", email=email, password=PASSWORD)).json()
    await accounts.read_me(tokens["access_token"])
    await accounts.read_me(tokens["access_token"] + "x")
    fresh = (await accounts.post("refresh", refresh_token=tokens["refresh_token"])).json()
    await accounts.make_older(11)
    await accounts.post("refresh", refresh_token=tokens["refresh_token"])
    await accounts.post("logout", refresh_token=fresh["refresh_token"])
    await accounts.post("forgot-password", email=email)
    links.append(await accounts.read_link("reset_password"))
    await accounts.post("reset-password", token=links[1], password="mlima-mrefu-77")  # noqa: S106
    secrets = [email, PASSWORD, "wrong-password-1", "mlima-mrefu-77", *links]
    secrets += [str(answer[name]) for answer in (tokens, fresh) for name in ("access_token", "refresh_token")]
    assert [secret for secret in secrets if secret in caplog.text] == []


async def test_errors_of_the_database_hide_what_was_sent(world: World, settings: Settings) -> None:
    engine = create_engine(settings.require_database_url())
    with pytest.raises(Exception, match="parameters hidden"):
        async with engine.begin() as connection:
            await connection.exec_driver_sql("SELECT 1 / $1::int", (0,))
    await engine.dispose()
