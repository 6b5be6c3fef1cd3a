"""Noting that visitors got in touch about properties. Views and saves are noted by those who keep them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.trending.models import TrendEvent


async def note_contacts(session: AsyncSession, property_ids: Iterable[UUID], visitor: bytes) -> None:
    """Note that a visitor got in touch about properties: each once a day (UTC)."""
    today = datetime.now(UTC).date()
    # In one order for all, so that two batches never wait for each other.
    rows = [{"property_id": i, "kind": "contact", "day": today, "visitor": visitor} for i in sorted(set(property_ids))]
    if rows:
        await session.execute(insert(TrendEvent).values(rows).on_conflict_do_nothing())
