"""Requests that may be repeated: a client that lost the answer sends the same key, and gets the answer again.

Invariant: a key and what it made commit together, under a lock that all requests with this key wait for. A request that
was refused leaves its key unused.
"""

import hashlib
import re
from datetime import timedelta

import msgspec
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.models import User
from nyumba.errors import NyumbaError
from nyumba.preconditions import MalformedHeader
from nyumba.properties.models import IdempotencyKey
from nyumba.properties.schemas import PropertyRead
from nyumba.properties.write_schemas import PropertyCreate
from nyumba.properties.writing import create_property

LIFETIME = timedelta(hours=24)
LONGEST_KEY = 255
SWEPT_AT_ONCE = 100

_KEY = re.compile(rf"[ -~]{{1,{LONGEST_KEY}}}")


class IdempotencyKeyReused(NyumbaError):
    """The key has been used for another request."""

    status = 422
    code = "idempotency-key-reused"
    title = "Idempotency key reused"


async def create_property_once(session: AsyncSession, user: User, key: str, body: PropertyCreate) -> PropertyRead:
    """Offer a property, unless the user's key has done so within a day: then this is what it answered at that time.

    Raises:
        MalformedHeader: the key is none.
        IdempotencyKeyReused: it came with another body.
        InvalidRequest: as `create_property`.
    """
    if not _KEY.fullmatch(key):
        raise MalformedHeader(f"Idempotency-Key must be 1 to {LONGEST_KEY} printable ASCII characters")
    await _lock_key(session, user, key)
    body_hash = hashlib.sha256(msgspec.json.encode(body)).digest()
    known = await _find_key(session, user, key)
    if known is None:
        created = await create_property(session, user, body)
        await _keep_answer(session, user, key, body_hash, msgspec.json.encode(created))
        return created
    if known.body_hash != body_hash:
        raise IdempotencyKeyReused("this Idempotency-Key came with another body; take a new one for each property")
    return msgspec.json.decode(known.answer, type=PropertyRead)


async def _lock_key(session: AsyncSession, user: User, key: str) -> None:
    digest = hashlib.sha256(f"{user.id}/{key}".encode()).digest()
    await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(digest[:8], signed=True))))


async def _find_key(session: AsyncSession, user: User, key: str) -> IdempotencyKey | None:
    mine = select(IdempotencyKey).where(IdempotencyKey.user_id == user.id, IdempotencyKey.key == key)
    known: IdempotencyKey | None = await session.scalar(mine.where(IdempotencyKey.created_at > func.now() - LIFETIME))
    return known


async def _keep_answer(session: AsyncSession, user: User, key: str, body_hash: bytes, answer: bytes) -> None:
    """Note what was answered. Removes some keys, of anyone, whose day is over."""
    await _sweep(session)
    values = {"body_hash": body_hash, "answer": answer, "created_at": func.now()}
    statement = insert(IdempotencyKey).values(user_id=user.id, key=key, **values)
    replace = statement.on_conflict_do_update(constraint="pk_idempotency_keys", set_=values)
    await session.execute(replace)


async def _sweep(session: AsyncSession) -> None:
    key = (IdempotencyKey.user_id, IdempotencyKey.key)
    expired = select(*key).where(IdempotencyKey.created_at <= func.now() - LIFETIME)
    expired = expired.limit(SWEPT_AT_ONCE).with_for_update(skip_locked=True)
    await session.execute(delete(IdempotencyKey).where(tuple_(*key).in_(expired)))
