"""Health: is the process alive, and should it get traffic.

Invariant: a search that is down does not make the API unready, because details go on working without it.
"""

import asyncio
from typing import Literal

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.di import NamedDependency
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.elastic import SearchEngine, is_denied, is_outage
from nyumba.events.recorder import Recorder

LONGEST_LOOK_S = 5.0

Condition = Literal["ok", "unavailable", "not indexed yet"]


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Records(msgspec.Struct, frozen=True):
    """Searches and events of this process: how many wait in the buffer, and since its start were sent and lost."""

    waiting: int
    recorded: int
    dropped: int


class Ready(msgspec.Struct, frozen=True):
    """`degraded` means that searches fail while everything else works."""

    status: Literal["ok", "degraded"]
    database: Condition
    search: Condition
    records: Records


@get("/health/live", tags=["health"], summary="Is the process alive?")
async def check_live() -> Live:
    """Answer without touching anything else."""
    return Live()


@get("/health/ready", tags=["health"], summary="Should it get traffic?")
async def check_ready(
    state: State, session: NamedDependency[AsyncSession], search_engine: NamedDependency[SearchEngine]
) -> Ready:
    """Ask PostgreSQL, without which this is a 503, and Elasticsearch, without which it is degraded."""
    async with asyncio.timeout(LONGEST_LOOK_S):  # one that hangs does not serve either
        await session.execute(text("SELECT 1"))
    search = await _check_search(search_engine)
    recorder: Recorder = state.search_log.recorder
    records = Records(recorder.waiting, recorder.recorded, recorder.dropped)
    return Ready("ok" if search == "ok" else "degraded", "ok", search, records)


async def _check_search(search_engine: NamedDependency[SearchEngine]) -> Condition:
    try:
        exists = await search_engine.client.indices.exists_alias(name=search_engine.alias)
    except Exception as error:
        if is_outage(error) or is_denied(error):
            return "unavailable"
        raise
    return "ok" if exists else "not indexed yet"
