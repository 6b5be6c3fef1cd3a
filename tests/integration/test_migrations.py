"""The migrations: up and down from empty, equal to the models, on the oldest PostgreSQL and on the newest."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from alembic import command

import indexer.models  # noqa: F401
import nyumba.accounts.models
import nyumba.agents.models
import nyumba.images.models
import nyumba.limits.models
import nyumba.mail.models
import nyumba.properties.models
import nyumba.saved.models
import nyumba.views.models  # noqa: F401
from nyumba.db import Base, create_engine
from nyumba.local.account import Account
from nyumba.local.services import ServiceUrls
from nyumba.migrate import alembic_config
from tests.conftest import name_database, run_sql

CATALOGUE = """
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    UNION ALL
    SELECT 'column', table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default, is_identity,
        character_maximum_length, numeric_precision, numeric_scale)
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"""
LEFT_OVERS = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic_version%'
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"""

ADD_PROPERTY = """
    INSERT INTO properties (user_id, title, property_type, listing_type, price, square_meters)
    SELECT id, '{}', 'house', 'sale', {}, {} FROM users"""
OLD_ROWS = (
    "INSERT INTO users (email, password_hash, full_name) VALUES ('a@b.ke', '!', 'A')",
    ADD_PROPERTY.format("good", 9, 60),
    "UPDATE properties SET price = 8, description = repeat('é', 10001)",
    ADD_PROPERTY.format("was sold", 7, "'NaN'"),
    "UPDATE properties SET price = 'NaN', status = 'sold' WHERE title = 'was sold'",
    ADD_PROPERTY.format("never had a price", "'NaN'", "'NaN'"),
    """
    INSERT INTO price_changes (property_id, listing_type, price, previous_price, changed_at)
    SELECT id, 'sale', wrong.price, previous, now()
    FROM properties, (VALUES (-1, 0), (6, 0), (numeric 'NaN', 5)) AS wrong (price, previous) WHERE title = 'good'""",
)


@pytest.fixture
def empty_database(services: ServiceUrls) -> Iterator[str]:
    name = f"empty_{uuid4().hex}"
    run_sql(services.database_url, f"CREATE DATABASE {name}")
    yield name_database(services.database_url, name)
    run_sql(services.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def oldest_database() -> Iterator[str]:
    """A PostgreSQL of the system, if there is one that is older than the embedded one."""
    pg_ctl = shutil.which("pg_ctl")
    if pg_ctl is None:
        pytest.skip("no PostgreSQL is installed on this system")
    binaries = Path(pg_ctl).resolve().parent
    directory = Path(tempfile.mkdtemp(prefix="nyumba-pg-"))
    identity = Account.for_services()
    identity.own(directory)
    data = directory / "data"

    def run(*words: str | Path) -> None:
        subprocess.run(words, check=True, cwd=directory, stdout=subprocess.DEVNULL, **identity.as_subprocess())

    run(binaries / "initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "-D", data)
    options = f"-c listen_addresses='' -k {directory}"
    run(binaries / "pg_ctl", "-w", "-D", data, "-o", options, "-l", directory / "log", "start")
    yield f"postgresql+asyncpg://postgres@/postgres?host={quote(str(directory))}"
    run(binaries / "pg_ctl", "-w", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(directory)


async def read(database_url: str, query: str) -> set[tuple[str, ...]]:
    engine = create_engine(database_url)
    async with engine.connect() as connection:
        rows = {tuple(str(value) for value in row) for row in await connection.exec_driver_sql(query)}
    await engine.dispose()
    return rows


def check_up_and_down(database_url: str) -> None:
    """Alembic runs a loop of its own, so this is no coroutine."""
    config = alembic_config(database_url)
    command.upgrade(config, "head")
    command.check(config)
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_up_and_down_on_the_embedded_postgresql(empty_database: str) -> None:
    check_up_and_down(empty_database)


def test_up_and_down_on_the_system_postgresql(oldest_database: str) -> None:
    check_up_and_down(oldest_database)


def test_down_leaves_nothing(empty_database: str) -> None:
    config = alembic_config(empty_database)
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    assert asyncio.run(read(empty_database, LEFT_OVERS)) == set()


async def test_constraints_of_models_and_migrations_are_the_same(database_url: str, services: ServiceUrls) -> None:
    """`alembic check` sees no CHECK and no index condition: the catalogue does."""
    name = f"models_{uuid4().hex}"
    admin = create_engine(services.database_url).execution_options(isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.exec_driver_sql(f"CREATE DATABASE {name}")
    models_url = name_database(services.database_url, name)
    engine = create_engine(models_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    try:
        assert await read(models_url, CATALOGUE) == await read(database_url, CATALOGUE)
    finally:
        async with admin.connect() as connection:
            await connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.dispose()


async def test_rows_that_were_legal_are_mended(empty_database: str) -> None:
    """Guards the upgrade: a constraint alone would refuse it, or each later change of such a row."""
    config = alembic_config(empty_database)
    await asyncio.to_thread(command.upgrade, config, "0016")
    engine = create_engine(empty_database)
    async with engine.begin() as connection:
        for statement in OLD_ROWS:
            await connection.exec_driver_sql(statement)
    await asyncio.to_thread(command.upgrade, config, "0017")
    async with engine.begin() as connection:
        rows = await connection.exec_driver_sql("SELECT title, status, price, square_meters FROM properties ORDER BY 1")
        assert [tuple(row) for row in rows] == [
            ("good", "active", 8, 60),
            ("never had a price", "draft", Decimal("0.01"), None),
            ("was sold", "sold", 7, None),
        ]
        rows = await connection.exec_driver_sql("SELECT description FROM properties WHERE description IS NOT NULL")
        assert rows.scalars().all() == ["é" * 9_999 + "…"]
        rows = await connection.exec_driver_sql("SELECT price, previous_price FROM price_changes ORDER BY id")
        assert [tuple(row) for row in rows] == [(9, None), (8, 9), (7, None), (6, None)]
        await connection.exec_driver_sql("UPDATE properties SET view_count = view_count + 1, title = title || '!'")
    await engine.dispose()
