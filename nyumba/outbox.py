"""How far the index is behind, looked up in the background: a search never asks PostgreSQL.

Invariant: the look-up reads one row by its key, so that it costs the same however much waits.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.db import describe_absence, is_schema_missing
from nyumba.search.freshness import Freshness

logger = logging.getLogger(__name__)

INTERVAL_S = 1.0

_OLDEST = text(
    "SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 FROM search_outbox ORDER BY id LIMIT 1"
)


@asynccontextmanager
async def watch_outbox(engine: AsyncEngine, freshness: Freshness) -> AsyncIterator[None]:
    """Look once a second, for as long as the context lasts."""
    task = asyncio.create_task(_look_regularly(engine, freshness))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def look(engine: AsyncEngine, freshness: Freshness) -> None:
    """Note how old the oldest change is that the index lacks."""
    async with engine.connect() as connection:
        freshness.note(await connection.scalar(_OLDEST) or 0.0)


async def _look_regularly(engine: AsyncEngine, freshness: Freshness) -> None:
    known = True
    while True:
        try:
            await look(engine, freshness)
            known = True
        except Exception as error:  # the API lives on without it, and searches say that they do not know
            absence = "the schema is not there" if is_schema_missing(error) else describe_absence(error)
            if absence is None:
                logger.exception("it is not known how far the index is behind")
            elif known:
                logger.warning("it is not known how far the index is behind: %s", absence)
            known = False
        await asyncio.sleep(INTERVAL_S)
