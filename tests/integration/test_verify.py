"""Verify finds every kind of drift and no false one, and repair mends what can be mended."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from indexer import ranges as ranges_module
from indexer import reindex as reindex_module
from indexer import verify as verify_module
from indexer.actions import Action, send_actions, write_alias
from indexer.compare import Drift
from indexer.errors import AliasOnSeveral, UnknownProperty
from indexer.indices import read_shown
from indexer.operate import roll_back
from indexer.ranges import Suspects
from indexer.reindex import ReindexResult, reindex
from indexer.status import read_property, read_status
from indexer.verifications import note_verification
from indexer.verify import Mode, Report, find_serving, repair, verify
from tests.conftest import World


@pytest.fixture
async def indexed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(verify_module, "SETTLE_INTERVAL_S", 0.05)
    monkeypatch.setattr(ranges_module, "CHUNK_SIZE", 2)
    await world.reindex()
    return world


async def run_verify(world: World, mode: Mode = "full") -> Report:
    index = await find_serving(world.elastic, world.alias)
    return await verify(world.engine, world.elastic, index, lambda _: None, mode)


def name_drift(report: Report) -> dict[UUID | None, str]:
    return {drift.property_id: drift.kind for drift in report.drift}


async def write_by_hand(world: World, property_id: UUID, version: int) -> None:
    """Put a document into the index past the queue."""
    index = await find_serving(world.elastic, world.alias)
    head = f'{{"index":{{"_id":"{property_id}","version":{version},"version_type":"external_gte"}}}}'
    await send_actions(world.elastic, index, [Action(property_id, version, f'{head}\n{{"title":"By hand"}}\n')])


async def take_away(world: World, property_id: UUID) -> None:
    index = await find_serving(world.elastic, world.alias)
    await world.elastic.delete(index=write_alias(index), id=str(property_id))


async def forget_events(world: World) -> None:
    """The fault: changes whose events were lost."""
    await world.sql("DELETE FROM search_outbox")


async def test_equal_stores_show_no_drift(indexed: World) -> None:
    for status in ("active", "under_offer", "sold"):
        await indexed.add_property(status=status)
    await indexed.processor.drain()
    report = await run_verify(indexed)
    assert (report.compared, report.drift, report.pending) == (2, [], 0)


@pytest.mark.parametrize("mode", ["fast", "full"])
async def test_each_kind_of_drift_is_found_and_all_but_one_mended(indexed: World, mode: Mode) -> None:
    user_id = await indexed.add_user()
    ids = [await indexed.add_property(user_id) for _ in range(5)]
    missing, stale, ahead, undeleted, _ = ids
    orphan = uuid4()
    await indexed.processor.drain()
    await take_away(indexed, missing)
    await indexed.sql("UPDATE properties SET price = 9 WHERE id = :id", id=stale)
    await indexed.sql("UPDATE properties SET status = 'sold' WHERE id = :id", id=undeleted)
    await forget_events(indexed)
    await write_by_hand(indexed, ahead, 10**9)
    await write_by_hand(indexed, orphan, 1)
    report = await run_verify(indexed, mode)
    wanted = {missing: "missing", stale: "stale", ahead: "ahead", undeleted: "undeleted", orphan: "orphan"}
    assert name_drift(report) == wanted
    assert await repair(indexed.engine, report.drift) == 4
    await indexed.processor.drain()
    assert name_drift(await run_verify(indexed, mode)) == {ahead: "ahead"}


async def test_what_is_pending_is_no_drift(indexed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_module, "SETTLE_S", 0)
    await indexed.add_property()
    report = await run_verify(indexed)
    assert (report.drift, report.pending) == ([], 1)


@pytest.mark.parametrize("mode", ["fast", "full"])
async def test_verify_under_load_finds_no_false_drift(indexed: World, mode: Mode) -> None:
    """Guards the order of reads and the second look."""
    user_id = await indexed.add_user()
    ids = [await indexed.add_property(user_id) for _ in range(6)]
    stop = asyncio.Event()

    async def change() -> None:
        while not stop.is_set():
            for property_id in ids:
                await indexed.sql("UPDATE properties SET price = price + 1 WHERE id = :id", id=property_id)
                await indexed.sql(
                    "UPDATE properties SET status = CASE status WHEN 'active' THEN 'sold' ELSE 'active' END"
                    " WHERE id = :id",
                    id=ids[0],
                )

    tasks = [asyncio.create_task(change()), asyncio.create_task(indexed.processor.run(stop))]
    reports = [await run_verify(indexed, mode) for _ in range(5)]
    stop.set()
    await asyncio.gather(*tasks)
    assert [report.drift for report in reports] == [[]] * 5


async def test_one_property_can_be_looked_up(indexed: World) -> None:
    property_id = await indexed.add_property()
    await indexed.processor.drain()
    state = await read_property(indexed.engine, indexed.elastic, indexed.alias, property_id)
    assert (state.public, state.pending, state.drift) == (True, False, {})
    assert list(state.documents.values()) == [state.row_version]
    await take_away(indexed, property_id)
    state = await read_property(indexed.engine, indexed.elastic, indexed.alias, property_id)
    assert list(state.drift.values()) == ["missing"]
    with pytest.raises(UnknownProperty):
        await read_property(indexed.engine, indexed.elastic, indexed.alias, uuid4())


async def test_repair_is_no_change_to_the_owner(indexed: World) -> None:
    """Guards that `updated_at` stays: else every edit that was begun before the repair would be refused as stale."""
    property_id = await indexed.add_property()
    before = await indexed.sql("SELECT updated_at, search_version FROM properties")
    assert await repair(indexed.engine, [Drift(property_id, "missing", before[0][1], None)]) == 1
    after = await indexed.sql("SELECT updated_at, search_version FROM properties")
    assert after[0][0] == before[0][0]
    assert after[0][1] > before[0][1]


async def test_repair_of_nothing_queues_nothing(indexed: World) -> None:
    assert await repair(indexed.engine, []) == 0
    assert await indexed.sql("SELECT count(*) FROM search_outbox") == [(0,)]


@pytest.mark.parametrize("mode", ["fast", "full"])
async def test_both_modes_find_what_is_not_at_its_place(indexed: World, mode: Mode) -> None:
    """A copy of a property under another id, one under a name that is no id, and one that shows no property at all."""
    property_id = await indexed.add_property()
    await indexed.processor.drain()
    index = await find_serving(indexed.elastic, indexed.alias)
    copy = uuid4()
    for name, shows in ((copy, property_id), ("by-hand", property_id), ("nonsense", "zzz"), ("empty", None)):
        document = {"title": "Copy"} | ({"id": str(shows)} if shows else {})
        await indexed.elastic.index(index=index, id=str(name), document=document)
    report = await run_verify(indexed, mode)
    assert {(drift.document_id, drift.property_id, drift.kind) for drift in report.drift} == {
        (str(copy), property_id, "duplicate"),
        ("by-hand", property_id, "duplicate"),
        ("nonsense", None, "orphan"),
        ("empty", None, "orphan"),
    }
    assert await repair(indexed.engine, report.drift) == 1, "the queue reaches only what has the name of an id"
    await indexed.processor.drain()
    assert len((await run_verify(indexed, mode)).drift) == 3
    await reindex(indexed.engine, indexed.elastic, indexed.alias, lambda _: None, allow_smaller=True)
    assert (await run_verify(indexed, mode)).drift == []


async def test_fast_verify_looks_only_where_buckets_differ(indexed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the buckets: equal stores cost one aggregation each, however many properties there are."""
    for _ in range(4):
        await indexed.add_property()
    await indexed.processor.drain()
    looked: list[UUID] = []
    compare = ranges_module.compare_range

    async def look(*arguments: Any) -> Suspects:  # noqa: ANN401
        looked.append(arguments[3])
        return await compare(*arguments)

    monkeypatch.setattr(verify_module, "compare_range", look)
    assert (await run_verify(indexed, "fast")).drift == []
    assert looked == []
    property_id = await indexed.add_property()
    await forget_events(indexed)
    assert name_drift(await run_verify(indexed, "fast")) == {property_id: "missing"}
    assert len(looked) == 1


