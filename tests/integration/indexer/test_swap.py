"""The swap: which index may be shown to readers, and by whom."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer import backfill as backfill_module
from indexer import operate as operate_module
from indexer import reindex as reindex_module
from indexer.actions import send_lines
from indexer.errors import ElasticsearchUnavailable, IndexShown, SwapRefused
from indexer.generations import drop_generation, read_generations
from indexer.indices import REFRESH_INTERVAL, create_index, move_alias, read_alias, read_shown, take_hold
from indexer.operate import roll_back, sweep
from indexer.reindex import ReindexResult
from indexer.status import Status, read_status
from tests.conftest import World


async def list_indices(world: World) -> list[str]:
    return sorted(await world.elastic.indices.get(index=f"{world.alias}-*"))


async def test_index_that_drifts_is_not_published_though_the_counts_agree(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards the verify before the swap: a count would not see a document that is older than its row."""
    property_id = await world.add_property()
    serving = (await world.reindex()).index

    async def send_old(client: AsyncElasticsearch, index: str, lines: str) -> bool:
        return await send_lines(client, index, re.sub('"version":[0-9]+', '"version":1', lines, count=1))

    await world.sql("UPDATE properties SET price = 7")
    await world.processor.drain()
    monkeypatch.setattr(backfill_module, "send_lines", send_old)
    monkeypatch.setattr("indexer.verify.SETTLE_INTERVAL_S", 0)
    with pytest.raises(SwapRefused, match=f"in 1 properties of 1; {property_id} is stale"):
        await world.reindex()
    assert await list_indices(world) == [serving]


async def test_index_that_is_suspiciously_small_is_not_published_unless_asked_to(world: World) -> None:
    """Guards against a database that is not the one it should be: both indices get every change, so both are full."""
    user_id = await world.add_user()
    for _ in range(5):
        await world.add_property(user_id)
    serving = (await world.reindex()).index
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # as a restore does it
        await connection.exec_driver_sql("DELETE FROM properties")
    with pytest.raises(SwapRefused, match="holds 0 properties and the serving one 5"):
        await world.reindex()
    assert await read_alias(world.elastic, world.alias) == serving
    smaller = await reindex_module.reindex(world.engine, world.elastic, world.alias, lambda _: None, allow_smaller=True)
    assert await read_alias(world.elastic, world.alias) == smaller.index


async def test_reindex_that_lost_its_lock_does_not_undo_a_later_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards the fence: a lock ends with its connection, and the one who held it may not have noticed yet.

    Without the fence the late one would move the alias to an index that the other has deleted, or to both.
    """
    await world.add_property()
    complete = reindex_module._complete
    late_index: list[str] = []

    @asynccontextmanager
    async def no_lock(engine: AsyncEngine, _: str) -> AsyncIterator[AsyncConnection]:
        async with engine.connect() as connection:
            yield connection

    async def be_overtaken(*arguments: Any) -> ReindexResult:  # noqa: ANN401
        if late_index:
            return await complete(*arguments)
        late_index.append(arguments[-1].index)
        result = await complete(*arguments)
        await world.reindex()
        return result

    monkeypatch.setattr(reindex_module, "reindex_lock", no_lock)
    monkeypatch.setattr(reindex_module, "_complete", be_overtaken)
    with pytest.raises(SwapRefused, match=r"another reindex has made .*-1 dropped"):
        await world.reindex()
    states = await world.sql("SELECT index_name, state FROM search_generations ORDER BY epoch")
    assert [state for _, state in states] == ["dropped", "serving"]
    assert await read_shown(world.elastic, world.alias) == [states[1][0]]
    assert await world.find_drift() == {}


async def test_rollback_and_the_next_reindex_keep_the_index_that_served_last(world: World) -> None:
    """Guards the order of retirement: by age alone, the index to go back to would be the one that was rolled back."""
    await world.add_property()
    first, second = (await world.reindex()).index, (await world.reindex()).index
    assert await roll_back(world.engine, world.elastic, world.alias) == first
    third = (await world.reindex()).index
    assert await list_indices(world) == sorted([first, third])
    assert second not in await list_indices(world)
    assert await roll_back(world.engine, world.elastic, world.alias) == first


async def test_short_outage_does_not_end_a_reindex(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the breaker of the backfill: one bulk that finds Elasticsearch busy must not cost the whole run."""
    for _ in range(3):
        await world.add_property()
    refusals = 2

    async def be_busy(client: AsyncElasticsearch, index: str, lines: str) -> bool:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise ElasticsearchUnavailable("busy")
        return await send_lines(client, index, lines)

    monkeypatch.setattr(backfill_module, "send_lines", be_busy)
    assert (await world.reindex()).documents == 3
    assert refusals == 0


