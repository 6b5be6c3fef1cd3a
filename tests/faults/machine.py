"""A state machine of writers, workers and operators, and what must hold after each of their steps.

Invariant: between two steps nobody runs, unless to wait for a lock. So what the stores say then is one moment of both,
and can be compared.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from elasticsearch import AsyncElasticsearch
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.breaker import is_any_outage
from indexer.errors import IndexMissing, IndexShown, NothingToResume, NothingToRollBack, ReindexRunning, SwapRefused
from indexer.operate import retry_dead, roll_back, sweep
from indexer.processor import Processor
from indexer.reindex import reindex
from indexer.verify import find_serving, repair, verify
from tests.conftest import World
from tests.faults.actors import SLEEP, Actor
from tests.faults.checker import PUBLIC, as_uuid, check_equal

IDS = [UUID(int=n) for n in range(1, 4)]
STATEMENTS = {
    "reprice": "UPDATE properties SET price = price + 1 WHERE id = :id",
    "hide": "UPDATE properties SET status = 'withdrawn' WHERE id = :id",
    "show": "UPDATE properties SET status = 'active' WHERE id = :id",
    "delete": "DELETE FROM properties WHERE id = :id",
    "name a feature": "INSERT INTO amenities (property_id, name) SELECT id, gen_random_uuid()::text FROM properties"
    " WHERE id = :id",
    "restore": "INSERT INTO properties (id, user_id, title, property_type, listing_type, price)"
    " SELECT CAST(:id AS uuid), id, 'Back', 'house', 'sale', 1 FROM users LIMIT 1 ON CONFLICT DO NOTHING",
    "poison": "UPDATE properties SET created_at = 'infinity' WHERE id = :id",
    "cure": "UPDATE properties SET created_at = '2026-01-01' WHERE id = :id",
    "rename its agent": "UPDATE users SET full_name = gen_random_uuid()::text WHERE CAST(:id AS uuid) IS NOT NULL",
}
# Whatever a transaction holds that is under way, it holds before that.
PASSING_TIMES = {
    "leases end": "UPDATE search_outbox SET visible_at = clock_timestamp()"
    " WHERE id IN (SELECT id FROM search_outbox FOR UPDATE SKIP LOCKED)",
    "a day ends": "UPDATE search_generations SET retired_at = retired_at - interval '1 day'"
    " WHERE epoch IN (SELECT epoch FROM search_generations FOR UPDATE SKIP LOCKED)",
}
MOST_WORKERS = 2
MOST_OPERATIONS = 2
MOST_OPEN = 2
WORKER_STEPS = 7
MOST_STEPS = 90
MOST_ROUNDS = 200
REFUSALS = (IndexMissing, IndexShown, NothingToResume, NothingToRollBack, ReindexRunning, SwapRefused)

_ROWS = """
    SELECT p.id, p.search_version, p.status, p.created_at = 'infinity', p.price::float8, u.full_name,
        (SELECT coalesce(array_agg(a.name ORDER BY a.name), '{}') FROM amenities a WHERE a.property_id = p.id)
    FROM properties p JOIN users u ON u.id = p.user_id"""

Operation = Callable[[AsyncEngine, AsyncElasticsearch, str], Coroutine[Any, Any, object]]


def ignore(_: int) -> None:
    """For what reports its progress."""


async def process(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> int:
    return await Processor(engine, client, alias).process_batch()


async def mend(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> int:
    report = await verify(engine, client, await find_serving(client, alias), ignore)
    return await repair(engine, report.drift)


async def retry(engine: AsyncEngine, _: AsyncElasticsearch, _alias: str) -> int:
    return await retry_dead(engine, [], everything=True)


OPERATIONS: dict[str, Operation] = {
    "reindex": lambda *stores: reindex(*stores, ignore),
    "reindex without swap": lambda *stores: reindex(*stores, ignore, swap=False),
    "resume": lambda *stores: reindex(*stores, ignore, resume=True),
    "rollback": roll_back,
    "sweep": sweep,
    "repair": mend,
    "dead retry": retry,
}

some_number = st.integers(0, MOST_WORKERS + MOST_OPERATIONS - 1)
few_steps, many_steps = st.integers(0, WORKER_STEPS), st.integers(0, MOST_STEPS)
# Each kind of step: how often it is taken, and with what.
STEPS = {
    "write": (4, st.tuples(st.sampled_from([*STATEMENTS]), st.sampled_from([IDS[0], *IDS]), st.booleans())),
    "end_transaction": (1, st.tuples(st.booleans())),
    "start_worker": (4, st.tuples(few_steps)),
    "start_operation": (2, st.tuples(st.sampled_from([*OPERATIONS]), many_steps)),
    "go_on": (4, st.tuples(some_number, few_steps | many_steps)),
    "disturb": (1, st.tuples(some_number, st.sampled_from(["no answer", "cut off", "killed"]))),
    "pass_time": (1, st.tuples(st.sampled_from([*PASSING_TIMES]))),
}
kinds = [kind for kind, (weight, _) in STEPS.items() for _ in range(weight)]
some_step = st.sampled_from(kinds).flatmap(lambda kind: st.tuples(st.just(kind), STEPS[kind][1]))


@dataclass(frozen=True)
class Row:
    version: int
    is_public: bool
    is_poisoned: bool
    shown: tuple[object, ...]


@dataclass(frozen=True)
class Document:
    version: int
    is_live: bool
    shown: tuple[object, ...]


class Machine(RuleBasedStateMachine):
    """Three properties, up to two transactions that stay open, two workers and two operators."""

    runner: asyncio.Runner
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.alias = f"t{uuid4().hex}"
        self.actors: list[Actor] = []
        self.open: list[AsyncConnection] = []
        self.seen: dict[tuple[str, UUID], int] = {}
        self.is_wrong = False

    @initialize(public=st.lists(st.sampled_from(IDS), unique=True))
    def begin(self, public: list[UUID]) -> None:
        self.runner.run(self._begin(public))

    @rule(step=some_step)
    def take(self, step: tuple[str, tuple[object, ...]]) -> None:
        """One rule for all steps, since of several Hypothesis leaves some out of each run."""
        self.runner.run(self._take(*step))

    async def _take(self, kind: str, arguments: tuple[object, ...]) -> None:
        await getattr(self, f"_{kind}")(*arguments)
        for actor in self.actors:  # those that waited for a lock may have got it
            await actor.settle()

    @invariant()
    def nothing_is_wrong(self) -> None:
        self.runner.run(self._check())

    def teardown(self) -> None:
        try:
            if not self.is_wrong:
                self.runner.run(self._finish())
        finally:
            self.runner.run(self._clear())

    async def _begin(self, public: list[UUID]) -> None:
        await self.world.add_user()
        await self.world.sql("INSERT INTO agent_profiles (user_id) SELECT id FROM users")
        for property_id in IDS:
            await self._write("restore", property_id)
            if property_id not in public:
                await self._write("hide", property_id)
        await self.world.reindex()
        await self._check()

    async def _write(self, statement: str, property_id: UUID, commits: bool = True) -> None:  # noqa: FBT001, FBT002
        """Change something, unless an open transaction holds it."""
        connection = await self.world.engine.connect()
        try:
            await connection.exec_driver_sql("SET LOCAL lock_timeout = '10ms'")
            await connection.execute(text(STATEMENTS[statement]), {"id": property_id})
        except DBAPIError as error:
            await connection.close()
            if "lock timeout" in str(error):
                return
            raise
        self.open.append(connection)
        if commits or len(self.open) > MOST_OPEN:
            await self._end(connection, commits=True)

    async def _end_transaction(self, commits: bool) -> None:  # noqa: FBT001
        if self.open:
            await self._end(self.open[0], commits=commits)

    async def _end(self, connection: AsyncConnection, *, commits: bool) -> None:
        self.open.remove(connection)
        await (connection.commit() if commits else connection.rollback())
        await connection.close()

    async def _start_worker(self, steps: int) -> None:
        await self._start("worker", process, steps, MOST_WORKERS)

    async def _start_operation(self, name: str, steps: int) -> None:
        await self._start(name, OPERATIONS[name], steps, MOST_OPERATIONS)

    async def _start(self, name: str, work: Operation, steps: int, most: int) -> None:
        """Where there are enough of its kind, the one that was there first has to come to its end, if it can."""
        alike = [actor for actor in self.actors if (actor.name == "worker") == (name == "worker")]
        if len(alike) == most:
            await self._move(alike[0], MOST_STEPS)
            return
        alias = self.world.alias
        actor = Actor(name, self.world.engine, self.world.elastic, lambda engine, client: work(engine, client, alias))
        self.actors.append(actor)
        await actor.settle()
        await self._move(actor, steps)

    async def _go_on(self, number: int, steps: int) -> None:
        if self.actors:
            await self._move(self.actors[number % len(self.actors)], steps)

    async def _move(self, actor: Actor, steps: int) -> None:
        for _ in range(steps):
            await actor.step()
            if actor.is_done or actor.place == SLEEP:
                break
        self._note_end(actor)

    async def _disturb(self, number: int, disturbance: str) -> None:
        """A request gets no answer; or PostgreSQL closes an actor's connections, and it may live on or not."""
        if not self.actors:
            return
        actor = self.actors[number % len(self.actors)]
        if disturbance == "no answer":
            await actor.time_out()
            self._note_end(actor)
            return
        for backend in actor.backends:
            await self.world.sql("SELECT pg_terminate_backend(:backend, 60000)", backend=backend)
        if disturbance == "killed":
            self.actors.remove(actor)
            await actor.kill()

    async def _pass_time(self, name: str) -> None:
        await self.world.sql(PASSING_TIMES[name])

    def _note_end(self, actor: Actor) -> None:
        if not actor.is_done:
            return
        self.actors.remove(actor)
        error = actor.task.exception()
        if isinstance(error, Exception) and (isinstance(error, REFUSALS) or is_any_outage(error)):
            return
        if error is not None:
            self.is_wrong = True
            raise AssertionError(f"the {actor.name} failed") from error

    async def _check(self) -> None:
        try:
            await self._check_indices()
        except AssertionError:
            self.is_wrong = True
            raise

    async def _check_indices(self) -> None:
        """Readers see one index; and in every index, whatever no event speaks of is as its row asks for."""
        shown = await self._read_shown()
        assert len(shown) == 1, f"the alias is on {shown}"
        rows = await self._read_rows()
        pending = {as_uuid(row[0]) for row in await self.world.sql("SELECT property_id FROM search_outbox")}
        dead = {
            (as_uuid(i), name) for i, name in await self.world.sql("SELECT property_id, index_name FROM search_dead")
        }
        newest = (await self.world.sql("SELECT last_value FROM search_version_seq"))[0][0]
        filled = await self._read_filled(shown)
        documents = await self._read_documents(filled)
        for (index, property_id), document in documents.items():
            version, row = document.version if document else 0, rows.get(property_id)
            assert version >= self.seen.get((index, property_id), 0), f"{property_id} went back in {index}"
            self.seen[index, property_id] = version
            assert version <= (row.version if row else newest), f"{property_id} is ahead in {index}: {row}, {document}"
            if property_id not in pending and property_id <= filled[index]:
                judge(row, document, f"{property_id} in {index}", is_dead=(property_id, index) in dead)

    async def _read_filled(self, shown: Iterable[str]) -> dict[str, UUID]:
        """Each index that is kept, and up to which key it is filled."""
        generations = await self.world.sql(
            "SELECT index_name, state, backfill_cursor FROM search_generations WHERE state <> 'dropped'"
        )
        filled = {index: as_uuid(cursor) if cursor else UUID(int=0) for index, state, cursor in generations}
        whole = {index for index, state, _ in generations if state != "building"} | set(shown)
        return {**filled, **dict.fromkeys(whole, IDS[-1])}

    async def _read_rows(self) -> dict[UUID, Row]:
        return {
            as_uuid(i): Row(version, status in PUBLIC, poisoned, (price, name, *amenities))
            for i, version, status, poisoned, price, name, amenities in await self.world.sql(_ROWS)
        }

    async def _read_shown(self) -> list[str]:
        answer = await self.world.elastic.options(ignore_status=404).indices.get_alias(name=self.world.alias)
        return [] if "error" in answer.body else list(answer.body)

    async def _read_documents(self, indices: Iterable[str]) -> dict[tuple[str, UUID], Document | None]:
        wanted = [{"_index": index, "_id": str(i)} for index in indices for i in IDS]
        answer = await self.world.elastic.mget(docs=wanted, source_excludes=["description"])
        return {(one["_index"], UUID(one["_id"])): _to_document(one) for one in answer["docs"]}

    async def _finish(self) -> None:
        """Let everybody come to an end and complete what was cut short; then the whole must be equal."""
        while self.open:
            await self._end(self.open[0], commits=True)
        for _ in range(MOST_ROUNDS):
            if not self.actors:
                break
            await self._pass_time("leases end")
            for actor in list(self.actors):
                await self._move(actor, MOST_ROUNDS)
        assert not self.actors, "somebody never comes to an end"
        await self._check()
        await self._pass_time("leases end")
        stores = (self.world.engine, self.world.elastic, self.world.alias)
        await Processor(*stores).drain()
        if await self.world.sql("SELECT FROM search_generations WHERE state = 'building'"):
            await reindex(*stores, ignore, resume=True)
        await sweep(*stores)
        await self._check()
        poisoned = {i for i, row in (await self._read_rows()).items() if row.is_public and row.is_poisoned}
        await check_equal(self.world, poisoned=frozenset(poisoned))
        kept = {
            row[0] for row in await self.world.sql("SELECT index_name FROM search_generations WHERE state <> 'dropped'")
        }
        assert {*await self.world.elastic.indices.get(index=f"{self.world.alias}-*")} == kept, "an index was forgotten"

    async def _clear(self) -> None:
        while self.actors:
            await self._disturb(0, "killed")
        for connection in self.open:
            await connection.close()
        for index in await self.world.elastic.indices.get(index=f"{self.world.alias}-*"):
            await self.world.elastic.indices.delete(index=index)
        for table in ("properties", "agent_profiles", "users", "search_outbox", "search_dead", "search_generations"):
            await self.world.sql(f"DELETE FROM {table}")


def _to_document(one: dict[str, Any]) -> Document | None:
    assert "error" not in one, one
    if not one["found"]:
        return None
    source = one["_source"]
    name = source.get("agent", {}).get("name")
    return Document(
        one["_version"], "tombstoned_at" not in source, (source.get("price"), name, *source.get("amenities", ()))
    )


def judge(row: Row | None, document: Document | None, what: str, *, is_dead: bool) -> None:
    """No event says that there is work to do: so a document is what its row asks for, or is known as dead."""
    if row is None or not row.is_public:
        assert document is None or not document.is_live, f"{what} is hidden, and found: {row}, {document}"
        assert not is_dead, f"{what} is hidden, and dead"
    elif row.is_poisoned:
        assert is_dead, f"{what} is poisoned, and not dead: {row}, {document}"
    else:
        assert document == Document(row.version, is_live=True, shown=row.shown), f"{what}: {row}, {document}"
        assert not is_dead, f"{what} was taken, and is dead"
