"""An index that readers see is never deleted, whatever is registered, and however that came about."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from elasticsearch import ApiError, AsyncElasticsearch

from indexer import reindex as reindex_module
from indexer.actions import write_alias
from indexer.indices import read_shown
from indexer.operate import roll_back, sweep
from indexer.status import read_status
from nyumba.elastic import create_client
from nyumba.search.document import LIVE_FILTER
from tests.conftest import World


async def list_indices(world: World) -> list[str]:
    return sorted(await world.elastic.indices.get(index=f"{world.alias}-*"))


async def read_states(world: World) -> dict[str, str]:
    return dict(await world.sql("SELECT index_name, state FROM search_generations"))  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ["building", "retired", "dropped"])
async def test_index_that_readers_see_stays_whatever_it_is_registered_as(world: World, state: str) -> None:
    """Guards the look at the index itself, before every deletion."""
    property_id = await world.add_property()
    index = (await world.reindex()).index
    await world.sql(
        "UPDATE search_generations SET state = :state, retired_at = now() - interval '2 days'",
        state=state,
    )
    assert (await sweep(world.engine, world.elastic, world.alias)).indices == []
    assert await read_shown(world.elastic, world.alias) == [index]
    with suppress(Exception):
        await roll_back(world.engine, world.elastic, world.alias)
    new = (await world.reindex()).index
    assert await read_shown(world.elastic, world.alias) == [new]
    assert await world.find_ids() == {property_id}


async def test_index_that_counts_as_dropped_is_shown_until_the_next_one_is_there(world: World) -> None:
    await world.add_property()
    old = (await world.reindex()).index
    await world.sql("UPDATE search_generations SET state = 'dropped'")
    assert any("reindex" in line for line in (await read_status(world.engine, world.elastic, world.alias)).advice)
    property_id = await world.add_property()
    new = (await world.reindex()).index
    assert property_id in await world.find_ids()
    assert await world.find_drift() == {}
    assert await read_states(world) == {old: "dropped", new: "serving"}, "nobody goes back to what is out of date"
    assert (await sweep(world.engine, world.elastic, world.alias)).indices == [old]


async def test_index_that_somebody_shows_by_another_alias_stays(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Guards that every alias counts: the API may read another than the indexer that sweeps."""
    await world.add_property()
    old = (await world.reindex()).index
    await world.elastic.indices.put_alias(index=old, name=f"{world.alias}shown", filter=LIVE_FILTER)
    newer = [(await world.reindex()).index for _ in range(2)]
    await world.sql("UPDATE search_generations SET retired_at = now() - interval '2 days' WHERE state = 'retired'")
    assert (await sweep(world.engine, world.elastic, world.alias)).indices == [newer[0]]
    assert f"{old} is not deleted, as readers see it: {world.alias}shown is on it" in caplog.text
    assert await list_indices(world) == sorted([old, newer[1]])
    await world.elastic.indices.delete_alias(index=old, name=f"{world.alias}shown")
    assert (await sweep(world.engine, world.elastic, world.alias)).indices == [old]


@pytest.fixture
def web_server() -> Iterator[str]:
    """The address of something that answers, and is no Elasticsearch."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_reindex_at_what_is_no_elasticsearch_changes_nothing(world: World, web_server: str) -> None:
    property_id = await world.add_property()
    index = (await world.reindex()).index
    async with create_client(web_server, timeout_s=5) as wrong:
        with pytest.raises(ApiError):
            await reindex_module.reindex(world.engine, wrong, world.alias, lambda _: None)
    states = await read_states(world)
    assert states[index] == "serving"
    await sweep(world.engine, world.elastic, world.alias)
    assert await world.find_ids() == {property_id}
    await world.reindex()
    assert await world.find_ids() == {property_id}


async def copy_index(elastic: AsyncElasticsearch, source: str, target: str, aliases: dict[str, object]) -> None:
    """Make `target` what `source` is, and delete that."""
    await elastic.indices.put_settings(index=source, settings={"index.blocks.write": True})
    settings = {"index.blocks.write": None}
    await elastic.indices.clone(index=source, target=target, settings=settings, aliases=aliases)
    await elastic.indices.delete(index=source)


@pytest.mark.parametrize("changes", [0, 1])
async def test_reindex_into_another_elasticsearch_costs_the_right_one_nothing(world: World, changes: int) -> None:
    """Both are one here, and what is on the right one is away while the other is in use."""
    property_id = await world.add_property()
    old = (await world.reindex()).index
    away = f"away-{old}"
    await copy_index(world.elastic, old, away, {})
    for _ in range(changes):
        await world.sql("UPDATE properties SET price = price + 1")
    wrong = (await world.reindex()).index
    await world.elastic.indices.delete(index=wrong)
    await copy_index(world.elastic, away, old, {world.alias: {"filter": LIVE_FILTER}, write_alias(old): {}})

    assert (await sweep(world.engine, world.elastic, world.alias)).indices == []
    assert await world.find_ids() == {property_id}
    await world.reindex()
    await world.processor.drain()
    assert await world.find_drift() == {}
    status = await read_status(world.engine, world.elastic, world.alias)
    assert status.advice == []


async def test_index_whose_alias_was_removed_by_hand_is_the_way_back(world: World) -> None:
    """Guards that it is not dropped before another one is there, nor after that."""
    await world.add_property()
    old = (await world.reindex()).index
    await world.elastic.indices.delete_alias(index=old, name=world.alias)
    new = (await world.reindex()).index
    assert await read_states(world) == {old: "retired", new: "serving"}
    await world.add_property()
    await world.processor.drain()
    assert await roll_back(world.engine, world.elastic, world.alias) == old
    assert await world.find_drift() == {}


async def test_index_whose_alias_was_removed_by_hand_outlives_a_reindex_that_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add_property()
    index = (await world.reindex()).index
    await world.elastic.indices.delete_alias(index=index, name=world.alias)

    async def fail(*_: object) -> int:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(reindex_module, "backfill", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            await world.reindex()
    assert await list_indices(world) == [index]
    await world.elastic.indices.put_alias(index=index, name=world.alias, filter=LIVE_FILTER)
    await sweep(world.engine, world.elastic, world.alias)
    assert await read_states(world) == {
        index: "serving",
        **{i: "dropped" for i in await read_states(world) if i != index},
    }


async def test_serving_index_that_was_deleted_by_hand_is_replaced_with_nothing_left_to_mend(world: World) -> None:
    property_id = await world.add_property()
    await world.reindex()
    await world.elastic.indices.delete(index=(await world.reindex()).index)
    await world.sql("UPDATE properties SET price = 2")
    await world.reindex()
    assert await world.find_ids() == {property_id}
    assert await world.find_drift() == {}
    assert (await read_status(world.engine, world.elastic, world.alias)).advice == []
