"""PostgreSQL that is restarted, and transactions that stay open."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from elasticsearch import AsyncElasticsearch
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from nyumba.db import create_engine
from nyumba.migrate import migrate
from nyumba.settings import Settings
from tests.conftest import World, name_database, run_sql
from tests.faults.checker import check_equal
from tests.faults.conftest import Size
from tests.faults.load import fill, wait_for, wait_until_drained, writing
from tests.faults.processes import Indexer
from tests.faults.searchers import ANCHORS, searching
from tests.faults.servers import Database, run_database


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """A PostgreSQL to be restarted."""
    with run_database() as database:
        yield database


@pytest.fixture
def restartable(settings: Settings, database: Database, size: Size) -> Settings:
    """The test's alias, and a database that is to be restarted."""
    name = "short" if size.is_short else "long"
    run_sql(database.url, f"CREATE DATABASE {name}")
    url = name_database(database.url, name)
    migrate(url)
    return replace(settings, database_url=url)


async def test_postgresql_restarted_stops_neither_search_nor_sync(
    restartable: Settings, elastic: AsyncElasticsearch, database: Database, size: Size
) -> None:
    """Restarted under writes, in peace and as in a crash.

    Guards the outage of the database: the same worker goes on when it is back, and no search needs PostgreSQL.
    """
    engine = create_engine(restartable.require_database_url())
    world = World(engine, elastic, restartable)
    await fill(world, ANCHORS, title="Anchor")
    ids = await fill(world, size.properties)
    await world.reindex()
    indexer = Indexer(restartable, restartable.require_elasticsearch_url())
    lost = (DBAPIError, OSError)
    async with (
        searching(restartable) as searcher,
        indexer.following("--workers", "2"),
        writing(world, ids, size.rate, ignored=lost) as writer,
    ):
        for sign in (signal.SIGQUIT,) if size.is_short else (signal.SIGINT, signal.SIGQUIT) * 3:
            await wait_for(partial(writer.has_written, writer.written + 20), "writes before the restart")
            await asyncio.to_thread(database.restart, sign)
            await wait_for(partial(searcher.has_searched, searcher.searches + 1), "searches")
        await wait_for(partial(writer.has_written, writer.written + 20), "writes after the restart")
        writer.stop()
        await wait_until_drained(world)
    assert searcher.wrong == []
    await check_equal(world)
    await engine.dispose()


async def test_long_transaction_stalls_nothing_and_is_not_forgotten(world: World, indexer: Indexer, size: Size) -> None:
    """It took its place in the outbox first, and commits last: during the sync, and during a reindex.

    Guards the queue: events are claimed row by row and deleted, and not read behind the greatest id that was seen.
    """
    await world.reindex()
    insert = text(
        "INSERT INTO properties (user_id, title, property_type, listing_type, price)"
        " VALUES (:user, 'Slow', 'house', 'sale', 1)"
    )
    user = await world.add_user()
    async with world.engine.connect() as slow, world.engine.connect() as slower, indexer.following():
        await slow.execute(insert, {"user": user})
        await slower.execute(insert, {"user": user})
        others = await fill(world, size.properties)
        await wait_until_drained(world)
        await world.elastic.indices.refresh(index=world.alias)
        assert (await world.elastic.count(index=world.alias))["count"] == len(others)
        await slow.commit()
        await wait_until_drained(world)
        await check_equal(world)
        await world.reindex()
        await slower.commit()
        await wait_until_drained(world)
    await check_equal(world)
