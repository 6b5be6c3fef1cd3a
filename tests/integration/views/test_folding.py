"""`view_count` follows what was noted: each view once, whoever counts and whatever fails."""

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.settings import Settings
from nyumba.views import folding
from nyumba.views.folding import fold_views, forget_views
from tests.conftest import World, find_today
from tests.integration.accounts.conftest import Person, serve
from tests.integration.properties.conftest import Listings


async def note(world: World, property_id: UUID, many: int, day: date | None = None) -> None:
    await world.sql(
        "INSERT INTO property_views (property_id, day, visitor)"
        " SELECT :id, :day, gen_random_uuid()::text::bytea FROM generate_series(1, :many)",
        id=property_id,
        day=day or find_today(),
        many=many,
    )


async def read_counts(world: World) -> dict[UUID, int]:
    return {UUID(str(i)): views for i, views in await world.sql("SELECT id, view_count FROM properties")}


async def test_views_are_added_once(world: World, engine: AsyncEngine) -> None:
    first, second, unseen = [await world.add_property() for _ in range(3)]
    await note(world, first, 3)
    await note(world, second, 1)
    for _ in range(2):
        await fold_views(engine)
    assert await read_counts(world) == {first: 3, second: 1, unseen: 0}
    await note(world, first, 2)
    await fold_views(engine)
    assert (await read_counts(world))[first] == 5


async def test_view_count_makes_no_indexing_and_leaves_the_property_as_it_was(
    world: World, engine: AsyncEngine
) -> None:
    await note(world, await world.add_property(), 3)
    state = "SELECT search_version, updated_at, (SELECT count(*) FROM search_outbox) FROM properties"
    before = await world.sql(state)
    await fold_views(engine)
    assert (await world.sql("SELECT view_count FROM properties"), await world.sql(state)) == ([(3,)], before)


async def test_several_counters_count_each_view_once(world: World, engine: AsyncEngine) -> None:
    properties = [await world.add_property() for _ in range(20)]
    for _ in range(5):
        for property_id in properties:
            await note(world, property_id, 7)
        await asyncio.gather(*(fold_views(engine) for _ in range(6)))
    await fold_views(engine)
    assert await read_counts(world) == dict.fromkeys(properties, 35)


async def test_more_properties_than_a_batch_are_all_counted(
    world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "BATCH", 3)
    properties = [await world.add_property() for _ in range(10)]
    for property_id in properties:
        await note(world, property_id, 1)
    await fold_views(engine)
    assert await read_counts(world) == dict.fromkeys(properties, 1)


async def test_locked_property_is_waited_for_by_nobody_and_counted_later(world: World, engine: AsyncEngine) -> None:
    locked, free = await world.add_property(), await world.add_property()
    for property_id in (locked, free):
        await note(world, property_id, 2)
    async with engine.connect() as writer:
        await writer.exec_driver_sql(f"UPDATE properties SET title = 'edited' WHERE id = '{locked}'")
        async with asyncio.timeout(20):
            await fold_views(engine)
        assert await read_counts(world) == {locked: 0, free: 2}
        await writer.commit()
    await fold_views(engine)
    assert await read_counts(world) == {locked: 2, free: 2}


async def test_counter_that_dies_loses_and_doubles_nothing(world: World, engine: AsyncEngine) -> None:
    property_id = await world.add_property()
    await note(world, property_id, 4)
    async with engine.connect() as connection:
        await connection.execute(folding._FOLD, {"batch": 10})
        await connection.rollback()
    await fold_views(engine)
    assert await read_counts(world) == {property_id: 4}


async def test_views_of_a_removed_property_are_done_with(world: World, engine: AsyncEngine) -> None:
    await note(world, uuid4(), 2, find_today() - timedelta(days=1))
    await fold_views(engine)
    await forget_views(engine)
    assert await world.sql("SELECT 1 FROM property_views") == []


async def test_days_that_are_over_are_forgotten_when_they_are_counted(world: World, engine: AsyncEngine) -> None:
    property_id, yesterday = await world.add_property(), find_today() - timedelta(days=1)
    await note(world, property_id, 2, yesterday)
    await note(world, property_id, 3)
    for day in (yesterday, find_today()):
        await world.sql("INSERT INTO view_salts (day, salt) VALUES (:day, 'x')", day=day)
        await world.sql("INSERT INTO account_devices (day, device, account) VALUES (:day, 'x', 'y')", day=day)
    await forget_views(engine)
    assert len(await world.sql("SELECT 1 FROM property_views")) == 5
    await fold_views(engine)
    await forget_views(engine)
    assert await read_counts(world) == {property_id: 5}
    assert await world.sql("SELECT DISTINCT day FROM property_views") == [(find_today(),)]
    assert await world.sql("SELECT day FROM view_salts") == [(find_today(),)]
    assert await world.sql("SELECT day FROM account_devices") == [(find_today(),)]


async def test_api_counts_by_itself_and_goes_on_after_a_failure(
    listings: Listings, owner: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "INTERVAL_S", 0.05)
    path = await listings.offer(owner)
    async with serve(settings) as api:
        await listings.sql("ALTER TABLE property_views RENAME TO elsewhere")
        await asyncio.sleep(0.2)
        await listings.sql("ALTER TABLE elsewhere RENAME TO property_views")
        assert (await api.post(f"{path}/view")).status_code == 204
        async with asyncio.timeout(60):
            while (await api.get(path)).json()["view_count"] != 1:
                await asyncio.sleep(0.02)
