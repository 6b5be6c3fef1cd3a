"""What operators do by hand."""

import re

import pytest

from indexer.errors import NothingToRollBack
from indexer.indices import read_alias
from indexer.operate import drop_dead, list_dead, retry_dead, roll_back, sweep
from indexer.status import read_status
from nyumba.settings import CHECKOUT
from tests.conftest import World


async def test_rollback_shows_the_index_before_with_all_changes(world: World) -> None:
    before = await world.add_property()
    old = (await world.reindex()).index
    new = (await world.reindex()).index
    after = await world.add_property()
    await world.processor.drain()
    assert await roll_back(world.engine, world.elastic, world.alias) == old
    assert await read_alias(world.elastic, world.alias) == old
    assert await world.find_ids() == {before, after}
    assert await world.find_drift() == {}
    assert await roll_back(world.engine, world.elastic, world.alias) == new


async def test_rollback_without_an_index_before_is_refused(world: World) -> None:
    await world.reindex()
    with pytest.raises(NothingToRollBack):
        await roll_back(world.engine, world.elastic, world.alias)


async def test_retired_index_that_was_deleted_by_hand_costs_only_the_way_back(world: World) -> None:
    """As docs/alerts.md says of it; and no change has come since, by which a worker would have given it up."""
    await world.add_property()
    stores = (world.engine, world.elastic, world.alias)
    old, serving = (await world.reindex()).index, (await world.reindex()).index
    await world.elastic.indices.delete(index=old)
    assert (await read_status(*stores)).advice == []
    assert await world.processor.drain() == 0
    with pytest.raises(NothingToRollBack):
        await roll_back(*stores)
    swept = await sweep(*stores)
    assert (swept.indices, swept.tombstones) == ([], 0)
    assert await read_alias(world.elastic, world.alias) == serving
    newer = (await world.reindex()).index
    assert await world.sql("SELECT index_name FROM search_generations WHERE state <> 'dropped' ORDER BY epoch") == [
        (serving,),
        (newer,),
    ]


async def test_rollback_passes_over_an_index_that_was_deleted_by_hand(world: World) -> None:
    first, second = (await world.reindex()).index, (await world.reindex()).index
    await world.elastic.indices.delete(index=second)
    third = (await world.reindex()).index
    assert await roll_back(world.engine, world.elastic, world.alias) == first
    assert await roll_back(world.engine, world.elastic, world.alias) == third


async def test_sweep_deletes_what_retired_a_day_ago(world: World) -> None:
    old = (await world.reindex()).index
    await world.reindex()
    assert (await sweep(world.engine, world.elastic, world.alias)).indices == []
    await world.sql("UPDATE search_generations SET retired_at = now() - interval '25 hours' WHERE state = 'retired'")
    assert (await sweep(world.engine, world.elastic, world.alias)).indices == [old]
    assert not await world.elastic.indices.exists(index=old)


async def test_sweep_deletes_old_tombstones_unless_an_old_event_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone = await world.add_property(), await world.add_property()
    index = (await world.reindex()).index
    await world.sql("DELETE FROM properties WHERE id = :id", id=gone)
    await world.processor.drain()
    assert (await sweep(world.engine, world.elastic, world.alias)).tombstones == 0
    body = {"tombstoned_at": "2020-01-01T00:00:00Z"}
    await world.elastic.index(index=index, id=str(gone), document=body, version=10**9, version_type="external")
    await world.elastic.indices.refresh(index=index)
    await world.sql("UPDATE properties SET price = 3")
    await world.sql("UPDATE search_outbox SET created_at = now() - interval '8 days'")
    assert (await sweep(world.engine, world.elastic, world.alias)).tombstones is None
    await world.processor.drain()
    assert (await sweep(world.engine, world.elastic, world.alias)).tombstones == 1
    assert await world.find_ids() == {kept}


async def bury(world: World, count: int) -> None:
    for _ in range(count):
        property_id = await world.add_property()
        await world.sql(
            "INSERT INTO search_dead (property_id, version, op, index_name, error, created_at)"
            " VALUES (:id, 1, 'index', 'i', 'too long', now())",
            id=property_id,
        )
    await world.sql("DELETE FROM search_outbox")


async def test_dead_are_listed_retried_and_dropped(world: World) -> None:
    await bury(world, 3)
    first, second, third = await list_dead(world.engine, 10)
    assert first.error == "too long"
    assert await retry_dead(world.engine, [first.id], everything=False) == 1
    assert await world.sql("SELECT property_id, reason FROM search_outbox") == [(first.property_id, "retry")]
    assert await drop_dead(world.engine, [second.id], everything=False) == 1
    assert [one.id for one in await list_dead(world.engine, 10)] == [third.id]
    assert await retry_dead(world.engine, [], everything=True) == 1
    assert await list_dead(world.engine, 10) == []


async def test_status_of_a_well_index_has_no_advice(world: World) -> None:
    await world.add_property()
    index = (await world.reindex()).index
    status = await read_status(world.engine, world.elastic, world.alias)
    assert (status.shown, status.pending, status.dead, status.advice) == ([index], 0, 0, [])
    assert [generation.documents for generation in status.generations] == [1]


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("no index", "run `nyumba-indexer reindex`"),
        ("index deleted", "run `nyumba-indexer reindex`"),
        ("old change", "start `nyumba-indexer run`"),
        ("dead", "`nyumba-indexer dead list`"),
        ("building", "--resume"),
        ("old mapping", "mapping of another release"),
    ],
)
async def test_status_says_what_to_do(world: World, fault: str, advice: str) -> None:
    if fault != "no index":
        index = (await world.reindex()).index
    if fault == "index deleted":
        await world.elastic.indices.delete(index=index)
    elif fault == "old change":
        await world.add_property()
        await world.sql("UPDATE search_outbox SET created_at = now() - interval '5 minutes'")
    elif fault == "dead":
        await bury(world, 1)
    elif fault == "building":
        await world.sql(
            "INSERT INTO search_generations (alias, index_name, mapping_hash, state)"
            f" VALUES ('{world.alias}', '{world.alias}-x', 'x', 'building')"
        )
    elif fault == "old mapping":
        await world.sql("UPDATE search_generations SET mapping_hash = 'another'")
    status = await read_status(world.engine, world.elastic, world.alias)
    assert any(advice in line for line in status.advice), status.advice


async def test_account_that_must_go_takes_what_it_offers_along(world: World) -> None:
    """By the statements of docs/operations.md."""
    somebody = await world.add_user()
    own, other = await world.add_property(somebody), await world.add_property()
    await world.sql("UPDATE users SET email = 'somebody@example.com' WHERE id = :id", id=somebody)
    await world.reindex()
    manual = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    deactivate, withdraw = re.findall(r"UPDATE [^;]*'somebody@example.com'[^;]*", manual)
    await world.sql(deactivate)
    assert await world.find_ids() == {own, other}
    await world.sql(withdraw)
    await world.processor.drain()
    assert await world.find_ids() == {other}
