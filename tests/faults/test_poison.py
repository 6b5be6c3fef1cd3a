"""Documents that Elasticsearch refuses: a few among many, and then all."""

from tests.conftest import World
from tests.faults.checker import check_equal
from tests.faults.conftest import Size
from tests.faults.load import fill, wait_until_drained
from tests.faults.processes import Indexer

POISONED = 10  # `infinity` is a date that Elasticsearch does not know


async def test_ten_poisoned_among_many_are_ten_dead(world: World, indexer: Indexer, size: Size) -> None:
    """Through the queue, and through the backfill of a reindex.

    Guards the dead letters: a refused document is set aside alone, and the rest of its batch is written.
    """
    ids = await fill(world, size.poisoned_among)
    await world.reindex()
    poisoned = frozenset(ids[:: len(ids) // POISONED])
    assert len(poisoned) == POISONED
    await world.sql(
        "UPDATE properties SET price = 2, created_at = CASE WHEN id = ANY(:ids) THEN 'infinity' ELSE created_at END",
        ids=list(poisoned),
    )
    async with indexer.following():
        await wait_until_drained(world)
    await check_equal(world, poisoned=poisoned)
    ended = await indexer.run("reindex")
    assert ended.code == 1
    assert "10 were refused" in ended.error
    await check_equal(world, poisoned=poisoned)


async def test_all_poisoned_is_a_stop_with_an_alert(world: World, indexer: Indexer, size: Size) -> None:
    """Guards the watch over refusals: when most documents are refused, none is set aside and nothing is lost."""
    await fill(world, size.properties)
    serving = (await world.reindex()).index
    await world.sql("UPDATE properties SET created_at = 'infinity'")
    ended = await indexer.run("run")
    assert ended.code == 1
    assert "Elasticsearch refuses most documents" in ended.error
    assert "Traceback" not in ended.error
    assert await world.sql("SELECT count(*) FROM search_dead") == [(0,)]
    ended = await indexer.run("reindex")
    assert (ended.code, "refuses most documents" in ended.error) == (1, True)
    assert list((await world.elastic.indices.get_alias(name=world.alias)).body) == [serving]
    await world.sql("UPDATE properties SET created_at = now()")
    async with indexer.following():
        await wait_until_drained(world)
    await check_equal(world)
