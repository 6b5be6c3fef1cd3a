"""Token families: a login, and the chain of refresh tokens that descends from it.

Invariant: a family has one living refresh token. The one before is answered with that same successor for a few seconds,
for an answer can get lost; any other is a replay, and ends the family.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.errors import InvalidToken, TokenReplayed
from nyumba.accounts.models import TokenFamily, User
from nyumba.accounts.schemas import TokenPair
from nyumba.accounts.tokens import ACCESS_LIFETIME, REFRESH_LIFETIME, Claims, TokenKeys, draw_id, hash_token, now

RETRY_WINDOW = timedelta(seconds=10)
SWEPT_AT_ONCE = 100


async def start_family(session: AsyncSession, keys: TokenKeys, user_id: UUID) -> TokenPair:
    """Log in on one more device. Removes some families, of anyone, whose refresh tokens have expired."""
    await _sweep(session)
    jti = draw_id()
    family = TokenFamily(user_id=user_id, token_hash=hash_token(jti), issued_at=now())
    session.add(family)
    await session.flush()
    return _sign_pair(keys, family, jti, family.issued_at)


async def rotate_family(session: AsyncSession, keys: TokenKeys, claims: Claims) -> TokenPair:
    """Exchange a refresh token for its successor and a new access token.

    Raises:
        InvalidToken: the family has ended, or its user is gone or deactivated.
        TokenReplayed: the token has been exchanged before. The family has ended.
    """
    family = await _lock_family(session, claims)
    at, presented = now(), hash_token(claims.jti)
    successors = keys.derive_successors(claims.jti)
    if presented == family.token_hash:
        family.previous_hash, family.token_hash, family.issued_at = presented, hash_token(successors[0]), at
        return _sign_pair(keys, family, successors[0], at)
    if presented == family.previous_hash and at - family.issued_at <= RETRY_WINDOW:
        for jti in successors:
            if hash_token(jti) == family.token_hash:
                return _sign_pair(keys, family, jti, at)
    await end_family(session, family.id)
    raise TokenReplayed("the token has been used before; log in again")


async def end_family(session: AsyncSession, family_id: UUID) -> None:
    """Log out on one device. Does nothing where that has happened."""
    await session.execute(delete(TokenFamily).where(TokenFamily.id == family_id))


async def end_families(session: AsyncSession, user_id: UUID) -> None:
    """Log out everywhere."""
    await session.execute(delete(TokenFamily).where(TokenFamily.user_id == user_id))


async def find_user(session: AsyncSession, claims: Claims) -> User:
    """The user of an access token: one who is active, in a family that lives.

    Raises:
        InvalidToken: there is none.
    """
    statement = select(User).join(TokenFamily, TokenFamily.user_id == User.id)
    user: User | None = await session.scalar(
        statement.where(TokenFamily.id == claims.sid, User.id == claims.sub, User.is_active)
    )
    if user is None:
        raise InvalidToken("the token is not valid")
    return user


async def _lock_family(session: AsyncSession, claims: Claims) -> TokenFamily:
    statement = select(TokenFamily).join(User, TokenFamily.user_id == User.id)
    family: TokenFamily | None = await session.scalar(
        statement.where(TokenFamily.id == claims.sid, User.id == claims.sub, User.is_active).with_for_update(
            of=TokenFamily
        )
    )
    if family is None:
        raise InvalidToken("the token is not valid")
    return family


async def _sweep(session: AsyncSession) -> None:
    """A few at a time, and none that another transaction has in hand, so that no login waits for it."""
    expired = select(TokenFamily.id).where(TokenFamily.issued_at < now() - REFRESH_LIFETIME)
    expired = expired.limit(SWEPT_AT_ONCE).with_for_update(skip_locked=True)
    await session.execute(delete(TokenFamily).where(TokenFamily.id.in_(expired)))


def _sign_pair(keys: TokenKeys, family: TokenFamily, jti: str, at: datetime) -> TokenPair:
    """The refresh token begins when the family says, so that a retried answer is the same as the lost one."""
    return TokenPair(
        access_token=keys.sign("access", draw_id(), user_id=family.user_id, family_id=family.id, at=at),
        refresh_token=keys.sign("refresh", jti, user_id=family.user_id, family_id=family.id, at=family.issued_at),
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
    )
