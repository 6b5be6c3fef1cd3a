"""Puts the demo's listings and their owners into the database, a batch in a transaction.

Invariant: what is there stays as it is. A second run adds what is missing and writes nothing else, so it neither
undoes what people did to the demo nor makes work for the indexer.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from nyumba.accounts.models import User
from nyumba.agents.models import AgentProfile
from nyumba.intake.store import store_records
from nyumba.progress import Advance
from nyumba.seed.generator import SeededListing, generate, source_id
from nyumba.seed.owners import Owner

BATCH = 1_000
UNUSABLE_PASSWORD = "!"  # noqa: S105  (no hash looks like this, so nobody can log in)

_FIND_STORED = text("SELECT source_id FROM properties WHERE source = :source AND source_id = ANY(:ids)")
# People's own edits are indexed before the demo is.
_STAND_BACK = text("SELECT set_config('nyumba.outbox_priority', '-1', true)")


class SeedCounts(msgspec.Struct, frozen=True):
    """What a run did."""

    inserted: int
    already_there: int


async def seed_database(engine: AsyncEngine, *, count: int, seed: int, as_of: date, advance: Advance) -> SeedCounts:
    """Store the first `count` listings of a seed. A run that breaks off leaves whole batches; the next one goes on."""
    inserted = 0
    known_owners: set[UUID] = set()
    for start in range(0, count, BATCH):
        indexes = range(start, min(start + BATCH, count))
        async with engine.begin() as connection:
            inserted += await _seed_batch(connection, indexes, seed, as_of, known_owners)
        advance(len(indexes))
    return SeedCounts(inserted, count - inserted)


async def _seed_batch(
    connection: AsyncConnection, indexes: Sequence[int], seed: int, as_of: date, known_owners: set[UUID]
) -> int:
    source = f"seed-{seed}"
    stored = await _find_stored(connection, source, indexes)
    listings = [generate(seed, index, as_of) for index in indexes if source_id(index) not in stored]
    if not listings:
        return 0
    await connection.execute(_STAND_BACK)
    await _insert_owners(connection, listings, known_owners)
    return (await store_records(connection, source, [listing.record for listing in listings])).inserted


async def _find_stored(connection: AsyncConnection, source: str, indexes: Sequence[int]) -> set[str]:
    ids = [source_id(index) for index in indexes]
    return set((await connection.execute(_FIND_STORED, {"source": source, "ids": ids})).scalars())


async def _insert_owners(connection: AsyncConnection, listings: Sequence[SeededListing], known: set[UUID]) -> None:
    owners = {listing.owner.id: listing.owner for listing in listings if listing.owner.id not in known}
    if not owners:
        return
    await connection.execute(insert(User).on_conflict_do_nothing(), [_user_row(owner) for owner in owners.values()])
    profiles = [_profile_row(owner) for owner in owners.values() if owner.role == "agent"]
    if profiles:
        await connection.execute(insert(AgentProfile).on_conflict_do_nothing(), profiles)
    known.update(owners)


def _user_row(owner: Owner) -> dict[str, Any]:
    names = ("id", "email", "full_name", "role", "is_verified")
    return {name: getattr(owner, name) for name in names} | {"password_hash": UNUSABLE_PASSWORD}


def _profile_row(owner: Owner) -> dict[str, Any]:
    names = ("company_name", "license", "bio")
    return {name: getattr(owner, name) for name in names} | {
        "user_id": owner.id,
        "specializations": list(owner.specializations),
    }
