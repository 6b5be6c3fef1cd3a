"""Rate limits, counted in PostgreSQL, so that they are exact however many processes serve the API.

Invariant: a take commits at once, on a connection of its own. It outlives the rollback of the request that it was for,
and no request waits for a second connection of the pool that it holds one of.
"""

import hmac
import math
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.limits.policies import Limit

# The upsert is the judge: it holds the row's lock, so takes of one key are one after another. A window that is known
# to be full is refused before it, by reading alone: a flood neither writes nor queues for the lock. now() is one
# moment for the whole statement, so a window cannot end between its two uses.
_TAKE = text("""
    WITH exhausted AS (
        SELECT taken, resets_at FROM rate_limits WHERE key = :key AND taken > :quota AND resets_at > now()),
    counted AS (
        INSERT INTO rate_limits AS r (key, taken, resets_at)
        SELECT :key, 1, now() + make_interval(secs => :window_s) WHERE NOT EXISTS (SELECT FROM exhausted)
        ON CONFLICT (key) DO UPDATE SET
            taken = CASE WHEN r.resets_at > now() THEN r.taken + 1 ELSE 1 END,
            resets_at = CASE WHEN r.resets_at > now() THEN r.resets_at ELSE excluded.resets_at END
        RETURNING taken, resets_at)
    SELECT taken, extract(epoch FROM resets_at - now())::float8 AS resets_in_s
    FROM (SELECT * FROM counted UNION ALL SELECT * FROM exhausted) AS reading""")
# Each new window clears up to two that have ended: the table stays as small as what is in use.
_SWEEP = text("""
    DELETE FROM rate_limits WHERE key IN (
        SELECT key FROM rate_limits WHERE resets_at <= now() ORDER BY resets_at LIMIT 2 FOR UPDATE SKIP LOCKED)""")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a limit stands after a take. `resets_in_s` is whole seconds, rounded up."""

    limit: Limit
    taken: int
    resets_in_s: int

    @property
    def remaining(self) -> int:
        """How many requests are left in this window."""
        return max(0, self.limit.quota - self.taken)

    @property
    def is_exceeded(self) -> bool:
        """Whether this take was one too many."""
        return self.taken > self.limit.quota


class RateLimiter:
    """Takes from limits. The engine must be used for nothing else and have the isolation level AUTOCOMMIT."""

    def __init__(self, engine: AsyncEngine, secret: str) -> None:
        self._engine = engine
        self._secret = secret.encode()

    async def take(self, limit: Limit, subject: str) -> Reading:
        """Count one request of a subject, refused or not; exactly the limit's quota of each window are not exceeded."""
        key = hmac.digest(self._secret, f"nyumba: {limit.name}: {subject}".encode(), "sha256")
        async with self._engine.connect() as connection:
            values = {"key": key, "quota": limit.quota, "window_s": limit.window_s}
            taken, resets_in_s = (await connection.execute(_TAKE, values)).one()
            if taken == 1:
                await connection.execute(_SWEEP)
        return Reading(limit, taken, max(1, math.ceil(resets_in_s)))
