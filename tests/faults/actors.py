"""Real code that runs from one pause to the next, so that a test decides what happens in between.

An actor gets a client and an engine of its own. It pauses before each transaction, before each statement of those that
stay open, and before each request to Elasticsearch; also after those that change something there: then it is done, and
the actor does not know yet.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar, copy_context
from itertools import count
from typing import Any, cast

from elastic_transport import ConnectionTimeout
from elasticsearch import AsyncElasticsearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

STUCK_S = 60
LOOK_EVERY = 20
SLEEP = "sleep"
TRANSACTION = "before a transaction"
STATEMENT = "before a statement"
CHANGES = frozenset({"bulk", "create", "delete", "update_aliases", "delete_alias", "delete_by_query"})

_BLOCKED = text("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(:backends) AND wait_event_type = 'Lock'")
Work = Callable[[AsyncEngine, AsyncElasticsearch], Coroutine[Any, Any, object]]

_acting: ContextVar["Actor | None"] = ContextVar("acting", default=None)
_sleep = asyncio.sleep


class Killed(BaseException):
    """What a dead actor meets when it reaches for a store: no code may catch it."""


async def sleep(seconds: float) -> None:
    """For `asyncio.sleep`: an actor that waits for others pauses instead."""
    actor = _acting.get()
    if actor is None or seconds == 0:
        await _sleep(seconds)
    else:
        await actor.pause(SLEEP)


class Actor:
    """`work` gets the actor's engine and client."""

    def __init__(self, name: str, engine: AsyncEngine, client: AsyncElasticsearch, work: Work) -> None:
        self.name = name
        self.backends: set[int] = set()
        self._engine = engine
        self._is_dead = False
        self._gates: deque[tuple[str, asyncio.Future[None]]] = deque()
        context = copy_context()
        context.run(_acting.set, self)
        mortal = work(cast(AsyncEngine, _Engine(engine, self)), cast(AsyncElasticsearch, _Client(client, self)))
        self.task = asyncio.get_running_loop().create_task(mortal, context=context)

    @property
    def is_done(self) -> bool:
        return self.task.done()

    @property
    def place(self) -> str:
        """Where it pauses."""
        return self._gates[0][0] if self._gates else "running"

    async def pause(self, place: str) -> None:
        self._check()
        gate = asyncio.get_running_loop().create_future()
        self._gates.append((place, gate))
        await gate
        self._check()

    def _check(self) -> None:
        if self._is_dead:
            raise Killed

    async def settle(self) -> None:
        """Wait until it pauses, ends, or waits for a lock that somebody else holds."""
        async with asyncio.timeout(STUCK_S):
            for turn in count(1):
                if self._gates or self.is_done or (turn % LOOK_EVERY == 0 and await self._is_blocked()):
                    return
                await _sleep(0.001)

    async def _is_blocked(self) -> bool:
        async with self._engine.connect() as connection:
            return bool(await connection.scalar(_BLOCKED, {"backends": [*self.backends]}))

    async def step(self) -> None:
        """Go on to the next pause."""
        if self._gates:
            _, gate = self._gates.popleft()
            gate.set_result(None)
        await self.settle()

    async def time_out(self) -> None:
        """Elasticsearch does not answer: the request is done if the actor pauses behind it, or else never will be."""
        if self._gates and self.place not in {SLEEP, TRANSACTION, STATEMENT}:
            _, gate = self._gates.popleft()
            gate.set_exception(ConnectionTimeout("no answer"))
        await self.settle()

    async def kill(self) -> None:
        """As SIGKILL does: it touches neither store again. Its connections have to be closed before."""
        self._is_dead = True
        while self._gates:
            self._gates.popleft()[1].cancel()
        self.task.cancel()
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.exception()  # marks it as seen


class _Client:
    """Elasticsearch, as an actor sees it."""

    def __init__(self, target: object, actor: Actor) -> None:
        self._target = target
        self._actor = actor

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found = getattr(self._target, name)
        if not callable(found):
            return _Client(found, self._actor)
        if name == "options":  # the same client with other limits: no request
            return lambda **named: _Client(found(**named), self._actor)

        async def call(*arguments: object, **named: object) -> object:
            await self._actor.pause(f"before {name}")
            try:
                return await cast(Awaitable[object], found(*arguments, **named))
            finally:
                if name in CHANGES:
                    await self._actor.pause(f"after {name}")

        return call


class _Engine:
    """PostgreSQL, as an actor sees it."""

    def __init__(self, engine: AsyncEngine, actor: Actor) -> None:
        self._engine = engine
        self._actor = actor

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._open(self._engine.begin)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        async with self._open(self._engine.connect) as connection:
            yield cast(AsyncConnection, _Connection(connection, self._actor))

    @asynccontextmanager
    async def _open(
        self, make: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    ) -> AsyncIterator[AsyncConnection]:
        await self._actor.pause(TRANSACTION)
        async with make() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            backend = driver.get_server_pid()
            self._actor.backends.add(backend)
            try:
                yield connection
            finally:
                self._actor.backends.discard(backend)


class _Connection:
    """A connection that stays open between transactions, as an actor sees it."""

    def __init__(self, connection: AsyncConnection, actor: Actor) -> None:
        self._connection = connection
        self._actor = actor

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._connection, name)

    async def execute(self, *arguments: Any) -> object:  # noqa: ANN401
        await self._actor.pause(STATEMENT)
        return await self._connection.execute(*arguments)
