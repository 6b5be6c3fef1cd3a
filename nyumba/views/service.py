"""Noting who looked at a property: once for each visitor and day.

Invariant: noting takes no lock on the property and does not change it. `view_count` follows later, see
nyumba.views.folding.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.models import User
from nyumba.properties.service import find_visible
from nyumba.properties.vocabulary import PUBLIC_STATUSES
from nyumba.views.models import AccountDevice, PropertyView, ViewSalt

SALT_BYTES = 32


class Visitors:
    """Tells visitors apart within a day, without keeping who they are."""

    def __init__(self, secret: str) -> None:
        self._secret = hashlib.sha256(b"nyumba/views/" + secret.encode()).digest()

    def name(self, salt: bytes, who: str) -> bytes:
        """A name that only the secret and the day's salt together lead to."""
        return hmac.digest(self._secret + salt, who.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a visitor is called today, and which of the owners in question it is known to be."""

    name: bytes
    owners: frozenset[UUID]


async def note_view(
    session: AsyncSession, visitors: Visitors, property_id: UUID, viewer: User | None, device: str
) -> None:
    """Note that somebody looked at a property on the market: once for each visitor and day (UTC), and not its owner.

    `device` stands for those who are not logged in.

    Raises:
        PropertyNotFound: there is none, or none that the viewer may see.
    """
    found = await find_visible(session, viewer, property_id)
    if found.status not in PUBLIC_STATUSES:
        return
    today = datetime.now(UTC).date()
    visitor = await recognize_visitor(session, visitors, viewer, device, {found.user_id})
    if found.user_id in visitor.owners:
        return
    view = insert(PropertyView).values(property_id=property_id, day=today, visitor=visitor.name)
    await session.execute(view.on_conflict_do_nothing())


async def recognize_visitor(
    session: AsyncSession, visitors: Visitors, viewer: User | None, device: str, owners: Iterable[UUID]
) -> Visitor:
    """Who a visitor is today: an account, or the device of somebody who is not logged in.

    Devices of accounts are noted, so that owners who log out are not taken for visitors of what is theirs.
    """
    today = datetime.now(UTC).date()
    salt = await _read_salt(session, today)
    device_name = visitors.name(salt, f"device {device}")
    if viewer is not None:
        account = _name_account(visitors, salt, viewer.id)
        used = insert(AccountDevice).values(day=today, device=device_name, account=account)
        await session.execute(used.on_conflict_do_nothing())
        return Visitor(account, frozenset({viewer.id}))
    names = {_name_account(visitors, salt, owner): owner for owner in owners}
    used_here = select(AccountDevice.account).where(
        AccountDevice.day == today, AccountDevice.device == device_name, AccountDevice.account.in_(names)
    )
    return Visitor(device_name, frozenset([names[name] for name in await session.scalars(used_here)]))


def _name_account(visitors: Visitors, salt: bytes, user_id: UUID) -> bytes:
    return visitors.name(salt, f"account {user_id}")


async def _read_salt(session: AsyncSession, day: date) -> bytes:
    """The salt of a day; the first visitor of the day makes it."""
    of_day = select(ViewSalt.salt).where(ViewSalt.day == day)
    salt: bytes | None = await session.scalar(of_day)
    if salt is None:
        drawn = insert(ViewSalt).values(day=day, salt=secrets.token_bytes(SALT_BYTES))
        await session.execute(drawn.on_conflict_do_nothing())
        salt = (await session.scalars(of_day)).one()
    return salt
