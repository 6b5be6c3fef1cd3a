from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.commands import CommandGroup
from nyumba.db import create_engine
from nyumba.seed.cli import SeedRefused, seed_listings
from nyumba.seed.generator import generate
from nyumba.seed.seeder import BATCH, SeedCounts, seed_database

TODAY = date(2026, 11, 23)
EVERYTHING = "SELECT count(*), sum(search_version), max(updated_at), min(created_at) FROM properties"


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, pool_size=1)
    yield engine
    await engine.dispose()


async def seed(engine: AsyncEngine, count: int, *, seed: int = 1, as_of: date = TODAY) -> SeedCounts:
    return await seed_database(engine, count=count, seed=seed, as_of=as_of, advance=lambda _: None)


async def fetch(engine: AsyncEngine, sql: str) -> list[tuple[Any, ...]]:
    async with engine.begin() as connection:
        result = await connection.execute(text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []


async def test_listings_arrive_whole(engine: AsyncEngine) -> None:
    assert await seed(engine, 50) == SeedCounts(inserted=50, already_there=0)
    rows = await fetch(
        engine,
        "SELECT p.source, p.source_id, p.title, p.price, p.bathrooms, p.latitude, p.created_at, u.email,"
        " (SELECT count(*) FROM amenities a WHERE a.property_id = p.id),"
        " (SELECT count(*) FROM features f WHERE f.property_id = p.id)"
        " FROM properties p JOIN users u ON u.id = p.user_id ORDER BY p.source_id",
    )
    for index, row in enumerate(rows):
        listing = generate(1, index, TODAY)
        record = listing.record
        assert row == (
            "seed-1",
            record.source_id,
            record.title,
            record.price,
            record.bathrooms,
            record.latitude,
            record.created_at,
            listing.owner.email,
            len(record.amenities),
            len(record.features),
        )


async def test_second_run_on_another_day_writes_nothing(engine: AsyncEngine) -> None:
    await seed(engine, 120)
    before = await fetch(engine, EVERYTHING)
    await fetch(engine, "DELETE FROM search_outbox")
    assert await seed(engine, 120, as_of=date(2027, 3, 1)) == SeedCounts(inserted=0, already_there=120)
    assert await fetch(engine, EVERYTHING) == before
    assert await fetch(engine, "SELECT count(*) FROM search_outbox") == [(0,)]


async def test_edited_listing_stays_edited(engine: AsyncEngine) -> None:
    """Fails when rows that are there are sent to the database again."""
    await seed(engine, 20)
    await fetch(engine, "UPDATE properties SET title = 'Mine now', price = 1 WHERE source_id = '0000007'")
    await seed(engine, 20)
    assert await fetch(engine, "SELECT title, price FROM properties WHERE source_id = '0000007'") == [("Mine now", 1)]


async def test_larger_count_adds_the_rest(engine: AsyncEngine) -> None:
    await seed(engine, 30)
    assert await seed(engine, BATCH + 20) == SeedCounts(inserted=BATCH - 10, already_there=30)
    assert await fetch(engine, "SELECT count(*), max(source_id) FROM properties") == [(BATCH + 20, "0001019")]


async def test_deleted_listing_comes_back(engine: AsyncEngine) -> None:
    await seed(engine, 20)
    await fetch(engine, "DELETE FROM properties WHERE source_id = '0000003'")
    assert await seed(engine, 20) == SeedCounts(inserted=1, already_there=19)


async def test_two_seeds_live_side_by_side(engine: AsyncEngine) -> None:
    await seed(engine, 20)
    assert await seed(engine, 20, seed=2) == SeedCounts(inserted=20, already_there=0)


async def test_owners_cannot_log_in_and_agents_have_profiles(engine: AsyncEngine) -> None:
    await seed(engine, 200)
    assert await fetch(engine, "SELECT DISTINCT password_hash FROM users") == [("!",)]
    assert await fetch(engine, "SELECT DISTINCT rating, review_count FROM agent_profiles") == [(None, 0)]
    assert await fetch(
        engine,
        "SELECT DISTINCT properties_sold ="
        " (SELECT count(*) FROM properties p WHERE p.user_id = a.user_id AND p.status = 'sold') FROM agent_profiles a",
    ) == [(True,)]
    assert await fetch(
        engine,
        "SELECT DISTINCT (u.role = 'agent') = (a.id IS NOT NULL)"
        " FROM users u LEFT JOIN agent_profiles a ON a.user_id = u.id",
    ) == [(True,)]


async def test_each_owner_is_sent_once(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the speed of a large seed: whom the batches before have sent, the next ones need not send again."""
    monkeypatch.setattr("nyumba.seed.seeder.BATCH", 50)
    sent = 0

    def count(*arguments: Any) -> None:  # noqa: ANN401  (SQLAlchemy's)
        nonlocal sent
        *_, statement, parameters, _, is_many = arguments
        if statement.startswith("INSERT INTO users"):
            sent += len(parameters) if is_many else 1

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    await seed(engine, 200)
    assert [(sent,)] == await fetch(engine, "SELECT count(*) FROM users")


async def test_demo_is_indexed_after_the_edits_of_people(engine: AsyncEngine) -> None:
    """Fails when the run does not lower its priority."""
    await seed(engine, 20)
    assert await fetch(engine, "SELECT DISTINCT priority < 0 FROM search_outbox") == [(True,)]


@pytest.fixture
def command() -> click.Group:
    group = CommandGroup()
    group.add_command(seed_listings)
    return group


def test_command_tells_what_it_did(command: click.Group, database_url: str) -> None:
    runner = CliRunner(env={"NYUMBA_DATABASE_URL": database_url, "NYUMBA_ENV": "test"})
    first = runner.invoke(command, ["seed", "--count", "40", "--as-of", "2026-11-23"])
    second = runner.invoke(command, ["seed", "--count", "40"])
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.startswith("inserted 40, already there 0 in ")
    assert second.stdout.startswith("inserted 0, already there 40 in ")


def test_production_is_refused(command: click.Group) -> None:
    environ = {
        "NYUMBA_ENV": "production",
        "NYUMBA_SECRET_KEY": "a-secret-of-our-own-that-is-long-enough",
        "NYUMBA_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/none",
        "NYUMBA_ELASTICSEARCH_URL": "http://127.0.0.1:1",
    }
    result = CliRunner(env=environ).invoke(command, ["seed", "--count", "1"])
    assert result.exit_code == SeedRefused.exit_code
    assert "refuses to run while NYUMBA_ENV is production" in result.stderr


def test_database_that_is_down_is_one_sentence(command: click.Group) -> None:
    environ = {"NYUMBA_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/none", "NYUMBA_ENV": "test"}
    result = CliRunner(env=environ).invoke(command, ["seed", "--count", "1"])
    assert result.exit_code == 3
    assert "PostgreSQL does not answer" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("arguments", [["--count", "0"], ["--seed", "-1"], ["--as-of", "yesterday"]])
def test_wrong_option_is_a_usage_error(command: click.Group, arguments: list[str]) -> None:
    assert CliRunner().invoke(command, ["seed", *arguments]).exit_code == 2
