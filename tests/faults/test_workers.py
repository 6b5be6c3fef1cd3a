"""Workers that are killed, and one that is stopped and comes back."""

import asyncio
import signal
from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from tests.conftest import World
from tests.faults.checker import check_equal
from tests.faults.conftest import Size
from tests.faults.load import end_leases, fill, wait_until_drained, writing
from tests.faults.processes import TIMEOUT_S, Indexer
from tests.faults.proxy import Forward, Proxy, is_bulk


class Hold:
    """Holds the bulks of a worker, or those that write one of `only`. `arrived` says that it waits for an answer."""

    def __init__(self, *, forward_first: bool = False, only: Sequence[UUID] = ()) -> None:
        self.arrived = asyncio.Event()
        self.release = asyncio.Event()
        self.answered = asyncio.Event()
        self._forward_first = forward_first
        self._only = [str(property_id) for property_id in only]

    async def __call__(self, request: web.Request, forward: Forward) -> web.StreamResponse:
        if not is_bulk(request) or self.release.is_set():
            return await forward()
        lines = await request.text()
        if self._only and not any(property_id in lines for property_id in self._only):
            return await forward()
        answer = await forward() if self._forward_first else None
        self.arrived.set()
        await self.release.wait()
        answer = answer or await forward()
        self.answered.set()
        return answer

    async def wait(self) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self.arrived.wait()


async def test_workers_killed_again_and_again_lose_nothing(
    world: World, indexer: Indexer, through_proxy: Indexer, proxy: Proxy, size: Size
) -> None:
    """Killed with events in hand, before or after Elasticsearch has them, while others write and index.

    Guards the lease: events are deleted after the write, not by the claim. What the victim has in hand was changed once
    and never again, so that no later change makes good what it takes with it.
    """
    ids = await fill(world, size.properties)
    changed_once = await fill(world, size.kills * 300)
    await world.reindex()
    unchanged = iter(changed_once)
    async with writing(world, ids, size.rate), indexer.following("--workers", "2"):
        for number in range(size.kills):
            hold = Hold(forward_first=number % 2 == 1, only=changed_once)
            proxy.fault = hold
            async with through_proxy.start("run", "--workers", "2") as victim:
                while not hold.arrived.is_set():
                    assert victim.process.returncode is None, victim.read_said()
                    await world.sql("UPDATE properties SET price = 7 WHERE id = :id", id=next(unchanged))
                    await asyncio.sleep(0.2)
                await victim.kill()
            hold.release.set()
            if size.is_short:
                await end_leases(world)
    async with indexer.following():
        if size.is_short:
            await end_leases(world)
        await wait_until_drained(world)
    await check_equal(world)


async def test_worker_stopped_past_its_lease_undoes_nothing(
    world: World, indexer: Indexer, through_proxy: Indexer, proxy: Proxy, size: Size
) -> None:
    """Its bulk arrives when a newer one is in the index, and its acknowledgement when a newer event waits.

    Guards external versions (the late bulk is refused) and the token of the lease (the late acknowledgement deletes
    nothing).
    """
    changed, gone = await fill(world, 2)
    await world.reindex()
    await world.sql("UPDATE properties SET price = 2")
    proxy.fault = hold = Hold()
    async with through_proxy.following() as stopped:
        await hold.wait()
        stopped.send(signal.SIGSTOP)
        await world.sql("UPDATE properties SET price = 3 WHERE id = :id", id=changed)
        await world.sql("DELETE FROM properties WHERE id = :id", id=gone)
        if size.is_short:
            await end_leases(world)
        async with indexer.following():
            await wait_until_drained(world)
        hold.release.set()
        async with asyncio.timeout(TIMEOUT_S):
            await hold.answered.wait()
        await check_equal(world)
        await world.sql("UPDATE properties SET price = 4 WHERE id = :id", id=changed)
        stopped.send(signal.SIGCONT)
        await wait_until_drained(world)
    await check_equal(world)
