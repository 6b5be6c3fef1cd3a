"""Reindex: a fresh index takes over, and nothing is lost on the way."""

import asyncio
from typing import Any

import pytest
from elastic_transport import ConnectionTimeout
from elasticsearch import AsyncElasticsearch

from indexer import backfill as backfill_module
from indexer import reindex as reindex_module
from indexer.actions import send_lines
from indexer.errors import (
    AnotherAlias,
    NothingToResume,
    ReindexRunning,
    StatementsInterrupted,
    SwapRefused,
    TooManyRefused,
)
from indexer.indices import move_alias, read_alias
from indexer.operate import sweep
from indexer.outbox import claim
from indexer.reindex import is_current
from nyumba.search.document import MAPPINGS, compute_digest
from tests.conftest import World


async def list_indices(world: World) -> list[str]:
    return sorted(await world.elastic.indices.get(index=f"{world.alias}-*"))


async def test_reindex_publishes_what_is_public_and_nothing_else(world: World) -> None:
    public = {await world.add_property(), await world.add_property(status="under_offer")}
    for status in ("draft", "sold", "let", "withdrawn", "expired"):
        await world.add_property(status=status)
    result = await world.reindex()
    assert (result.documents, result.dead) == (2, 0)
    assert await world.find_ids() == public
    assert await world.find_drift() == {}
    assert await world.sql("SELECT count(*) FROM search_outbox") == [(0,)]


async def test_index_is_named_after_alias_mapping_and_epoch(world: World) -> None:
    result = await world.reindex()
    assert result.index == f"{world.alias}-{compute_digest()}-1"
    assert await read_alias(world.elastic, world.alias) == result.index


