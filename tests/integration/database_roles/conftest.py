"""The roles of a test's database, and processes connected as them. What tests arrange, they arrange as the owner."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch
from httpx import AsyncClient
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.processor import Processor
from indexer.reindex import ReindexResult, reindex
from nyumba.database_roles import ROLE_NAMES, RoleName
from nyumba.db import create_engine
from nyumba.settings import Settings
from nyumba.setup_roles import name_role, quote, set_up_roles
from tests.conftest import World, run_sql
from tests.integration.accounts.conftest import serve
from tests.serving import make_environ

PASSWORDS: Mapping[RoleName, str] = {name: f"{name}-of-the-tests" for name in ROLE_NAMES}


async def set_up(database_url: str) -> dict[str, str]:
    engine = create_engine(database_url, pool_size=1)
    try:
        return await set_up_roles(engine, PASSWORDS)
    finally:
        await engine.dispose()


@pytest.fixture
def role_names(database_url: str) -> Iterator[dict[RoleName, str]]:
    """What the roles of the test's database are called; they go before it."""
    names = {name: name_role(str(make_url(database_url).database), name) for name in ROLE_NAMES}
    yield names
    there = ", ".join(f"'{role}'" for role in names.values())
    drop = "format('DROP OWNED BY %I; DROP ROLE %I', rolname, rolname)"
    run_sql(
        database_url,
        f"DO $$ DECLARE drops text; BEGIN"
        f" SELECT string_agg({drop}, ';') INTO drops FROM pg_roles WHERE rolname IN ({there});"
        f" IF drops IS NOT NULL THEN EXECUTE drops; END IF; END $$",
    )


@pytest.fixture
def role_urls(database_url: str, role_names: dict[RoleName, str]) -> dict[RoleName, str]:
    """The test's database, as each role."""
    asyncio.run(set_up(database_url))
    url = make_url(database_url)
    return {
        name: url.set(username=role, password=PASSWORDS[name]).render_as_string(hide_password=False)
        for name, role in role_names.items()
    }


@pytest.fixture
async def engines(role_urls: dict[RoleName, str]) -> AsyncIterator[dict[RoleName, AsyncEngine]]:
    engines = {name: create_engine(url) for name, url in role_urls.items()}
    yield engines
    for engine in engines.values():
        await engine.dispose()


@pytest.fixture
def process() -> RoleName:
    """Who is under test; files say otherwise."""
    return "api"


@pytest.fixture
def environ(settings: Settings, role_urls: dict[RoleName, str], process: RoleName) -> dict[str, str]:
    """What the process under test is started with."""
    return make_environ(settings, NYUMBA_DATABASE_URL=role_urls[process])


@pytest.fixture
def engine(engines: dict[RoleName, AsyncEngine], process: RoleName) -> AsyncEngine:
    return engines[process]


@pytest.fixture
async def owner_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()


class RoleWorld(World):
    """`engine` is that of the process under test, and the index is the indexer's; `sql` is the owner's, as ever."""

    def __init__(
        self, owner: World, engine: AsyncEngine, indexer: AsyncEngine, elastic: AsyncElasticsearch, settings: Settings
    ) -> None:
        super().__init__(engine, elastic, settings)
        self.processor = Processor(indexer, elastic, settings.search_alias)
        self._owner = owner
        self._indexer = indexer

    async def sql(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        return await self._owner.sql(statement, **values)

    async def reindex(self) -> ReindexResult:
        return await reindex(self._indexer, self.elastic, self.alias, lambda _: None)


@pytest.fixture
def world(
    owner_engine: AsyncEngine,
    engines: dict[RoleName, AsyncEngine],
    engine: AsyncEngine,
    elastic: AsyncElasticsearch,
    settings: Settings,
) -> World:
    """The process under test, the indexer, and somebody at psql."""
    return RoleWorld(World(owner_engine, elastic, settings), engine, engines["indexer"], elastic, settings)


@pytest.fixture
async def api(
    settings: Settings, role_urls: dict[RoleName, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AsyncClient]:
    for module in ("images.removals", "views.folding"):
        monkeypatch.setattr(f"nyumba.{module}.INTERVAL_S", 3600)  # tests remove and count by themselves
    async with serve(replace(settings, database_url=role_urls["api"])) as client:
        yield client
