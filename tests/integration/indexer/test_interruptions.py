"""What PostgreSQL refuses for now is waited for; what it interrupts each time stops the worker with a reason."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.breaker import Breaker
from indexer.errors import StatementsInterrupted
from indexer.processor import Processor
from nyumba.db import create_engine
from tests.conftest import World

PATIENCE_S = 60


@pytest.fixture
async def indexed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("indexer.breaker.LONGEST_PAUSE_S", 0.1)
    await world.reindex()
    await world.add_property()
    return world


@pytest.fixture
async def own_role(indexed: World) -> AsyncIterator[AsyncEngine]:
    """The test's database as a role that may have no connection yet."""
    role = f"role_{uuid4().hex}"
    await indexed.sql(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0 IN ROLE pg_read_all_data, pg_write_all_data")
    engine = create_engine(indexed.engine.url.set(username=role).render_as_string(hide_password=False))
    yield engine
    await engine.dispose()
    await indexed.sql(f"DROP ROLE {role}")


async def see(breaker: Breaker, state: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while breaker.state != state:
            await asyncio.sleep(0.01)


async def test_worker_that_gets_no_connection_waits_for_one(indexed: World, own_role: AsyncEngine) -> None:
    stop, breaker = asyncio.Event(), Breaker()
    worker = asyncio.create_task(
        Processor(own_role, indexed.elastic, indexed.alias, breaker=breaker).run(stop), name="worker"
    )
    await see(breaker, "open")
    assert breaker.reason == "PostgreSQL is unavailable (SQLSTATE 53300)"
    await indexed.sql(f"ALTER ROLE {own_role.url.username} CONNECTION LIMIT -1")
    await see(breaker, "closed")
    stop.set()
    await worker
    assert await indexed.sql("SELECT count(*) FROM search_outbox") == [(0,)]


async def limit_statements(world: World, setting: str) -> AsyncEngine:
    """Connections to the same database on which a statement may take 50 ms."""
    await world.sql(f"ALTER DATABASE {world.engine.url.database} SET {setting} = 50")
    return create_engine(world.engine.url.render_as_string(hide_password=False))


@pytest.mark.parametrize(("setting", "state"), [("statement_timeout", "57014"), ("lock_timeout", "55P03")])
async def test_statement_that_never_comes_to_its_end_stops_the_worker(indexed: World, setting: str, state: str) -> None:
    hasty = await limit_statements(indexed, setting)
    async with indexed.engine.begin() as connection:
        await connection.exec_driver_sql("LOCK TABLE search_outbox")
        worker = Processor(hasty, indexed.elastic, indexed.alias)
        with pytest.raises(StatementsInterrupted, match=rf"10 times in a row \(SQLSTATE {state}\)"):
            await asyncio.wait_for(worker.run(asyncio.Event()), PATIENCE_S)
    assert await indexed.sql("SELECT attempts FROM search_outbox") == [(0,)]
    await hasty.dispose()


async def test_statement_that_is_cancelled_is_tried_again(indexed: World) -> None:
    hasty = await limit_statements(indexed, "statement_timeout")
    stop, breaker = asyncio.Event(), Breaker()
    worker = Processor(hasty, indexed.elastic, indexed.alias, breaker=breaker)
    async with indexed.engine.begin() as connection:
        await connection.exec_driver_sql("LOCK TABLE search_outbox")
        task = asyncio.create_task(worker.run(stop))
        await see(breaker, "open")
    await see(breaker, "closed")
    stop.set()
    await task
    await hasty.dispose()
    assert await indexed.sql("SELECT count(*) FROM search_outbox") == [(0,)]
