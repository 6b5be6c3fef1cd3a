"""The doctor: nothing wrong on a sound system, and each fault found with what to do."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from indexer import doctor as doctor_module
from indexer.actions import write_alias
from indexer.doctor import Check, check_disks, examine
from indexer.verify import find_serving
from nyumba.db import create_engine
from nyumba.elastic import create_client
from nyumba.settings import Settings
from tests.conftest import World

Harm = Callable[[World], Awaitable[object]]

# Of the machine and the cluster that the tests run on, which may be full or careless.
OF_THE_MACHINE = {"disks", "auto create", "shards"}


@pytest.fixture
async def indexed(world: World) -> World:
    await world.reindex()
    return world


async def find_wrong(world: World) -> dict[str, str]:
    checks = await examine(world.engine, world.elastic, world.alias)
    return {
        check.name: f"{check.found}: {check.advice}"
        for check in checks
        if check.state != "fine" and check.name not in OF_THE_MACHINE
    }


async def test_sound_system_is_fine(indexed: World) -> None:
    await indexed.add_property()
    await indexed.processor.drain()
    assert await find_wrong(indexed) == {}
    checks = await examine(indexed.engine, indexed.elastic, indexed.alias)
    assert [check.name for check in checks] == list(doctor_module.EXAMINATIONS)
    assert all(check.found for check in checks)


async def test_blocks_of_another_database_are_none_of_ours(indexed: World) -> None:
    other = f"other-{indexed.alias}-1"
    await indexed.elastic.indices.create(index=other)
    try:
        await indexed.elastic.indices.close(index=other)
        assert await find_wrong(indexed) == {}
    finally:
        await indexed.elastic.indices.delete(index=other)


async def disable_trigger(world: World) -> None:
    await world.sql("ALTER TABLE amenities DISABLE TRIGGER amenities_insert_new")


async def drop_trigger(world: World) -> None:
    await world.sql("DROP TRIGGER properties_delete_event ON properties")
    await world.sql("DROP TRIGGER amenities_delete_old ON amenities")


async def let_truncate(world: World) -> None:
    await world.sql("DROP TRIGGER agent_profiles_truncate ON agent_profiles")
    await world.sql("DROP TRIGGER price_changes_truncate ON price_changes")


async def go_back(world: World) -> None:
    await world.sql("UPDATE alembic_version SET version_num = '0001'")


async def go_ahead(world: World) -> None:
    await world.sql("UPDATE alembic_version SET version_num = '9999'")


async def take_write_alias_off(world: World) -> None:
    index = await find_serving(world.elastic, world.alias)
    await world.elastic.indices.delete_alias(index=index, name=write_alias(index))


async def take_alias_off(world: World) -> None:
    await world.elastic.indices.delete_alias(index=f"{world.alias}-*", name=world.alias)


async def change_mapping(world: World) -> None:
    await world.sql("UPDATE search_generations SET mapping_hash = 'another'")


async def block_writes(world: World) -> None:
    index = await find_serving(world.elastic, world.alias)
    await world.elastic.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})


async def take_no_writes(world: World) -> None:
    database = world.engine.url.database
    await world.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    await world.engine.dispose()  # connections that there are go on as they were


async def restore(world: World) -> None:
    for _ in range(2):
        await world.add_property()
    await world.processor.drain()
    await world.elastic.indices.refresh(index=world.alias)
    await world.sql("SELECT setval('search_version_seq', 1)")


async def bury(world: World) -> None:
    property_id = await world.add_property()
    await world.processor.drain()
    await world.sql(
        "INSERT INTO search_dead (property_id, version, op, index_name, error, created_at)"
        " VALUES (:id, 1, 'index', 'i', 'too long', now())",
        id=property_id,
    )


@pytest.mark.parametrize(
    ("harm", "name", "told"),
    [
        (disable_trigger, "triggers", "disabled: amenities_insert_new"),
        (drop_trigger, "triggers", "none for DELETE on properties, DELETE on amenities"),
        (let_truncate, "triggers", "none for TRUNCATE on price_changes, TRUNCATE on agent_profiles"),
        (go_back, "migrations", "run `nyumba migrate`"),
        (go_ahead, "migrations", "at 9999, which this release does not know: start the release that migrated it"),
        (take_write_alias_off, "write aliases", "run `nyumba-indexer reindex`"),
        (take_alias_off, "alias", "on no index: run `nyumba-indexer reindex`"),
        (change_mapping, "alias", "mapping of another release"),
        (block_writes, "blocks", "read-only"),
        (take_no_writes, "postgresql", "takes no changes: see that NYUMBA_DATABASE_URL names the primary"),
        (restore, "versions", "before people write"),
        (bury, "queue", "`nyumba-indexer dead list`"),
    ],
)
async def test_fault_is_found(indexed: World, harm: Harm, name: str, told: str) -> None:
    await harm(indexed)
    wrong = await find_wrong(indexed)
    assert list(wrong) == [name]
    assert told in wrong[name]


@pytest.mark.parametrize("harm", [disable_trigger, drop_trigger, let_truncate])
async def test_triggers_that_were_away_ask_for_a_reindex(indexed: World, harm: Harm) -> None:
    """For what changed without them has its old version still, and is no drift to verify and repair."""
    await harm(indexed)
    assert (await find_wrong(indexed))["triggers"].endswith(", then run `nyumba-indexer reindex`")


async def test_reindex_mends_what_changed_without_triggers(indexed: World) -> None:
    property_id = await indexed.add_property(price=1)
    await indexed.processor.drain()
    async with indexed.engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        await connection.exec_driver_sql("UPDATE properties SET price = 2")
    assert await indexed.find_drift() == {}
    await indexed.reindex()
    document = await indexed.elastic.get(index=indexed.alias, id=str(property_id))
    assert document["_source"]["price"] == 2


async def test_clock_that_is_wrong_is_found(indexed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = doctor_module.time.time
    monkeypatch.setattr(doctor_module.time, "time", lambda: now() - 60)
    assert list(await find_wrong(indexed)) == ["clocks"]


async def test_full_disk_is_found_before_elasticsearch_stops(indexed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "MOST_DISK_SHARE", 0.0)
    check = await check_disks(indexed.engine, indexed.elastic, indexed.alias)
    assert (check.state, "make room" in check.advice) == ("wrong", True)


async def test_store_that_is_down_does_not_hide_the_other(indexed: World, settings: Settings) -> None:
    def list_down(checks: list[Check]) -> set[str]:
        return {check.name for check in checks if check.state == "down"}

    async with create_client("http://127.0.0.1:1", timeout_s=1) as nowhere:
        down = list_down(await examine(indexed.engine, nowhere, indexed.alias))
    assert "elasticsearch" in down
    assert down.isdisjoint({"postgresql", "migrations", "triggers", "queue"})
    nowhere_url = replace(settings, database_url="postgresql+asyncpg://x@127.0.0.1:1/x").require_database_url()
    engine = create_engine(nowhere_url)
    down = list_down(await examine(engine, indexed.elastic, indexed.alias))
    await engine.dispose()
    assert "postgresql" in down
    assert down.isdisjoint({"elasticsearch", "blocks", "disks", "auto create"})
