"""Telling the index about scores that changed enough, and forgetting the events of days that are over.

Invariant: however many processes do this and whatever visitors do, no more than MOST_AN_HOUR properties are written
anew within an hour, and one only when its score has come to another STEP.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.db import describe_absence
from nyumba.properties.vocabulary import PUBLIC_STATUSES

logger = logging.getLogger(__name__)

INTERVAL_S = 60.0
MOST_AN_HOUR = 6_000
STEP = 0.5  # doublings: by four tenths
POPULAR = 12.0  # doublings of weight that make the most popular: 4,096 views
SWEPT_AT_ONCE = 10_000

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('nyumba.trending'))")
# The index hears of it behind people's edits, and the owner's ETag stays as it is: nothing of theirs has changed.
_STAND_BACK = text(
    "SELECT set_config('nyumba.outbox_priority', '-1', true), set_config('nyumba.ranking_only', 'on', true)"
)
_PUBLISH = text("""
    WITH room AS (
        SELECT greatest(0, :most - count(*)) AS left FROM property_trends
        WHERE published_at > now() - interval '1 hour'),
    due AS (
        SELECT t.property_id FROM property_trends t JOIN properties p ON p.id = t.property_id
        WHERE p.status IN :public AND (t.trending IS NULL OR t.score >= t.trending + :step)
        ORDER BY t.score - coalesce(t.trending, '-infinity') DESC, t.property_id
        LIMIT (SELECT room.left FROM room) FOR NO KEY UPDATE OF p SKIP LOCKED),
    told AS (
        UPDATE property_trends t SET trending = floor(t.score / :step) * :step, published_at = now(),
            popularity = least(1, round((ln(1 + t.weight) / ln(2) / :popular)::numeric, 2))
        FROM due WHERE t.property_id = due.property_id)
    UPDATE properties p SET search_version = p.search_version + 1 FROM due WHERE p.id = due.property_id
    RETURNING p.id""").bindparams(bindparam("public", PUBLIC_STATUSES, expanding=True))
_FORGET = text("""
    DELETE FROM trend_events WHERE (property_id, kind, day, visitor) IN (
        SELECT property_id, kind, day, visitor FROM trend_events WHERE day < :today LIMIT :most
        FOR UPDATE SKIP LOCKED)""")


@asynccontextmanager
async def keep_trends(engine: AsyncEngine) -> AsyncIterator[None]:
    """Publish every minute, for as long as the context lasts."""
    task = asyncio.create_task(_publish_regularly(engine))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def publish_trends(engine: AsyncEngine, *, most: int = MOST_AN_HOUR) -> int:
    """Queue the properties whose scores have grown most for the index; how many those are. One process at a time."""
    async with engine.begin() as connection:
        if not await connection.scalar(_LOCK):
            return 0
        await connection.execute(_STAND_BACK)
        values = {"most": most, "step": STEP, "popular": POPULAR}
        return len((await connection.execute(_PUBLISH, values)).all())


async def forget_events(engine: AsyncEngine) -> None:
    """Delete the events of days that are over. They have been counted."""
    async with engine.begin() as connection:
        await connection.execute(_FORGET, {"today": datetime.now(UTC).date(), "most": SWEPT_AT_ONCE})


async def _publish_regularly(engine: AsyncEngine) -> None:
    while True:
        await asyncio.sleep(INTERVAL_S)
        try:
            await publish_trends(engine)
            await forget_events(engine)
        except Exception as error:  # no failure may end this while the API lives on; nothing noted is lost
            if (absence := describe_absence(error)) is not None:
                logger.warning("%s; trends are published later", absence)
            else:
                logger.exception("trends could not be published; the next try is in %.0f s", INTERVAL_S)
