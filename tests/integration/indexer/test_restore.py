"""A database that is restored from a backup: versions, epochs and the registry go back, and Elasticsearch does not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

from indexer.errors import SwapRefused
from indexer.indices import read_alias
from indexer.operate import sweep
from indexer.reindex import reindex
from nyumba.db import create_engine
from nyumba.settings import Settings
from tests.conftest import World, name_database, run_sql

Backup = Callable[[], Awaitable[World]]


@pytest.fixture
async def back_up(world: World, settings: Settings) -> AsyncIterator[Backup]:
    """Copy the database as it is; the copy is what a restore would bring back."""
    url = settings.require_database_url()
    async with AsyncExitStack() as stack:

        async def copy() -> World:
            name = f"test_{uuid4().hex}"
            await world.engine.dispose()
            await asyncio.to_thread(run_sql, url, f"CREATE DATABASE {name} TEMPLATE {make_url(url).database}")
            stack.push_async_callback(asyncio.to_thread, run_sql, url, f"DROP DATABASE {name} WITH (FORCE)")
            engine = create_engine(name_database(url, name))
            stack.push_async_callback(engine.dispose)
            return World(engine, world.elastic, settings)

        yield copy


async def take_over(world: World) -> str:
    """Reindex as the manual says; what came after the backup is lost, so there is less."""
    options = {"take_over": True, "allow_smaller": True}
    return (await reindex(world.engine, world.elastic, world.alias, lambda _: None, **options)).index


async def test_alias_that_moved_after_the_backup_is_taken_over_when_the_operator_says_so(
    world: World, back_up: Backup
) -> None:
    kept = await world.add_property(price=1)
    before = (await world.reindex()).index
    restored = await back_up()
    await world.sql("UPDATE properties SET price = 2")
    await world.add_property()
    after = (await world.reindex()).index
    with pytest.raises(SwapRefused, match="where the database was restored, reindex with --take-over"):
        await restored.reindex()
    assert await read_alias(world.elastic, world.alias) == after
    new = await take_over(restored)
    assert new not in (before, after)
    assert await restored.find_ids() == {kept}
    await restored.sql("UPDATE properties SET price = 3")
    await restored.processor.drain()
    assert await restored.find_drift() == {}
    assert (await sweep(restored.engine, restored.elastic, restored.alias)).indices == [after]
    assert await read_alias(world.elastic, world.alias) == new


async def test_name_of_an_index_from_after_the_backup_is_not_used_again(world: World, back_up: Backup) -> None:
    kept = await world.add_property()
    restored = await back_up()
    for _ in range(2):
        last = (await world.reindex()).index
    await world.elastic.indices.delete_alias(index=last, name=world.alias)
    assert (await restored.reindex()).index.rpartition("-")[2] == "3"
    assert await restored.find_ids() == {kept}
