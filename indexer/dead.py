"""The dead: documents that an index refuses, one row for each property and index, so that the rest goes on.

Invariant: a row speaks of the newest version that was refused, and only a write of that version or a newer one ends it.
A late worker neither ends it, for what it wrote is older, nor buries what has changed since it read: another decides.
"""

import logging
from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from indexer.actions import Action

logger = logging.getLogger(__name__)

_BURY = """
    INSERT INTO search_dead (property_id, version, op, index_name, error, created_at)
    SELECT CAST(:property_id AS uuid), CAST(:version AS bigint), CAST(:op AS text), index_name, :error, since
    FROM search_generations, {since} AS event (since)
    WHERE index_name = :index AND state <> 'dropped' AND CASE CAST(:op AS text)
        WHEN 'index' THEN EXISTS (SELECT FROM properties WHERE id = :property_id AND search_version = :version)
        ELSE NOT EXISTS (SELECT FROM properties WHERE id = :property_id AND search_version > :version) END
    ON CONFLICT (property_id, index_name) DO UPDATE
    SET version = excluded.version, op = excluded.op, error = excluded.error, died_at = now()
    WHERE search_dead.version <= excluded.version"""
_BURY_READ = text(_BURY.format(since="(VALUES (now()))"))
_BURY_LEASED = text(
    _BURY.format(
        since="(SELECT min(created_at) FROM search_outbox"
        " WHERE lease_token = :token AND property_id = :property_id HAVING count(*) > 0)"
    )
)
_REVIVE = text("""
    DELETE FROM search_dead d
    USING unnest(CAST(:ids AS uuid[]), CAST(:versions AS bigint[])) AS w (property_id, version)
    WHERE d.property_id = w.property_id AND d.index_name = :index AND d.version <= w.version""")


async def bury(
    connection: AsyncConnection,
    index: str,
    reasons: Mapping[UUID, str],
    actions: Iterable[Action],
    *,
    token: UUID | None = None,
) -> None:
    """Set aside those actions that an index refuses; with `token`, only what is still leased by it."""
    for action in actions:
        if action.property_id not in reasons:
            continue
        logger.error("Elasticsearch refuses property %s in %s", action.property_id, index)
        values = {
            "property_id": action.property_id,
            "version": action.version,
            "op": action.op,
            "index": index,
            "error": reasons[action.property_id],
        }
        if token is None:
            await connection.execute(_BURY_READ, values)
        else:
            await connection.execute(_BURY_LEASED, {**values, "token": token})


async def revive(connection: AsyncConnection, index: str, taken: Iterable[Action]) -> None:
    """What an index has taken is dead in it no more."""
    versions = {action.property_id: action.version for action in taken}
    await connection.execute(_REVIVE, {"index": index, "ids": [*versions], "versions": [*versions.values()]})
