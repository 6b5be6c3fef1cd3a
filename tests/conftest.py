"""The real servers that tests run against, started once for each run and stopped after it.

Every test that asks for one gets a database of its own (cloned from a migrated template) and an alias of its own.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from elasticsearch import AsyncElasticsearch
from hypothesis import settings as hypothesis_settings
from litestar import Litestar
from litestar.testing import AsyncTestClient
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine
from testcontainers.community.elasticsearch import ElasticSearchContainer
from testcontainers.community.postgres import PostgresContainer
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from indexer.processor import Processor
from indexer.reindex import ReindexResult, reindex
from nyumba.app import create_app
from nyumba.db import create_engine
from nyumba.elastic import create_client
from nyumba.local.containers import has_engine
from nyumba.local.services import ServiceUrls, start_services, stop_services
from nyumba.migrate import migrate
from nyumba.settings import Settings

# The same examples in every run; `pytest --hypothesis-profile=random` looks for new ones.
hypothesis_settings.register_profile("fixed", derandomize=True)
hypothesis_settings.register_profile("random", derandomize=False)
hypothesis_settings.load_profile("fixed")

POSTGRES_IMAGE = "postgres:18"
ELASTICSEARCH_IMAGE = "docker.elastic.co/elasticsearch/elasticsearch:9.4.3"
ELASTICSEARCH_SETTINGS = {
    "discovery.type": "single-node",
    "action.auto_create_index": "false",
    "ES_JAVA_OPTS": "-Xms512m -Xmx512m",
}


SERVICES = pytest.StashKey[ServiceUrls]()
NODE_OF_THEIR_OWN = {"faults", "security"}

MEMORY = Path("/dev/shm")  # noqa: S108  (a folder of this run's own is made in it)
ROOM_B = 8 * 1024**3


def run_sql(database_url: str, *statements: str) -> None:
    """Execute statements outside of any transaction, as CREATE DATABASE needs it."""

    async def execute() -> None:
        connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())


def name_database(database_url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(database_url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def run_containers() -> Iterator[ServiceUrls]:
    """Containers of this run alone."""
    elasticsearch = ElasticSearchContainer(ELASTICSEARCH_IMAGE)
    for name, value in ELASTICSEARCH_SETTINGS.items():
        elasticsearch.with_env(name, value)
    with PostgresContainer(POSTGRES_IMAGE, driver="asyncpg") as postgres, elasticsearch:
        address = f"{elasticsearch.get_container_host_ip()}:{elasticsearch.get_exposed_port(9200)}"
        yield ServiceUrls(postgres.get_connection_url(), f"http://{address}")


def choose_directory() -> Path | None:
    """In memory where there is plenty, else where temporary files go.

    Each database is 300 files, which go with it. For a new file ext4 searches through all that went lately: a hundred
    tests later, a database takes half a second to make instead of 30 ms.
    """
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_B else None


@contextmanager
def run_embedded(settings: Settings) -> Iterator[ServiceUrls]:
    """Processes of this run alone, for what the settings do not give."""
    state_dir = Path(tempfile.mkdtemp(prefix="nyumba-tests-", dir=choose_directory()))
    state_dir.chmod(0o755)  # the services run as other users when root runs the tests
    settings = replace(settings, services="embedded", state_dir=state_dir)
    try:
        yield start_services(settings, report=print)
    finally:
        stop_services(settings, report=print)
        shutil.rmtree(state_dir)


@contextmanager
def run_services() -> Iterator[ServiceUrls]:
    """PostgreSQL and Elasticsearch: those that the environment names, else containers, else processes."""
    settings = Settings.from_env(local_urls=False)
    given = settings.database_url or settings.elasticsearch_url
    contained = settings.services == "containers" or (settings.services == "auto" and has_engine())
    with run_containers() if contained and not given else run_embedded(settings) as urls:
        yield urls


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """The workers of a run share its servers, which the process that leads them starts and stops."""
    if SERVICES not in node.config.stash:
        running = ExitStack()
        node.config.add_cleanup(running.close)
        node.config.stash[SERVICES] = running.enter_context(run_services())
    node.workerinput["services"] = asdict(node.config.stash[SERVICES])


class Scheduling(LoadScopeScheduling):
    """One worker takes a whole file, and all of those that share a node of their own."""

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        return str(path.parent if path.parent.name in NODE_OF_THEIR_OWN else path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """How tests are shared out to the workers of a run."""
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Iterator[ServiceUrls]:
    """The servers of this run."""
    shared = getattr(request.config, "workerinput", None)
    with run_services() if shared is None else nullcontext(ServiceUrls(**shared["services"])) as urls:
        yield urls


@pytest.fixture(scope="session")
def template_database(services: ServiceUrls) -> Iterator[str]:
    """A migrated, empty database to clone."""
    name = f"template_{uuid4().hex}"
    run_sql(services.database_url, f"CREATE DATABASE {name}")
    migrate(name_database(services.database_url, name))
    yield name
    run_sql(services.database_url, f"DROP DATABASE {name}")


@pytest.fixture
def database_url(services: ServiceUrls, template_database: str) -> Iterator[str]:
    """A migrated, empty database for one test."""
    name = f"test_{uuid4().hex}"
    run_sql(services.database_url, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield name_database(services.database_url, name)
    run_sql(services.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def settings(services: ServiceUrls, database_url: str, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings of one test: a database, an alias and a folder of its own. Indices of that alias go when it ends."""
    settings = Settings(
        env="test",
        database_url=database_url,
        elasticsearch_url=services.elasticsearch_url,
        search_alias=f"t{uuid4().hex}",
        bcrypt_cost=4,
        state_dir=tmp_path,
    )
    yield settings
    async with create_client(services.elasticsearch_url, timeout_s=30) as client:
        indices = await client.indices.get(index=f"{settings.search_alias}-*")
        for index in indices:
            await client.indices.delete(index=index)


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The test's database."""
    engine = create_engine(settings.require_database_url())
    yield engine
    await engine.dispose()


