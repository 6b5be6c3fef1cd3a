"""The tokens in mailed links: 256 random bits, each good for one purpose and once.

Invariant: redeeming begins with a lock on the user, so that of several redemptions at once one succeeds, and none waits
in a circle.
"""

import secrets
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.models import LinkKind, OneTimeToken, User
from nyumba.accounts.tokens import hash_token
from nyumba.errors import FieldError, InvalidRequest
from nyumba.mail.kinds import LIFETIMES

SWEPT_AT_ONCE = 100


async def issue_link(session: AsyncSession, user_id: UUID, kind: LinkKind) -> str:
    """A new token; those before stay good. Removes some, of anyone, that have expired."""
    expired = select(OneTimeToken.token_hash).where(OneTimeToken.expires_at < func.now())
    expired = expired.limit(SWEPT_AT_ONCE).with_for_update(skip_locked=True)
    await session.execute(delete(OneTimeToken).where(OneTimeToken.token_hash.in_(expired)))
    token = secrets.token_urlsafe(32)
    values = {"user_id": user_id, "kind": kind, "token_hash": hash_token(token)}
    await session.execute(insert(OneTimeToken).values(values | {"expires_at": func.now() + LIFETIMES[kind]}))
    return token


async def find_link_user(session: AsyncSession, token: str, kind: LinkKind, *, lock: bool = False) -> User:
    """The user to whom a token was mailed.

    Raises:
        InvalidRequest: it is not one of these, or it was used, or it is too old.
    """
    statement = select(User).join(OneTimeToken, OneTimeToken.user_id == User.id)
    statement = statement.where(
        OneTimeToken.token_hash == hash_token(token),
        OneTimeToken.kind == kind,
        OneTimeToken.expires_at > func.now(),
        User.is_active,
    )
    if lock:
        statement = statement.with_for_update(of=User, key_share=True)
    user: User | None = await session.scalar(statement)
    if user is None:
        raise _unusable()
    return user


async def redeem_link(session: AsyncSession, token: str, kind: LinkKind) -> User:
    """Use a token up, and with it all others of its kind and user, who stays locked until the transaction ends.

    Raises:
        InvalidRequest: it is not one of these, or it was used, or it is too old.
    """
    user = await find_link_user(session, token, kind, lock=True)
    gone = await session.scalars(
        delete(OneTimeToken)
        .where(OneTimeToken.user_id == user.id, OneTimeToken.kind == kind)
        .returning(OneTimeToken.token_hash)
    )
    if hash_token(token) not in gone.all():
        raise _unusable()  # somebody else was first while this one waited for the lock
    return user


def _unusable() -> InvalidRequest:
    return InvalidRequest([FieldError("is used up or too old; ask for a new message", pointer="/token")])
