"""The doctor: is everything there that synchronization stands on?

Invariant: it changes nothing, and one store that is down does not keep it from looking at the other.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
from alembic.script import ScriptDirectory
from elasticsearch import AsyncElasticsearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.actions import write_alias
from indexer.advice import advise_on_alias, advise_on_queue
from indexer.generations import read_generations
from indexer.indices import read_shown
from indexer.readings import read_readings
from nyumba.commands import explain
from nyumba.elastic import is_blocked
from nyumba.errors import AccessDenied
from nyumba.migrate import alembic_config

OLDEST_POSTGRESQL = 150_000
ELASTICSEARCH_MAJOR = 9
MOST_DISK_SHARE = 0.85
MOST_SKEW_S = 5.0
# What changed without its trigger has its old version still, so verify finds it equal and repair leaves it.
THEN = "then run `nyumba-indexer reindex`"
DOWN = 3  # the exit code of an error that means so

# What makes an event, and of which changes, or refuses the change that makes none: without any of these, the index goes
# wrong unseen.
SYNC_FUNCTIONS = (
    "assign_search_version",
    "enqueue_search_events",
    "refuse_truncate",
    "touch_properties_of_children",
    "touch_properties_of_images",
    "touch_properties_of_user",
)
_EVENTS = {"INSERT": 4, "UPDATE": 16, "DELETE": 8, "TRUNCATE": 32}
_ALL_EVENTS = tuple(_EVENTS)
_WATCHED = {
    "properties": _ALL_EVENTS,
    "amenities": _ALL_EVENTS,
    "features": _ALL_EVENTS,
    "property_images": _ALL_EVENTS,
    "price_changes": _ALL_EVENTS,
    "users": ("UPDATE",),
    "agent_profiles": _ALL_EVENTS,
}
_TRIGGERS = text("""
    SELECT c.relname, bit_or(t.tgtype) FILTER (WHERE t.tgenabled IN ('O', 'A')),
        array_agg(t.tgname::text) FILTER (WHERE t.tgenabled NOT IN ('O', 'A'))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE p.proname = ANY(:functions) GROUP BY 1""")


class Check(msgspec.Struct, frozen=True):
    """One line: what was found, and what to do unless it is fine."""

    name: str
    state: Literal["fine", "wrong", "down", "unknown"]
    found: str
    advice: str = ""


Examination = Callable[[AsyncEngine, AsyncElasticsearch, str], Awaitable[Check]]


async def examine(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> list[Check]:
    """All checks, in the order in which one depends on the other; done at once, as a store that hangs delays each."""
    return await asyncio.gather(*(_run(name, check, engine, client, alias) for name, check in EXAMINATIONS.items()))


async def _run(name: str, check: Examination, engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> Check:
    try:
        return await check(engine, client, alias)
    except Exception as error:
        if is_blocked(error):
            return Check(name, "unknown", "an index that it takes is closed")
        failure = explain(error)
        if failure is None:
            raise
        if isinstance(failure, AccessDenied):
            return Check(name, "unknown", "our key may not ask that")
        found, _, advice = str(failure).partition("; ")
        return Check(name, "down" if failure.exit_code == DOWN else "wrong", found, advice)


async def check_postgresql(engine: AsyncEngine, _: AsyncElasticsearch, _alias: str) -> Check:
    """Does it answer, is it new enough, and does it take changes?"""
    async with engine.connect() as connection:
        number = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
        version = (await connection.execute(text("SHOW server_version"))).scalar_one()
        read_only = (await connection.execute(text("SHOW transaction_read_only"))).scalar_one()
    if number < OLDEST_POSTGRESQL:
        return Check("postgresql", "wrong", f"version {version}", "upgrade it to 15 or newer")
    if read_only == "on":
        return Check("postgresql", "wrong", "it takes no changes", "see that NYUMBA_DATABASE_URL names the primary")
    return Check("postgresql", "fine", f"version {version}")


async def check_elasticsearch(_: AsyncEngine, client: AsyncElasticsearch, _alias: str) -> Check:
    """Does it answer, and is it of the right release?"""
    version = str((await client.info())["version"]["number"])
    if int(version.split(".", maxsplit=1)[0]) != ELASTICSEARCH_MAJOR:
        return Check("elasticsearch", "wrong", f"version {version}", f"run one of {ELASTICSEARCH_MAJOR}.x")
    return Check("elasticsearch", "fine", f"version {version}")


async def check_migrations(engine: AsyncEngine, _: AsyncElasticsearch, _alias: str) -> Check:
    """Is the schema that of this release?"""
    config = alembic_config(engine.url.render_as_string(hide_password=False))
    script = ScriptDirectory.from_config(config)
    known = await asyncio.to_thread(lambda: [one.revision for one in script.walk_revisions()])  # the newest first
    async with engine.connect() as connection:
        found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    if found is not None and found not in known:
        advice = "start the release that migrated it"
        return Check("migrations", "wrong", f"at {found}, which this release does not know", advice)
    if found != known[0]:
        return Check("migrations", "wrong", f"at {found}, this release has {known[0]}", "run `nyumba migrate`")
    return Check("migrations", "fine", f"at {found}")


async def check_triggers(engine: AsyncEngine, _: AsyncElasticsearch, _alias: str) -> Check:
    """Does every change that search shows make an event?"""
    async with engine.connect() as connection:
        rows = (await connection.execute(_TRIGGERS, {"functions": list(SYNC_FUNCTIONS)})).all()
        role = (await connection.execute(text("SHOW session_replication_role"))).scalar_one()
    enabled = {table: bits or 0 for table, bits, _ in rows}
    disabled = sorted(name for *_, names in rows for name in names or [])
    if role == "replica":
        return Check("triggers", "wrong", "session_replication_role is replica", f"set it back to origin, {THEN}")
    if disabled:
        advice = f"ALTER TABLE … ENABLE TRIGGER, {THEN}"
        return Check("triggers", "wrong", f"disabled: {', '.join(disabled)}", advice)
    silent = [
        f"{event} on {table}"
        for table, events in _WATCHED.items()
        for event in events
        if not enabled.get(table, 0) & _EVENTS[event]
    ]
    if silent:
        return Check("triggers", "wrong", f"none for {', '.join(silent)}", f"restore the schema, {THEN}")
    return Check("triggers", "fine", f"all there on {len(_WATCHED)} tables")


async def check_alias(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> Check:
    """Do readers see the one index that they should, with the mapping of this release?"""
    async with engine.connect() as connection:
        generations = await read_generations(connection, alias)
    shown = await read_shown(client, alias)
    advice = advise_on_alias(shown, generations)
    if advice:
        return Check("alias", "wrong", *advice[0].rsplit(": ", 1))
    return Check("alias", "fine", f"{alias} shows {shown[0]}, mapping of this release")


async def check_versions(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> Check:
    """Is the database as new as the index? One that was restored is not, and its changes are taken for old ones."""
    shown = await read_shown(client, alias)
    newest = 0
    if shown:
        answer = await client.search(index=shown, size=0, aggs={"newest": {"max": {"field": "_version"}}})
        newest = int(answer["aggregations"]["newest"]["value"] or 0)
    async with engine.connect() as connection:
        last: int = (await connection.execute(text("SELECT last_value FROM search_version_seq"))).scalar_one()
    if newest > last:
        found = f"the index is at {newest}, the database at {last}, as after a restore"
        return Check("versions", "wrong", found, "run `nyumba-indexer reindex` before people write")
    return Check("versions", "fine", f"the database is at {last}")


async def check_write_aliases(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> Check:
    """Can every registered index be written to?"""
    async with engine.connect() as connection:
        indices = [generation.index for generation in await read_generations(connection, alias)]
    lost = [index for index in indices if await read_shown(client, write_alias(index)) != [index]]
    if lost:
        return Check("write aliases", "wrong", f"none on {', '.join(lost)}", "run `nyumba-indexer reindex`")
    return Check("write aliases", "fine", f"on {len(indices)} indices")


async def check_queue(engine: AsyncEngine, _: AsyncElasticsearch, alias: str) -> Check:
    """Do changes pass through?"""
    async with engine.connect() as connection:
        readings = await read_readings(connection, alias)
    advice = advise_on_queue(readings)
    if advice:
        return Check("queue", "wrong", *advice[0].rsplit(": ", 1))
    return Check("queue", "fine", f"{readings.pending:,} changes wait, none is dead")


async def check_blocks(_: AsyncEngine, client: AsyncElasticsearch, alias: str) -> Check:
    """Does the cluster take writes, and does each index? One that is closed takes none."""
    blocks = (await client.cluster.state(metric="blocks"))["blocks"]  # of all indices, whichever are asked for
    ours = {name: found for name, found in blocks.get("indices", {}).items() if name.startswith(f"{alias}-")}
    blocked = sorted(
        f"{name} ({block['description'].partition(';')[0]})"
        for name, found in {"the cluster": blocks.get("global", {}), **ours}.items()
        for block in found.values()
    )
    if blocked:
        return Check("blocks", "wrong", f"on {', '.join(blocked)}", "lift them as docs/alerts.md says under Breaker")
    return Check("blocks", "fine", "none")


async def check_disks(_: AsyncEngine, client: AsyncElasticsearch, _alias: str) -> Check:
    """Is there room, before Elasticsearch itself puts the block on?"""
    stats = await client.nodes.stats(metric="fs", filter_path="nodes.*.name,nodes.*.fs.total")
    used = {
        node["name"]: 1 - node["fs"]["total"]["available_in_bytes"] / node["fs"]["total"]["total_in_bytes"]
        for node in stats.body.get("nodes", {}).values()
    }
    full = [f"{name} to {share:.0%}" for name, share in used.items() if share > MOST_DISK_SHARE]
    if full:
        return Check("disks", "wrong", f"full: {', '.join(full)}", "make room, or writes stop at 95 %")
    return Check("disks", "fine", f"used to {max(used.values(), default=0):.0%} at most")


async def check_health(_: AsyncEngine, client: AsyncElasticsearch, alias: str) -> Check:
    """Are all primary shards there?"""
    health = await client.cluster.health(index=f"{alias}-*")
    if health["status"] == "red":
        return Check("shards", "wrong", "a primary shard is missing", "see GET _cluster/allocation/explain")
    return Check("shards", "fine", f"{health['status']}, {health['number_of_nodes']} nodes")


async def check_auto_create(_: AsyncEngine, client: AsyncElasticsearch, _alias: str) -> Check:
    """Would a write to a misspelt name make an index?"""
    found = await client.cluster.get_settings(include_defaults=True, flat_settings=True)
    name = "action.auto_create_index"
    value = next(str(found[kind][name]) for kind in ("transient", "persistent", "defaults") if name in found[kind])
    if value == "true":
        advice = f"set {name} to false; the indexer itself never creates an index by writing"
        return Check("auto create", "wrong", "any write creates an index", advice)
    return Check("auto create", "fine", value)


async def check_clocks(engine: AsyncEngine, client: AsyncElasticsearch, _alias: str) -> Check:
    """Do the three machines agree what time it is?"""
    before = time.time()
    async with engine.connect() as connection:
        now = text("SELECT extract(epoch FROM clock_timestamp())::float8")
        postgresql: float = (await connection.execute(now)).scalar_one()
    stats: Any = await client.nodes.stats(metric="fs", filter_path="nodes.*.timestamp")
    times = [postgresql, *(node["timestamp"] / 1000 for node in stats.body.get("nodes", {}).values())]
    after = time.time()
    skew = max(max(before - one, one - after, 0.0) for one in times)
    if skew > MOST_SKEW_S:
        return Check("clocks", "wrong", f"{skew:.0f} s apart", "let NTP set them")
    return Check("clocks", "fine", f"at most {skew:.1f} s apart")


EXAMINATIONS: dict[str, Examination] = {
    "postgresql": check_postgresql,
    "migrations": check_migrations,
    "triggers": check_triggers,
    "queue": check_queue,
    "elasticsearch": check_elasticsearch,
    "alias": check_alias,
    "versions": check_versions,
    "write aliases": check_write_aliases,
    "shards": check_health,
    "blocks": check_blocks,
    "disks": check_disks,
    "auto create": check_auto_create,
    "clocks": check_clocks,
}