@pytest.mark.parametrize("prefix", ["000", "abc", "fff"])
def test_range_of_a_prefix_holds_its_ids_and_no_other(prefix: str) -> None:
    after, last = ranges_module.to_range(prefix)
    assert str(last).startswith(prefix)
    assert last.int == 2**128 - 1 or not str(UUID(int=last.int + 1)).startswith(prefix)
    assert prefix == "000" or not str(after).startswith(prefix)


async def test_result_is_kept_for_status(indexed: World) -> None:
    await indexed.add_property()
    await forget_events(indexed)
    report = await run_verify(indexed, "fast")
    await note_verification(indexed.engine, indexed.alias, report)
    status = await read_status(indexed.engine, indexed.elastic, indexed.alias)
    assert status.verified is not None
    assert (status.verified.mode, status.verified.compared, status.verified.drift) == ("fast", 1, {"missing": 1})
    assert status.advice == ["the last verify found 1 missing: run `nyumba-indexer repair`"]


async def test_drift_of_an_index_that_serves_no_more_is_no_news(indexed: World) -> None:
    """Guards that a reindex mends what the last verify found, and has verified what it shows."""
    await indexed.add_property()
    await forget_events(indexed)
    await note_verification(indexed.engine, indexed.alias, await run_verify(indexed, "full"))
    new = (await indexed.reindex()).index
    status = await read_status(indexed.engine, indexed.elastic, indexed.alias)
    assert status.advice == []
    assert status.verified is not None
    assert (status.verified.index, status.verified.compared, status.verified.drift) == (new, 1, {})
    await indexed.add_property()
    await forget_events(indexed)
    await note_verification(indexed.engine, indexed.alias, await run_verify(indexed, "full"))
    old = await roll_back(indexed.engine, indexed.elastic, indexed.alias)
    status = await read_status(indexed.engine, indexed.elastic, indexed.alias)
    assert status.verified is not None
    assert (status.verified.index, status.verified.drift) == (old, {"missing": 1})


async def test_alias_on_two_indices_is_said_and_mended_by_a_reindex(
    indexed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every property would be found twice: a duplicate that no comparison of one index shows.

    Guards that the alias goes back to the one index first: else readers see duplicates for as long as the reindex runs.
    """
    await indexed.add_property()
    old = await find_serving(indexed.elastic, indexed.alias)
    new = (await indexed.reindex()).index
    await indexed.elastic.indices.put_alias(index=old, name=indexed.alias)
    with pytest.raises(AliasOnSeveral, match=f"{old} and {new}"):
        await find_serving(indexed.elastic, indexed.alias)
    status = await read_status(indexed.engine, indexed.elastic, indexed.alias)
    assert "properties twice" in status.advice[0]
    complete = reindex_module._complete
    meanwhile: list[str] = []

    async def look(*arguments: Any) -> ReindexResult:  # noqa: ANN401
        meanwhile.extend(await read_shown(indexed.elastic, indexed.alias))
        return await complete(*arguments)

    monkeypatch.setattr(reindex_module, "_complete", look)
    last = (await indexed.reindex()).index
    assert meanwhile == [new]
    assert await read_shown(indexed.elastic, indexed.alias) == [last]
