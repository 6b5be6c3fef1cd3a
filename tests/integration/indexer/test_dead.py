"""Dead documents, and workers that come late: which version was refused, and which one was taken."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from indexer.outbox import claim
from indexer.processor import Processor
from nyumba.search.document import MAPPINGS
from tests.conftest import World

NARROW = {**MAPPINGS, "properties": {**MAPPINGS["properties"], "year_built": {"type": "byte"}}}
POISON = 2000


@pytest.fixture
async def narrow(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose index refuses properties that have a year."""
    monkeypatch.setattr("indexer.indices.MAPPINGS", NARROW)
    await world.reindex()
    return world


async def stall(world: World) -> Callable[[], Awaitable[None]]:
    """A worker that has claimed and read, and will write what it read then."""
    worker = Processor(world.engine, world.elastic, world.alias)
    batch = await claim(world.engine)
    projected = await worker._project(batch)

    async def remember(_: object) -> object:
        return projected

    worker._project = remember  # type: ignore[method-assign,assignment]
    return lambda: worker._write(batch)


async def read_dead(world: World) -> list[tuple[UUID, bool]]:
    """Each dead property, and whether it died at the version that its row has."""
    rows = await world.sql(
        "SELECT property_id, d.version = search_version FROM search_dead d JOIN properties p ON p.id = property_id"
    )
    return [(UUID(str(property_id)), is_newest) for property_id, is_newest in rows]


async def test_late_write_of_an_older_version_does_not_revive_a_newer_one(narrow: World) -> None:
    """Guards the version in the revival: without it the property would be missing and nothing would say so."""
    property_id = await narrow.add_property()
    write_late = await stall(narrow)
    await narrow.sql("UPDATE properties SET year_built = :year", year=POISON)
    await narrow.processor.drain()
    await write_late()
    assert await read_dead(narrow) == [(property_id, True)]


async def test_late_refusal_of_an_older_version_leaves_that_of_the_newer_one(narrow: World) -> None:
    """Guards the condition of the upsert: it never lowers a version."""
    property_id = await narrow.add_property(year_built=POISON)
    refuse_late = await stall(narrow)
    await narrow.sql("UPDATE properties SET price = price + 1")
    await narrow.processor.drain()
    await refuse_late()
    assert await read_dead(narrow) == [(property_id, True)]


async def test_one_index_takes_what_another_refuses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A property is revived in each index that takes it, whatever others say."""
    narrow = []
    for mappings in (NARROW, MAPPINGS):
        monkeypatch.setattr("indexer.indices.MAPPINGS", mappings)
        narrow.append((await world.reindex()).index)
    property_id = await world.add_property(year_built=POISON)
    await world.sql(
        "INSERT INTO search_dead (property_id, version, op, index_name, error, created_at)"
        " VALUES (:id, 0, 'index', :index, 'there was no such field yet', now())",
        id=property_id,
        index=narrow[1],
    )
    await world.processor.drain()
    assert await world.sql("SELECT index_name FROM search_dead") == [(narrow[0],)]


@pytest.mark.parametrize("change", ["UPDATE properties SET year_built = NULL", "DELETE FROM properties"])
async def test_late_refusal_of_what_was_mended_since_buries_nobody(narrow: World, change: str) -> None:
    """Guards the look at the row: whoever wrote the change has revived the dead already."""
    await narrow.add_property(year_built=POISON)
    refuse_late = await stall(narrow)
    await narrow.sql(change)
    await narrow.processor.drain()
    await refuse_late()
    assert await narrow.sql("SELECT count(*) FROM search_dead") == [(0,)]


async def test_dead_of_an_index_go_with_it(narrow: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards their deletion: no write could revive them, so status would speak of them for ever."""
    await narrow.add_property(year_built=POISON)
    await narrow.processor.drain()
    assert await narrow.sql("SELECT count(*) FROM search_dead") == [(1,)]
    monkeypatch.setattr("indexer.indices.MAPPINGS", MAPPINGS)
    for _ in range(2):
        await narrow.reindex()
    assert await narrow.sql("SELECT count(*) FROM search_dead") == [(0,)]