async def test_index_of_another_mapping_is_not_current(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not await is_current(world.engine, world.elastic, world.alias)
    index = (await world.reindex()).index
    assert await is_current(world.engine, world.elastic, world.alias)
    with monkeypatch.context() as patch:
        patch.setattr(reindex_module, "compute_digest", lambda: "another")
        assert not await is_current(world.engine, world.elastic, world.alias)
    await world.elastic.indices.delete(index=index)
    assert not await is_current(world.engine, world.elastic, world.alias)


async def test_the_index_before_is_kept_and_older_ones_go(world: World) -> None:
    results = [await world.reindex() for _ in range(3)]
    assert await list_indices(world) == sorted(result.index for result in results[1:])
    states = await world.sql("SELECT state FROM search_generations ORDER BY epoch")
    assert states == [("dropped",), ("retired",), ("serving",)]


async def test_changes_during_the_backfill_are_in_the_new_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the dual write: a change after its row was read reaches the new index through the queue alone."""
    early, gone = await world.add_property(title="Before"), await world.add_property()
    await world.reindex()
    read_chunk = backfill_module._read_chunk

    async def read_then_change(connection, after):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        actions = await read_chunk(connection, after)
        if actions:
            await world.sql("UPDATE properties SET title = 'After' WHERE id = :id", id=early)
            await world.sql("DELETE FROM properties WHERE id = :id", id=gone)
        return actions

    monkeypatch.setattr(backfill_module, "_read_chunk", read_then_change)
    late = asyncio.create_task(world.add_property())
    await world.reindex()
    await late
    await world.processor.drain()
    assert await world.find_drift() == {}
    assert gone not in await world.find_ids()
    answer = await world.elastic.get(index=world.alias, id=str(early))
    assert answer["_source"]["title"] == "After"


async def test_second_reindex_at_the_same_time_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start_another(*_: object) -> int:
        with pytest.raises(ReindexRunning):
            await world.reindex()
        return 0

    monkeypatch.setattr(reindex_module, "backfill", start_another)
    await world.reindex()


async def test_incomplete_index_is_not_published(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the check before the swap: a backfill that loses rows must not reach readers."""
    await world.add_property()
    serving = (await world.reindex()).index

    async def lose_all(*_: object) -> int:
        return 0

    monkeypatch.setattr(reindex_module, "backfill", lose_all)
    with pytest.raises(SwapRefused, match="differs from PostgreSQL in 1 properties"):
        await world.reindex()
    assert await read_alias(world.elastic, world.alias) == serving
    assert await list_indices(world) == [serving]


async def test_worker_that_never_finishes_does_not_hold_a_reindex_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.reindex()
    await world.add_property()
    await claim(world.engine)
    monkeypatch.setattr(reindex_module, "LONGEST_DRAIN_S", 0)
    with pytest.raises(SwapRefused, match="1 changes are held by a worker"):
        await world.reindex()


async def test_failed_reindex_leaves_no_index_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> int:
        raise RuntimeError("power cut")

    monkeypatch.setattr(reindex_module, "backfill", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        await world.reindex()
    assert await list_indices(world) == []


async def test_index_that_readers_see_is_not_dropped_when_the_answer_was_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alias moved, but Elasticsearch's answer never came."""
    property_id = await world.add_property()

    async def move_and_time_out(*arguments: Any, **named: Any) -> None:  # noqa: ANN401
        await move_alias(*arguments, **named)
        raise ConnectionTimeout("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(reindex_module, "move_alias", move_and_time_out)
        with pytest.raises(ConnectionTimeout):
            await world.reindex()
    assert await world.find_ids() == {property_id}
    await world.reindex()
    assert await world.find_ids() == {property_id}
    assert await world.sql("SELECT state FROM search_generations ORDER BY epoch") == [("retired",), ("serving",)]


@pytest.mark.parametrize(
    "error", [ConnectionTimeout("no answer"), StatementsInterrupted(10, "57014")], ids=["outage", "interrupted"]
)
async def test_backfill_that_was_cut_short_is_resumed_behind_what_it_sent(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    user_id = await world.add_user()
    for _ in range(12):
        await world.add_property(user_id)
    monkeypatch.setattr(backfill_module, "CHUNK_SIZE", 2)
    sent: list[int] = []

    async def fail_after_four(client: AsyncElasticsearch, index: str, lines: str) -> bool:
        if len(sent) == 4:
            raise error
        sent.append(len(lines))
        return await send_lines(client, index, lines)

    with monkeypatch.context() as patch:
        patch.setattr(backfill_module, "send_lines", fail_after_four)
        patch.setattr(backfill_module, "LONGEST_OUTAGE_S", 0)
        with pytest.raises(type(error)):
            await world.reindex()
    assert await read_alias(world.elastic, world.alias) is None
    await world.sql("UPDATE properties SET price = 7 WHERE id = (SELECT min(id::text)::uuid FROM properties)")
    seen: list[int] = []
    result = await reindex_module.reindex(world.engine, world.elastic, world.alias, seen.append, resume=True)
    assert result.documents == 12
    assert 0 < sum(seen) < 12
    assert await world.find_drift() == {}
    assert len(await list_indices(world)) == 1


async def test_nothing_to_resume_is_said(world: World) -> None:
    await world.reindex()
    with pytest.raises(NothingToResume, match="without --resume"):
        await reindex_module.reindex(world.engine, world.elastic, world.alias, lambda _: None, resume=True)


async def test_index_without_swap_waits_beside_the_serving_one(world: World) -> None:
    await world.add_property()
    serving = (await world.reindex()).index
    beside = await reindex_module.reindex(world.engine, world.elastic, world.alias, lambda _: None, swap=False)
    assert await read_alias(world.elastic, world.alias) == serving
    await world.add_property()
    await world.processor.drain()
    result = await reindex_module.reindex(world.engine, world.elastic, world.alias, lambda _: None, resume=True)
    assert (result.index, result.documents) == (beside.index, 2)
    assert await world.find_drift() == {}


async def test_index_that_refuses_everything_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards against an empty index whose missing documents are all excused as dead."""
    serving = (await world.reindex()).index
    user_id = await world.add_user()
    for _ in range(12):
        await world.add_property(user_id, year_built=2000)
    await world.processor.drain()
    narrow = {**MAPPINGS, "properties": {**MAPPINGS["properties"], "year_built": {"type": "byte"}}}
    monkeypatch.setattr("indexer.indices.MAPPINGS", narrow)
    with pytest.raises(TooManyRefused, match="year_built"):
        await world.reindex()
    assert await read_alias(world.elastic, world.alias) == serving
    assert await world.sql("SELECT count(*) FROM search_dead") == [(0,)]


async def test_document_that_is_refused_in_a_backfill_dies_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    user_id = await world.add_user()
    for area in (40, 50, 2000, 60):
        await world.add_property(user_id, square_meters=area, title=f'Line\nbreak "{area}"')
    narrow = {**MAPPINGS, "properties": {**MAPPINGS["properties"], "square_meters": {"type": "byte"}}}
    monkeypatch.setattr("indexer.indices.MAPPINGS", narrow)
    monkeypatch.setattr("indexer.reindex.MOST_DEAD_SHARE", 0.5)
    result = await world.reindex()
    assert (result.documents, result.dead) == (3, 1)
    dead = await world.sql(
        "SELECT p.square_meters, d.version = p.search_version"
        " FROM search_dead d JOIN properties p ON p.id = d.property_id"
    )
    assert dead == [(2000, True)]


async def test_swap_that_refused_documents_keep_from_happening_says_why(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the new index goes, and with it what `dead list` could tell of it."""
    property_id = await world.add_property(year_built=2000)
    narrow = {**MAPPINGS, "properties": {**MAPPINGS["properties"], "year_built": {"type": "byte"}}}
    monkeypatch.setattr("indexer.indices.MAPPINGS", narrow)
    with pytest.raises(SwapRefused, match=rf"refuses 1 of 1 properties, {property_id} for this reason: .*year_built"):
        await world.reindex()
    assert await world.sql("SELECT count(*) FROM search_dead") == [(0,)]


@pytest.mark.parametrize("dies_in", ["_drain_to_mark", "promote"])
async def test_reindex_after_one_that_was_killed(world: World, monkeypatch: pytest.MonkeyPatch, dies_in: str) -> None:
    """A kill runs no clean-up: neither before the alias has moved, nor between that and writing it down."""
    await world.add_property()

    async def be_killed(*_: object) -> None:
        raise KeyboardInterrupt

    async def leave_it(*_: object) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(reindex_module, dies_in, be_killed)
        patch.setattr(reindex_module, "drop_generation", leave_it)
        with pytest.raises(KeyboardInterrupt):
            await world.reindex()
    result = await world.reindex()
    assert await read_alias(world.elastic, world.alias) == result.index
    assert await world.find_drift() == {}
    assert await world.sql("SELECT count(*) FROM search_generations WHERE state = 'building'") == [(0,)]


async def test_alias_of_another_database_is_left_alone(world: World) -> None:
    foreign = f"{world.alias}-foreign"
    await world.elastic.indices.create(index=foreign, aliases={world.alias: {}})
    with pytest.raises(SwapRefused, match="NYUMBA_SEARCH_ALIAS"):
        await world.reindex()
    assert await read_alias(world.elastic, world.alias) == foreign


async def test_reindex_under_a_mistyped_alias_takes_no_change_away_from_the_right_one(world: World) -> None:
    """Guards the one alias of a queue: a second one's reindex would settle changes that it never sent to the first."""
    await world.add_property()
    await world.reindex()
    await world.sql("UPDATE properties SET price = 2")
    with pytest.raises(AnotherAlias, match=f"set NYUMBA_SEARCH_ALIAS to {world.alias},"):
        await reindex_module.reindex(world.engine, world.elastic, f"{world.alias}typo", lambda _: None)
    assert await world.sql("SELECT count(*) FROM search_outbox") == [(1,)]
    await world.processor.drain()
    assert await world.find_drift() == {}


async def test_alias_is_renamed_as_the_manual_says(world: World) -> None:
    await world.add_property()
    old, old_alias = (await world.reindex()).index, world.alias
    await world.sql("UPDATE properties SET price = 2")
    await world.sql("UPDATE search_generations SET state = 'dropped' WHERE alias = :alias", alias=old_alias)
    world.alias = f"{old_alias}new"
    new = (await world.reindex()).index
    assert await world.find_drift() == {}
    assert (await sweep(world.engine, world.elastic, old_alias)).indices == []
    await world.elastic.indices.delete_alias(index=old, name=old_alias)
    assert (await sweep(world.engine, world.elastic, old_alias)).indices == [old]
    assert await read_alias(world.elastic, world.alias) == new


async def test_alias_removed_by_hand_comes_back_with_a_reindex(world: World, elastic: AsyncElasticsearch) -> None:
    property_id = await world.add_property()
    index = (await world.reindex()).index
    await elastic.indices.delete_alias(index=index, name=world.alias)
    await world.reindex()
    assert await world.find_ids() == {property_id}


async def test_searches_never_fail_while_the_alias_moves(world: World) -> None:
    await world.add_property()
    await world.reindex()
    done = asyncio.Event()
    seen = []

    async def search() -> None:
        while not done.is_set():
            seen.append(len(await world.find_ids()))

    searching = asyncio.create_task(search())
    for _ in range(3):
        await world.reindex()
    done.set()
    await searching
    assert set(seen) == {1}
