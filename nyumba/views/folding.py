"""Adding the views that were noted to `view_count`, and forgetting those of days that are over.

Invariant: a view is marked and added in one statement, so it counts exactly once, whoever dies when and however many do
this at a time. A property that somebody else has locked is left for the next round: folding waits for nobody.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.db import describe_absence

logger = logging.getLogger(__name__)

INTERVAL_S = 10.0
BATCH = 500  # properties
SWEPT_AT_ONCE = 10_000

# Of a property that has been removed, views are marked and added to nothing.
_FOLD = text("""
    WITH waiting AS (
        SELECT DISTINCT property_id AS id FROM property_views WHERE NOT is_counted ORDER BY property_id LIMIT :batch),
    locked AS (
        SELECT id FROM properties WHERE id IN (SELECT id FROM waiting) FOR NO KEY UPDATE SKIP LOCKED),
    counted AS (
        UPDATE property_views v SET is_counted = true
        FROM waiting w WHERE v.property_id = w.id AND NOT v.is_counted
            AND (w.id IN (SELECT id FROM locked) OR NOT EXISTS (SELECT FROM properties p WHERE p.id = w.id))
        RETURNING v.property_id),
    added AS (
        UPDATE properties p SET view_count = p.view_count + c.views
        FROM (SELECT property_id, count(*) AS views FROM counted GROUP BY property_id) c WHERE p.id = c.property_id)
    SELECT count(DISTINCT property_id) FROM counted""")
_FORGET_VIEWS = text("""
    DELETE FROM property_views WHERE (property_id, day, visitor) IN (
        SELECT property_id, day, visitor FROM property_views WHERE day < :today AND is_counted LIMIT :most
        FOR UPDATE SKIP LOCKED)""")
_FORGET_DEVICES = text("DELETE FROM account_devices WHERE day < :today")
_FORGET_SALTS = text("DELETE FROM view_salts WHERE day < :today")


@asynccontextmanager
async def count_views(engine: AsyncEngine) -> AsyncIterator[None]:
    """Fold every few seconds, for as long as the context lasts."""
    task = asyncio.create_task(_fold_regularly(engine))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def fold_views(engine: AsyncEngine) -> None:
    """Bring `view_count` up to date, a batch of properties at a time."""
    folded = BATCH
    while folded == BATCH:
        async with engine.begin() as connection:
            folded = await connection.scalar(_FOLD, {"batch": BATCH})


async def forget_views(engine: AsyncEngine) -> None:
    """Delete what days that are over have left: their salts and devices, and of their views what is counted."""
    today = datetime.now(UTC).date()
    async with engine.begin() as connection:
        await connection.execute(_FORGET_SALTS, {"today": today})
        await connection.execute(_FORGET_DEVICES, {"today": today})
        await connection.execute(_FORGET_VIEWS, {"today": today, "most": SWEPT_AT_ONCE})


async def _fold_regularly(engine: AsyncEngine) -> None:
    while True:
        await asyncio.sleep(INTERVAL_S)
        try:
            await fold_views(engine)
            await forget_views(engine)
        except Exception as error:  # no failure may end the counting while the API lives on; nothing noted is lost
            if (absence := describe_absence(error)) is not None:
                logger.warning("%s; views are counted later", absence)
            else:
                logger.exception("views could not be counted; the next try is in %.0f s", INTERVAL_S)
