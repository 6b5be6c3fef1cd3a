"""The worker: claims promised messages one by one and sends each of them.

Invariant: a row goes only after its message was taken, so each is sent at least once, and the lease outlives every
attempt, so no two workers send one at a time. A worker that dies loses nothing: its lease runs out and another claims.
"""

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.db import MOST_INTERRUPTIONS, is_interrupted, may_pass
from nyumba.mail.delivery import Delivery, MailDelayed, MailRefused
from nyumba.mail.kinds import MailKind
from nyumba.mail.messages import AddressUnusable, Letterhead
from nyumba.mail.sealing import SealBroken, TokenSeal

logger = logging.getLogger(__name__)

LEASE_S = 120
POLL_INTERVAL_S = 0.5
LONGEST_PAUSE_S = 15.0
MOST_ATTEMPTS = 8
FIRST_DELAY_S = 15.0
DELAY_GROWTH = 4  # 15 s, 1 min, 4 min … 17 h: eight attempts in about a day

_CLAIM = text("""
    WITH claimed AS (
        SELECT id FROM mail_outbox WHERE given_up_at IS NULL AND visible_at <= clock_timestamp()
        ORDER BY visible_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE mail_outbox m
    SET lease_token = :lease, visible_at = clock_timestamp() + make_interval(secs => :lease_s), attempts = attempts + 1
    FROM claimed, users u WHERE m.id = claimed.id AND u.id = m.user_id
    RETURNING m.id, m.kind, m.sealed_token, m.created_at, m.attempts, u.email AS recipient,
        extract(epoch FROM m.expires_at - clock_timestamp())::float8 AS remaining_s""")
_ACKNOWLEDGE = text("DELETE FROM mail_outbox WHERE id = :id AND lease_token = :lease")
_DEFER = text("""
    UPDATE mail_outbox
    SET lease_token = NULL, visible_at = clock_timestamp() + make_interval(secs => :delay_s), reason = :reason
    WHERE id = :id AND lease_token = :lease""")
_GIVE_UP = text("""
    UPDATE mail_outbox
    SET lease_token = NULL, sealed_token = NULL, given_up_at = clock_timestamp(), reason = :reason
    WHERE id = :id AND lease_token = :lease""")
_FORGET = text("DELETE FROM mail_outbox WHERE given_up_at < clock_timestamp() - interval '30 days'")


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is this worker's to send until the lease runs out."""

    lease: UUID
    id: UUID
    kind: MailKind
    sealed_token: str | None
    created_at: datetime
    attempts: int
    recipient: str
    remaining_s: float


class MailWorker:
    """One worker. Several may run against one database, in one process or in many."""

    def __init__(self, engine: AsyncEngine, delivery: Delivery, letterhead: Letterhead, seal: TokenSeal) -> None:
        self._engine = engine
        self._delivery = delivery
        self._letterhead = letterhead
        self._seal = seal
        self._failures = self._interruptions = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; the message in hand is finished. While PostgreSQL is down, wait for it."""
        while not stop.is_set():
            try:
                busy = await self.process_next()
                self._failures = self._interruptions = 0
            except Exception as error:
                if not may_pass(error):
                    raise
                self._failures += 1
                self._interruptions = self._interruptions + 1 if is_interrupted(error) else 0
                if self._interruptions >= MOST_INTERRUPTIONS:
                    raise
                pause = min(LONGEST_PAUSE_S, 0.5 * 2 ** min(self._failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311
                logger.warning("PostgreSQL is unavailable; next try in %.1f s", pause)
                await _wait(stop, pause)
                continue
            if not busy:
                await _wait(stop, POLL_INTERVAL_S)

    async def drain(self) -> int:
        """Try every message that is due, and return how many that were."""
        total = 0
        while await self.process_next():
            total += 1
        return total

    async def process_next(self) -> bool:
        """Claim one message and send, defer or give it up; False when none is due.

        A bug keeps the claim until its lease runs out. Claims are counted, so that no row fails for ever.
        """
        claim = await self._claim()
        if claim is None:
            return False
        if claim.remaining_s <= 0 or claim.attempts > MOST_ATTEMPTS:
            await self._give_up(claim, "it came too late to be of use")
            return True
        try:
            await self._send(claim)
        except MailDelayed as error:
            await self._defer(claim, str(error))
        except (MailRefused, AddressUnusable, SealBroken) as error:
            await self._give_up(claim, str(error))
        else:
            await self._execute(_ACKNOWLEDGE, claim)
            logger.info("sent %s %s", claim.kind, claim.id)
        return True

    async def _claim(self) -> Claim | None:
        lease = uuid4()
        async with self._engine.begin() as connection:
            result = await connection.execute(_CLAIM, {"lease": lease, "lease_s": LEASE_S})
            row = result.mappings().one_or_none()
        return None if row is None else Claim(lease=lease, **row)

    async def _send(self, claim: Claim) -> None:
        token = None if claim.sealed_token is None else self._seal.open(claim.sealed_token)
        mail = self._letterhead.write(
            claim.kind, mail_id=claim.id, created_at=claim.created_at, recipient=claim.recipient, token=token
        )
        await self._delivery.deliver(mail)

    async def _defer(self, claim: Claim, reason: str) -> None:
        delay_s = FIRST_DELAY_S * DELAY_GROWTH ** (claim.attempts - 1) * random.uniform(0.75, 1.25)  # noqa: S311
        if claim.attempts >= MOST_ATTEMPTS or delay_s >= claim.remaining_s:
            await self._give_up(claim, reason)
            return
        await self._execute(_DEFER, claim, delay_s=delay_s, reason=reason)
        logger.warning("%s %s is delayed by %.0f s: %s", claim.kind, claim.id, delay_s, reason)

    async def _give_up(self, claim: Claim, reason: str) -> None:
        await self._execute(_GIVE_UP, claim, reason=reason)
        logger.error("%s %s is given up at attempt %d: %s", claim.kind, claim.id, claim.attempts, reason)
        async with self._engine.begin() as connection:
            await connection.execute(_FORGET)

    async def _execute(self, statement: TextClause, claim: Claim, **values: object) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(statement, {"id": claim.id, "lease": claim.lease, **values})


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
