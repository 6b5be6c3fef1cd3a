"""Reindexes under writes, killed ones, and two at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from indexer.backfill import CHUNK_SIZE
from nyumba.settings import Settings
from tests.conftest import World
from tests.faults.checker import check_equal
from tests.faults.conftest import Size
from tests.faults.load import end_leases, fill, wait_for, wait_until_drained, writing
from tests.faults.processes import TIMEOUT_S, Command, Indexer
from tests.faults.proxy import Forward, Proxy, is_bulk
from tests.faults.searchers import ANCHORS, searching


async def test_reindex_under_writes_is_noticed_by_nobody(
    world: World, settings: Settings, indexer: Indexer, size: Size
) -> None:
    """A tenth of the writes are deletes; searchers look for what is always there, and for what is not there any more.

    Guards the dual write and the swap in one step, after the events from before the end of the backfill are through.
    """
    await fill(world, ANCHORS, title="Anchor")
    await fill(world, ANCHORS, title="Ghost", status="withdrawn")
    ids = await fill(world, size.reindexed)
    before = (await world.reindex()).index
    async with searching(settings) as searcher, indexer.following("--workers", "2"):
        async with writing(world, ids, size.rate if size.is_short else 300) as writer:
            await wait_for(lambda: writer.has_written(20), "writes")
            ended = await indexer.run("reindex")
            assert ended.code == 0, ended.error
            verified = await indexer.run("verify")
            assert verified.code == 0, verified.error
        await wait_until_drained(world)
    assert searcher.wrong == []
    assert searcher.searches > 10
    assert list((await world.elastic.indices.get_alias(name=world.alias)).body) != [before]
    await check_equal(world)


Kind = Callable[[web.Request], Awaitable[bool]]


async def is_any(_: web.Request) -> bool:
    return True


async def moves_alias(request: web.Request) -> bool:
    return request.path.endswith("/_aliases")


async def is_last_bulk(request: web.Request) -> bool:
    """Of a backfill: the one that is not full."""
    return is_bulk(request) and (await request.text()).count("\n") < 2 * CHUNK_SIZE


class Countdown:
    """Lets so many requests through, and holds the next one, done or not: there its sender is to be killed.

    Only those count that are `of` a kind.
    """

    def __init__(self, requests: int, *, forward_first: bool, of: Kind = is_any) -> None:
        self.reached = asyncio.Event()
        self.over = asyncio.Event()
        self._left = requests
        self._forward_first = forward_first
        self.of = of

    async def __call__(self, request: web.Request, forward: Forward) -> web.StreamResponse:
        is_meant = await self.of(request)
        self._left -= is_meant
        if not is_meant or self._left >= 0 or self.over.is_set():
            return await forward()
        if self._forward_first:
            await forward()
        self.reached.set()
        await self.over.wait()
        return web.Response(status=503)


async def test_reindex_killed_at_random_points_is_resumed(
    world: World, indexer: Indexer, through_proxy: Indexer, proxy: Proxy, size: Size
) -> None:
    """Killed before or after any of its requests is done, under writes, and resumed until it is through.

    First when the alias has moved and nobody has written that down, then before the last bulk of the backfill.
    Guards the stored cursor, the registry, and that where the alias is decides what a dead reindex had come to. The
    alias is on one index all the while.
    """
    ids = await fill(world, size.reindexed if size.is_short else size.reindexed // 5)
    await world.reindex()
    chance = random.Random(7)
    points = [Countdown(0, forward_first=True, of=moves_alias), Countdown(0, forward_first=False, of=is_last_bulk)]
    points += [Countdown(chance.randrange(14), forward_first=chance.random() < 0.5) for _ in range(size.kills - 1)]
    async with indexer.following(), writing(world, ids, size.rate):
        for hold in points:
            proxy.fault = hold
            async with through_proxy.start("reindex", *await choose_words(world)) as command:
                await wait_for(partial(is_time_to_kill, command, hold), "the point to kill it at")
                if hold.of is is_last_bulk:
                    await wait_for(partial(has_cursor, world), "the bulk before to be noted")
                await command.kill()
            hold.over.set()
            assert len((await world.elastic.indices.get_alias(name=world.alias)).body) == 1
            if size.is_short:
                await end_leases(world)
        proxy.fault = None
        ended = await through_proxy.run("reindex", *await choose_words(world))
        assert ended.code == 0, ended.error
    async with indexer.following():
        if size.is_short:
            await end_leases(world)
        await wait_until_drained(world)
    await check_equal(world)
    assert await world.sql("SELECT count(*) FROM search_generations WHERE state = 'building'") == [(0,)]


def is_time_to_kill(command: Command, hold: Countdown) -> bool:
    return hold.reached.is_set() or command.process.returncode is not None


async def has_cursor(world: World) -> bool:
    cursors = await world.sql("SELECT backfill_cursor FROM search_generations WHERE state = 'building'")
    return [cursor is not None for (cursor,) in cursors] == [True]


async def choose_words(world: World) -> list[str]:
    """As the operator does whom `status` tells of an index that is being built."""
    shown = list((await world.elastic.indices.get_alias(name=world.alias)).body)
    building = await world.sql("SELECT index_name FROM search_generations WHERE state = 'building'")
    return ["--resume"] if building and building[0][0] not in shown else []


async def test_second_reindex_at_once_is_refused(
    world: World, indexer: Indexer, through_proxy: Indexer, proxy: Proxy, size: Size
) -> None:
    """Guards the lock of the database: two would each delete what the other builds."""
    await fill(world, size.properties)
    await world.reindex()
    arrived, go = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request, forward: Forward) -> web.StreamResponse:
        if is_bulk(request):
            arrived.set()
            await go.wait()
        return await forward()

    proxy.fault = hold
    async with through_proxy.start("reindex") as first:
        async with asyncio.timeout(TIMEOUT_S):
            await arrived.wait()
        for words in (["reindex"], ["reindex", "--resume"], ["rollback"]):
            second = await indexer.run(*words)
            assert (second.code, "is running" in second.error) == (1, True), second.error
        go.set()
        ended = await first.wait()
    assert ended.code == 0, ended.error
    await check_equal(world)
