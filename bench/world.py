"""What every benchmark runs on: local services of its own, a database of seeded listings, an alias of its own."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
from elasticsearch import AsyncElasticsearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.db import create_engine
from nyumba.elastic import create_client
from nyumba.local.services import start_services, stop_services
from nyumba.migrate import migrate
from nyumba.seed.seeder import seed_database
from nyumba.settings import Settings

HEAP_MB = 1024
SEED_DAY = date(2026, 1, 1)


@contextmanager
def run_services(state_dir: Path | None = None) -> Iterator[Settings]:
    """Services for one benchmark, so that nothing else's data is measured: fresh ones, or those of `state_dir`."""
    kept = state_dir is not None
    directory = state_dir or Path(tempfile.mkdtemp(prefix="nyumba-bench-"))
    directory.mkdir(exist_ok=True)
    directory.chmod(0o755)  # the services run as other users when root runs the benchmark
    settings = replace(Settings.from_env(local_urls=False), state_dir=directory, elasticsearch_heap_mb=HEAP_MB)
    try:
        urls = start_services(settings, report=click.echo)
        yield replace(settings, database_url=urls.database_url, elasticsearch_url=urls.elasticsearch_url)
    finally:
        stop_services(settings, report=click.echo)
        if not kept:
            shutil.rmtree(directory)


def fill_database(settings: Settings, count: int, *, seed: int = 1) -> None:
    """Migrate and seed. Another seed adds other listings; what is there already stays."""
    migrate(settings.require_database_url())
    asyncio.run(_seed(settings, count, seed))


async def _seed(settings: Settings, count: int, seed: int) -> None:
    engine = create_engine(settings.require_database_url(), pool_size=1)
    started = time.perf_counter()
    counts = await seed_database(engine, count=count, seed=seed, as_of=SEED_DAY, advance=lambda _: None)
    if counts.inserted:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("VACUUM ANALYZE"))
    click.echo(f"seeded {counts.inserted:,} listings: {counts.inserted / (time.perf_counter() - started):,.0f}/s")
    await engine.dispose()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[tuple[AsyncEngine, AsyncElasticsearch]]:
    """Clients of both stores."""
    engine = create_engine(settings.require_database_url())
    async with create_client(settings.require_elasticsearch_url(), timeout_s=60) as client:
        yield engine, client
    await engine.dispose()


async def time_call(call: Callable[[], Awaitable[object]]) -> float:
    """Seconds."""
    started = time.perf_counter()
    await call()
    return time.perf_counter() - started
