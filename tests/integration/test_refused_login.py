"""A PostgreSQL that stops letting the API in while it runs: as when its password is changed, or its role goes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from sqlalchemy.engine import make_url

from nyumba import outbox
from nyumba.app import create_app
from nyumba.images import removals
from nyumba.settings import Settings
from nyumba.trending import publishing
from nyumba.views import folding
from tests.conftest import World

Api = AsyncTestClient[Litestar]


@pytest.fixture
async def role(world: World) -> AsyncIterator[str]:
    """A role of its own, which may do everything for now."""
    name = f"role_{uuid4().hex}"
    await world.sql(f"CREATE ROLE {name} LOGIN SUPERUSER")
    yield name
    await world.sql(f"DROP ROLE {name}")


@pytest.fixture
async def api(settings: Settings, role: str) -> AsyncIterator[Api]:
    """The API, connected as the role."""
    url = make_url(settings.require_database_url()).set(username=role).render_as_string(hide_password=False)
    async with AsyncTestClient(create_app(replace(settings, database_url=url))) as api:
        assert (await api.get("/health/ready")).status_code == 200
        yield api


@pytest.fixture
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the API does on its own, it does often."""
    for module in (outbox, removals, publishing, folding):
        monkeypatch.setattr(module, "INTERVAL_S", 0.02)


@pytest.fixture
async def refused(world: World, role: str, haste: None, api: Api) -> Api:
    """The API, let in once and then no more."""
    await world.sql(f"ALTER ROLE {role} NOLOGIN")
    await world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :role", role=role)
    return api


async def test_it_is_an_outage_to_callers_and_the_log_names_the_setting(
    refused: Api, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/health/ready", f"/api/v1/properties/{uuid4()}"):
        response = await refused.get(path)
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert response.json()["type"] == "urn:nyumba:problem:database-unavailable"
        assert f"GET {path}: PostgreSQL refuses the user, the password or the database of NYUMBA_DATABASE_URL" in (
            caplog.text
        )
    assert "Traceback" not in caplog.text


async def test_missing_right_is_an_outage_as_well_and_the_log_says_what_gives_it(
    world: World, role: str, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    await world.sql(f"ALTER ROLE {role} NOSUPERUSER")
    path = f"/api/v1/properties/{uuid4()}"
    assert (await api.get(path)).status_code == 503
    assert f"GET {path}: PostgreSQL does not let the user of NYUMBA_DATABASE_URL do this; `nyumba setup-roles`" in (
        caplog.text
    )
    assert "Traceback" not in caplog.text


async def test_what_works_on_its_own_says_it_without_a_stack(refused: Api, caplog: pytest.LogCaptureFixture) -> None:
    said = ("how far the index is behind", "the next removals", "trends are published", "views are counted")
    async with asyncio.timeout(30):
        while not all(words in caplog.text for words in said):
            await asyncio.sleep(0.02)
    assert refused.app is not None
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert all("NYUMBA_DATABASE_URL" in line or "PostgreSQL is unavailable" in line for line in lines), lines
    assert "Traceback" not in caplog.text
