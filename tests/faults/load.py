"""People who go on writing and searching while something breaks."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from tests.conftest import World

CHANGES = {
    "reprice": "UPDATE properties SET price = price + 1 WHERE id = :id",
    "hide": "UPDATE properties SET status = 'withdrawn' WHERE id = :id",
    "show": "UPDATE properties SET status = 'active' WHERE id = :id",
    "word": "INSERT INTO amenities (property_id, name) SELECT id, md5(random()::text) FROM properties WHERE id = :id",
    "delete": "DELETE FROM properties WHERE id = :id",
    "add": "INSERT INTO properties (id, user_id, title, property_type, listing_type, price)"
    " SELECT :id, id, 'Added meanwhile', 'house', 'sale', 1 FROM users LIMIT 1",
}
WEIGHTS = {"reprice": 5, "hide": 1, "show": 1, "word": 1, "delete": 1, "add": 1}  # a tenth are deletes


async def fill(world: World, count: int, title: str = "Plot", status: str = "active") -> list[UUID]:
    """Insert many ordinary properties at once."""
    user_id = await world.add_user()
    rows = await world.sql(
        "INSERT INTO properties (user_id, title, property_type, listing_type, price, status)"
        " SELECT :user, :title || ' ' || n, 'land', 'sale', 1000 + n, :status FROM generate_series(1, :count) n"
        " RETURNING id",
        user=user_id,
        title=title,
        status=status,
        count=count,
    )
    return [UUID(str(row[0])) for row in rows]


@dataclass
class Writer:
    """Changes properties at random, at a rate; `written` counts what was committed."""

    world: World
    ids: list[UUID]
    rate: int
    seed: int = 1
    written: int = 0
    failed: int = 0
    ignored: tuple[type[Exception], ...] = ()
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        chance = random.Random(self.seed)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._stop.is_set():
            await self._write(chance)
            due = max(due + 1 / self.rate, loop.time() - 1)  # what a busy machine could not do is not made up for
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _write(self, chance: random.Random) -> None:
        change = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        property_id = chance.choice(self.ids) if change != "add" else UUID(int=chance.getrandbits(128), version=4)
        try:
            await self.world.sql(CHANGES[change], id=property_id)
        except self.ignored:
            self.failed += 1
            return
        self.written += 1
        if change == "add":
            self.ids.append(property_id)

    def has_written(self, count: int) -> bool:
        return self.written >= count

    def stop(self) -> None:
        self._stop.set()


@asynccontextmanager
async def writing(
    world: World, ids: list[UUID], rate: int, ignored: tuple[type[Exception], ...] = (), seed: int = 1
) -> AsyncIterator[Writer]:
    """Write meanwhile. Properties of `ids` may go. A seed is for one use in each world."""
    writer = Writer(world, list(ids), rate, seed, ignored=ignored)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        writer.stop()
        await task


async def wait_for(condition: Callable[[], bool | Awaitable[bool]], what: str, timeout_s: float = 240) -> None:
    """Ask until it is so. The deadline is for a machine that is very busy; nothing is judged by how long it takes."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                answer = condition()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None


async def wait_until_drained(world: World) -> None:
    async def is_drained() -> bool:
        return await world.sql("SELECT count(*) FROM search_outbox") == [(0,)]

    await wait_for(is_drained, "the outbox to be empty")


async def end_leases(world: World) -> None:
    """As if the time of every lease were over."""
    await world.sql("UPDATE search_outbox SET visible_at = clock_timestamp() WHERE lease_token IS NOT NULL")
