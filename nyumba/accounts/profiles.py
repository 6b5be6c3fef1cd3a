"""What users may say of themselves."""

from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.errors import InvalidToken
from nyumba.accounts.models import User
from nyumba.accounts.schemas import ProfileUpdate, UserRead


def to_read(user: User) -> UserRead:
    """The HTTP form of an account."""
    return msgspec.convert(user, UserRead, from_attributes=True)


async def update_profile(session: AsyncSession, user_id: UUID, update: ProfileUpdate) -> UserRead:
    """Change what the update names.

    Raises:
        InvalidToken: the account has gone since the request began.
    """
    user: User | None = await session.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))
    if user is None:
        raise InvalidToken("the token is not valid")
    for name in ProfileUpdate.__struct_fields__:
        value = getattr(update, name)
        if value is not msgspec.UNSET:
            setattr(user, name, value.strip() if isinstance(value, str) else value)
    await session.flush()
    await session.refresh(user)  # a trigger keeps updated_at
    return to_read(user)
