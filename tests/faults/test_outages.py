"""Elasticsearch that is down, busy or killed: writes keep their 2xx, nothing dies, and it drains by itself."""

import asyncio
from functools import partial

import pytest
from aiohttp import web

from indexer.actions import Action, send_actions
from indexer.processor import Processor
from indexer.projection import SELECT_BY_IDS
from nyumba.elastic import create_client
from nyumba.settings import Settings
from tests.conftest import World
from tests.faults.checker import check_equal
from tests.faults.conftest import Size
from tests.faults.load import fill, wait_for, wait_until_drained, writing
from tests.faults.processes import Indexer
from tests.faults.proxy import Fault, Forward, Proxy, hang, is_bulk, lose_answers, refuse_bulks, reject_items
from tests.faults.sellers import selling
from tests.faults.servers import Node

PATIENCE_S = 1


async def test_elasticsearch_down_costs_no_write(
    world: World, settings: Settings, through_proxy: Indexer, proxy: Proxy, size: Size
) -> None:
    """Guards the outage: it stops no worker and costs no attempt, and the same worker goes on when it is over."""
    await fill(world, size.properties)
    await world.reindex()
    async with through_proxy.following("--workers", "2"), selling(world, settings) as seller:
        await proxy.close()
        before = seller.written
        await asyncio.sleep(size.outage_s)
        await wait_for(lambda: seller.written > before, "writes during the outage")
        assert await world.sql("SELECT count(*) FROM search_outbox WHERE attempts > 1") == [(0,)]
        await proxy.open()
        seller.stop()
        await wait_until_drained(world)
    await check_equal(world)


def list_faults(size: Size) -> dict[str, Fault]:
    every = 3 if size.is_short else 10
    return {
        "429": refuse_bulks(429, every),
        "503": refuse_bulks(503, every),
        "lost": in_pairs(lose_answers(1), every),
        "hanging": hang(every, PATIENCE_S * 3),
        "items": reject_items(every),
    }


def in_pairs(harm: Fault, every: int) -> Fault:
    """Harm the first two of every n bulks: the HTTP client itself sends a bulk again, once, whose connection is cut."""
    count = -1

    async def fault(request: web.Request, forward: Forward) -> web.StreamResponse:
        nonlocal count
        count += is_bulk(request)
        return await (harm(request, forward) if is_bulk(request) and count % every < 2 else forward())

    return fault


@pytest.mark.parametrize("fault", ["429", "503", "lost", "hanging", "items"])
async def test_busy_elasticsearch_kills_no_document(world: World, proxy: Proxy, size: Size, fault: str) -> None:
    """A part of the bulks is refused, lost, late, or done by halves.

    Guards the telling apart of outages and refusals (a document that met a 429 is not dead), and the release: what a
    bulk did not do is done again.
    """
    ids = await fill(world, size.properties)
    await world.reindex()
    proxy.fault = list_faults(size)[fault]
    bulks = 6 if size.is_short else 100
    stop = asyncio.Event()
    async with create_client(proxy.url, timeout_s=PATIENCE_S) as client, asyncio.TaskGroup() as group:
        group.create_task(Processor(world.engine, client, world.alias).run(stop))
        async with writing(world, ids, size.rate):
            await wait_for(lambda: proxy.seen.get("_bulk", 0) >= bulks, "bulks")
        await wait_until_drained(world)
        stop.set()
    await check_equal(world)


async def test_elasticsearch_killed_and_started_again_has_everything(
    own_world: World, own_settings: Settings, node: Node, size: Size
) -> None:
    """SIGKILL under writes; then an older write arrives for a property that was deleted before.

    Guards the queue, which keeps what the dead node did not take, and tombstones: a plain delete is forgotten with the
    memory of the node, and the older write would bring the property back.
    """
    world = own_world
    ids = await fill(world, size.properties)
    index = (await world.reindex()).index
    gone, *others = ids
    old = await read_action(world, gone)
    follower = Indexer(own_settings, own_settings.require_elasticsearch_url())
    async with follower.following():
        await world.sql("DELETE FROM properties WHERE id = :id", id=gone)
        await wait_until_drained(world)
        await world.elastic.indices.flush(index=index)
        async with writing(world, others, size.rate) as writer:
            for _ in range(1 if size.is_short else 3):
                await asyncio.to_thread(node.kill)
                await wait_for(partial(writer.has_written, writer.written + 20), "writes while it is down")
                await asyncio.to_thread(node.start)
        await wait_until_drained(world)
    outcome = await send_actions(world.elastic, index, [old])
    assert (outcome.superseded, outcome.refused) == (1, {})
    await check_equal(world)


async def read_action(world: World, property_id: object) -> Action:
    """The write that makes a document equal to its row as it is now."""
    async with world.engine.connect() as connection:
        rows = await connection.execute(SELECT_BY_IDS, {"ids": [property_id]})
        return Action(*rows.one())
