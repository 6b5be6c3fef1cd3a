"""Removing the objects of images that are gone, and finding those that nothing knows of.

Invariant: a removal leaves the queue after its objects are gone, or after so many attempts that somebody has to look.
Removing twice does no harm, so a claim needs no token: it only puts the next attempt off.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.db import describe_absence
from nyumba.images.objects import StorageUnavailable, StoredObject, name_objects, read_image_id
from nyumba.images.service import LONGEST_UPLOAD
from nyumba.images.storage import Storage

logger = logging.getLogger(__name__)

INTERVAL_S = 30.0
MOST_ATTEMPTS = 8
FIRST_DELAY_S = 60.0
DELAY_GROWTH = 4  # 1 min, 4 min, 16 min … 11 days
CHUNK = 1000

_CLAIM = text("""
    UPDATE image_removals
    SET attempts = attempts + 1, visible_at = clock_timestamp() + make_interval(secs => :first * :growth ^ attempts)
    WHERE image_id = (
        SELECT image_id FROM image_removals WHERE visible_at <= clock_timestamp()
        ORDER BY visible_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING image_id, attempts""")
_ACKNOWLEDGE = text("DELETE FROM image_removals WHERE image_id = :id")
_KNOWN = text("""
    SELECT id FROM property_images WHERE id = ANY(:ids)
    UNION ALL SELECT image_id FROM image_removals WHERE image_id = ANY(:ids)""")


@dataclass(frozen=True, slots=True)
class _Claim:
    image_id: UUID
    attempts: int


class Remover:
    """Works off the queue of removals. Several may run against one database."""

    def __init__(self, engine: AsyncEngine, storage: Storage) -> None:
        self._engine = engine
        self._storage = storage

    @asynccontextmanager
    async def work(self) -> AsyncIterator[None]:
        """Look at the queue every now and then, for as long as the context lasts."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                await self.drain()
            except Exception as error:  # no failure may end the removals while the API lives on; claims are counted
                if (absence := describe_absence(error)) is not None:
                    logger.warning("%s; the next removals are in %.0f s", absence, INTERVAL_S)
                else:
                    logger.exception("removals failed; the next ones are in %.0f s", INTERVAL_S)

    async def drain(self) -> int:
        """Try every removal that is due, and return how many that were."""
        total = 0
        while (claim := await self._claim()) is not None:
            await self._process(claim)
            total += 1
        return total

    async def _claim(self) -> _Claim | None:
        async with self._engine.begin() as connection:
            result = await connection.execute(_CLAIM, {"first": FIRST_DELAY_S, "growth": DELAY_GROWTH})
            row = result.one_or_none()
        return None if row is None else _Claim(*row)

    async def _process(self, claim: _Claim) -> None:
        try:
            for name in name_objects(claim.image_id):
                await self._storage.delete(name)
        except StorageUnavailable as error:
            if claim.attempts < MOST_ATTEMPTS:
                logger.warning("the objects of image %s are still there: %r", claim.image_id, error.__cause__)
                return
            logger.exception("the objects of image %s stay; see `nyumba images orphans`", claim.image_id)
        async with self._engine.begin() as connection:
            await connection.execute(_ACKNOWLEDGE, {"id": claim.image_id})


async def find_orphans(engine: AsyncEngine, storage: Storage) -> AsyncIterator[StoredObject]:
    """The objects of images that neither an image nor a removal names. What is younger than an upload is left out."""
    chunk: list[tuple[UUID, StoredObject]] = []
    async for found in storage.list_objects():
        image_id = read_image_id(found.name)
        if image_id is not None and datetime.now(UTC) - found.modified_at > LONGEST_UPLOAD:
            chunk.append((image_id, found))
        if len(chunk) == CHUNK:
            for orphan in await _drop_known(engine, chunk):
                yield orphan
            chunk = []
    for orphan in await _drop_known(engine, chunk):
        yield orphan


async def _drop_known(engine: AsyncEngine, chunk: list[tuple[UUID, StoredObject]]) -> list[StoredObject]:
    async with engine.connect() as connection:
        known = set((await connection.scalars(_KNOWN, {"ids": [image_id for image_id, _ in chunk]})).all())
    return [found for image_id, found in chunk if image_id not in known]