@pytest.fixture
async def elastic(settings: Settings) -> AsyncIterator[AsyncElasticsearch]:
    """A client of the shared node."""
    async with create_client(settings.require_elasticsearch_url(), timeout_s=30) as client:
        yield client


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[AsyncTestClient[Litestar]]:
    """The API over the test's database and alias."""
    async with AsyncTestClient(create_app(settings)) as client:
        yield client


def find_today() -> date:
    """The day as the database tells it. No constant, for a long run of tests sees midnight go by."""
    return datetime.now(UTC).date()


class World:
    """A database and its index, with the few strokes that most tests are made of."""

    def __init__(self, engine: AsyncEngine, elastic: AsyncElasticsearch, settings: Settings) -> None:
        self.engine = engine
        self.elastic = elastic
        self.alias = settings.search_alias
        self.processor = Processor(engine, elastic, settings.search_alias)

    async def sql(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """Run one statement in a transaction of its own, as somebody at psql would."""
        async with self.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    async def add_user(self, name: str = "Wanjiku Kamau", role: str = "agent") -> UUID:
        """Insert an account."""
        rows = await self.sql(
            "INSERT INTO users (email, password_hash, full_name, role) VALUES (:email, '!', :name, :role) RETURNING id",
            email=f"{uuid4().hex}@example.com",
            name=name,
            role=role,
        )
        return UUID(str(rows[0][0]))

    async def add_property(self, user_id: UUID | None = None, **values: object) -> UUID:
        """Insert a property; whatever is not given is ordinary."""
        ordinary = {"title": "Two bedroom flat", "property_type": "apartment", "listing_type": "rent", "price": 50_000}
        row = {"user_id": user_id or await self.add_user(), **ordinary, **values}
        columns = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        rows = await self.sql(f"INSERT INTO properties ({columns}) VALUES ({marks}) RETURNING id", **row)
        return UUID(str(rows[0][0]))

    async def reindex(self) -> ReindexResult:
        """Build a fresh index and move the alias to it."""
        return await reindex(self.engine, self.elastic, self.alias, lambda _: None)

    async def find_ids(self) -> set[UUID]:
        """All that a search without filters finds."""
        answer = await self.elastic.search(index=self.alias, size=1000, source=False)
        return {UUID(hit["_id"]) for hit in answer["hits"]["hits"]}

    async def find_drift(self) -> dict[UUID, str]:
        """Compare every row with every document of the serving index; empty when they are equal."""
        rows = await self.sql("SELECT id, search_version, status IN ('active', 'under_offer') FROM properties")
        wanted = {UUID(str(i)): version for i, version, public in rows if public}
        answer = await self.elastic.search(index=self.alias, size=10_000, version=True, source=False)
        held = {UUID(hit["_id"]): hit["_version"] for hit in answer["hits"]["hits"]}
        return {
            i: f"row at {wanted.get(i)}, document at {held.get(i)}"
            for i in wanted.keys() | held.keys()
            if wanted.get(i) != held.get(i)
        }


@pytest.fixture
def world(engine: AsyncEngine, elastic: AsyncElasticsearch, settings: Settings) -> World:
    """A fresh database without an index."""
    return World(engine, elastic, settings)