async def test_published_index_shows_changes_also_when_nobody_searches(world: World) -> None:
    """Guards the explicit interval: with the default one, an index that rests for 30 s is not refreshed any more."""
    index = (await world.reindex()).index
    answer = await world.elastic.indices.get_settings(index=index, flat_settings=True)
    assert answer[index]["settings"]["index.refresh_interval"] == REFRESH_INTERVAL


async def test_status_tells_a_reindex_that_runs_from_one_that_was_cut_short(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add_property()
    seen: list[Status] = []
    complete = reindex_module._complete

    async def look(*arguments: Any) -> ReindexResult:  # noqa: ANN401
        await complete(*arguments)
        seen.append(await read_status(world.engine, world.elastic, world.alias))
        raise KeyboardInterrupt

    monkeypatch.setattr(reindex_module, "_complete", look)
    with pytest.raises(KeyboardInterrupt):
        await world.reindex()
    seen.append(await read_status(world.engine, world.elastic, world.alias))
    assert [status.progress for status in seen] == [1.0, 1.0]
    assert ["--resume" in " ".join(status.advice) for status in seen] == [False, True]


async def be_killed(*_: object) -> None:
    raise KeyboardInterrupt


async def test_rollback_that_was_killed_is_written_down_by_whoever_comes_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards the look at the alias: without it gc would delete the index that readers see, a day after it retired."""
    property_id = await world.add_property()
    old, new = (await world.reindex()).index, (await world.reindex()).index
    with monkeypatch.context() as patch:
        patch.setattr(operate_module, "promote", be_killed)
        with pytest.raises(KeyboardInterrupt):
            await roll_back(world.engine, world.elastic, world.alias)
    await world.sql("UPDATE search_generations SET retired_at = now() - interval '2 days' WHERE state = 'retired'")
    assert (await sweep(world.engine, world.elastic, world.alias)).indices == []
    assert await world.find_ids() == {property_id}
    assert await world.sql("SELECT index_name, state FROM search_generations ORDER BY epoch") == [
        (old, "serving"),
        (new, "retired"),
    ]


async def test_rollback_that_was_killed_is_completed_by_the_next_and_not_undone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (await world.reindex()).index, (await world.reindex()).index
    with monkeypatch.context() as patch:
        patch.setattr(operate_module, "promote", be_killed)
        with pytest.raises(KeyboardInterrupt):
            await roll_back(world.engine, world.elastic, world.alias)
    assert [await roll_back(world.engine, world.elastic, world.alias) for _ in range(2)] == [old, new]


async def test_rollback_of_a_swap_that_was_killed_goes_back_to_the_index_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards the look at the alias: without it readers would get the index before the one before, or none."""
    before = [(await world.reindex()).index for _ in range(2)]
    with monkeypatch.context() as patch:
        patch.setattr(reindex_module, "promote", be_killed)
        with pytest.raises(KeyboardInterrupt):
            await world.reindex()
    assert await roll_back(world.engine, world.elastic, world.alias) == before[-1]


async def test_sweep_deletes_what_others_died_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the registry: it knows an index from before it is made until after it is deleted."""
    old, new = (await world.reindex()).index, (await world.reindex()).index
    await world.sql("UPDATE search_generations SET state = 'dropped' WHERE state = 'retired'")
    made = []

    async def make_and_be_killed(client: AsyncElasticsearch, index: str) -> None:
        await create_index(client, index)
        made.append(index)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("indexer.generations.create_index", make_and_be_killed)
        with pytest.raises(KeyboardInterrupt):
            await world.reindex()
    swept = await sweep(world.engine, world.elastic, world.alias)
    assert {*swept.indices} == {old, *made}
    assert await list_indices(world) == [new]


async def test_alias_does_not_move_to_an_index_that_another_has_taken_over(world: World) -> None:
    """Guards the hold: else one who lost the lock unseen would show readers an index that is about to be deleted."""
    old, new = (await world.reindex()).index, (await world.reindex()).index
    hold = await take_hold(world.elastic, old)
    await take_hold(world.elastic, old)
    with pytest.raises(SwapRefused, match=f"another has taken over {old}"):
        await move_alias(world.elastic, world.alias, source=new, target=old, hold=hold)
    assert await read_shown(world.elastic, world.alias) == [new]


async def test_index_that_readers_see_after_all_is_not_dropped(world: World) -> None:
    """Guards the second look, once nobody else can move the alias there."""
    index = (await world.reindex()).index
    async with world.engine.connect() as connection:
        [generation] = await read_generations(connection, world.alias)
        with pytest.raises(IndexShown, match=f"{world.alias} is on it"):
            await drop_generation(connection, world.elastic, generation)
    assert await world.sql("SELECT state FROM search_generations") == [("serving",)]
    assert await read_shown(world.elastic, world.alias) == [index]
