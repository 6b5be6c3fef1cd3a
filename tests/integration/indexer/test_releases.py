"""Two releases whose documents differ, while one takes over from the other."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from indexer import indices, processor
from indexer import reindex as reindex_module
from indexer.errors import AnotherRelease, TooManyRefused
from nyumba.search.document import MAPPINGS
from tests.conftest import World

OF_ANOTHER = "UPDATE search_generations SET mapping_hash = 'another'"
EARLIER = {
    **MAPPINGS,
    "properties": {name: kind for name, kind in MAPPINGS["properties"].items() if name != "popularity"},
}


@pytest.fixture
async def released(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """An index of the release before, whose documents lack a field; nothing is in it yet."""
    with monkeypatch.context() as patch:
        patch.setattr(indices, "MAPPINGS", EARLIER)
        await world.reindex()
    await world.sql(OF_ANOTHER)
    return world


async def read_attempts(world: World) -> list[int]:
    return [row[0] for row in await world.sql("SELECT attempts FROM search_outbox")]


async def find_in(world: World, index: str) -> set[UUID]:
    await world.elastic.indices.refresh(index=index)
    answer = await world.elastic.search(index=index, size=1000, source=False)
    return {UUID(hit["_id"]) for hit in answer["hits"]["hits"]}


async def test_worker_leaves_events_to_the_release_of_the_serving_index(released: World) -> None:
    await released.add_property()
    with pytest.raises(AnotherRelease, match="-1 is of another release"):
        await released.processor.process_batch()
    assert await read_attempts(released) == [0]


async def test_worker_leaves_events_to_the_release_that_builds_an_index(world: World) -> None:
    await world.reindex()
    await world.reindex()
    await world.sql(OF_ANOTHER + ", state = 'building' WHERE state = 'serving'")
    await world.add_property()
    with pytest.raises(AnotherRelease, match="-2 is of another release"):
        await world.processor.process_batch()
    assert await read_attempts(world) == [0]


async def test_new_field_stops_nothing_before_during_and_after_the_reindex(
    released: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step has more documents than would stop a worker if they counted as refused."""

    async def add_many() -> set[UUID]:
        return {await released.add_property() for _ in range(12)}

    backfill = reindex_module.backfill

    async def backfill_then_wait(*given: Any) -> None:  # noqa: ANN401
        await backfill(*given)
        added.update(await add_many())
        async with asyncio.timeout(30):
            while await released.sql("SELECT 1 FROM search_outbox"):  # nobody but the reindex works on them
                await asyncio.sleep(0.05)

    added = await add_many()
    monkeypatch.setattr(reindex_module, "backfill", backfill_then_wait)
    monkeypatch.setattr(processor, "POLL_INTERVAL_S", 0.01)
    result = await released.reindex()
    added.update(await add_many())
    await released.processor.drain()
    old = (await released.sql("SELECT index_name FROM search_generations WHERE state = 'retired'"))[0][0]
    assert await released.find_drift() == {}
    assert await find_in(released, result.index) == await find_in(released, old) == added
    assert await released.sql("SELECT 1 FROM search_dead") == []


async def test_refusals_are_counted_for_each_index(world: World) -> None:
    """A healthy index beside it does not hide that another one refuses all, however small the batches are."""
    await world.reindex()
    await world.reindex()
    retired = (await world.sql("SELECT index_name FROM search_generations WHERE state = 'retired'"))[0][0]
    await world.elastic.indices.delete(index=retired)
    await world.elastic.indices.create(
        index=retired, aliases={f"{retired}-write": {}}, mappings={"dynamic": "strict", "properties": {}}
    )

    async def change_one_after_the_other() -> None:
        for _ in range(12):
            await world.add_property()
            await world.processor.drain()

    with pytest.raises(TooManyRefused):
        await change_one_after_the_other()
