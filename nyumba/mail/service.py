"""Promising an e-mail. `nyumba mail run` keeps the promise, outside of any request.

Invariant: the promise is a row of the caller's transaction, so there is no message about what was rolled back.
"""

from uuid import UUID

from sqlalchemy import func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.mail.kinds import LIFETIMES, MailKind
from nyumba.mail.models import OutboxMail
from nyumba.mail.sealing import TokenSeal

SEAL = "token_seal"  # the session's `info` carries a TokenSeal under this name; the application puts it there


async def queue_mail(session: AsyncSession, *, user_id: UUID, kind: MailKind, token: str | None) -> None:
    """Promise a user a message, with a link that carries the token.

    The address is the one that the user has when it is sent. Every kind takes the same work, a seal that nobody needs
    included, so that the time it takes does not tell one from another.
    """
    seal: TokenSeal = session.info[SEAL]
    sealed_token = seal.seal(token or "")
    values = {
        "user_id": user_id,
        "kind": kind,
        "sealed_token": None if token is None else sealed_token,
        "expires_at": func.now() + LIFETIMES[kind],
    }
    await session.execute(insert(OutboxMail).values(values))
