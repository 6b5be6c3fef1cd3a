"""Users, the devices that they are logged in on, and the links that were mailed to them.

Invariant: e-mail addresses are stored in lower case, so that the unique constraint sees through letter case, and tokens
only as hashes.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from nyumba.db import Base, HasId, HasTimes

ROLES = ("buyer", "seller", "agent", "admin")

LinkKind = Literal["verify_email", "reset_password"]


class User(HasId, HasTimes, Base):
    """Someone with an account. A trigger ends all tokens of one who is deactivated."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("email = lower(email) AND email LIKE '%_@_%'", name="email"),
        CheckConstraint("role IN ('buyer', 'seller', 'agent', 'admin')", name="role"),
    )

    email: Mapped[str] = mapped_column(String(320))
    password_hash: Mapped[str] = mapped_column(String(255))
    password_changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    full_name: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(32))
    avatar: Mapped[str | None] = mapped_column(String(500))
    role: Mapped[str] = mapped_column(String(16), index=True, server_default="buyer")
    is_verified: Mapped[bool] = mapped_column(server_default="false")
    is_active: Mapped[bool] = mapped_column(server_default="true")


class TokenFamily(HasId, Base):
    """A login and all the tokens that descend from it. It lives as long as its row.

    `token_hash` is that of the one refresh token that may be used, issued at `issued_at`; `previous_hash` is that of
    the one before.
    """

    __tablename__ = "token_families"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    issued_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OneTimeToken(Base):
    """A link that was mailed. The row goes when it is used."""

    __tablename__ = "one_time_tokens"
    __table_args__ = (CheckConstraint("kind IN ('verify_email', 'reset_password')", name="kind"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    expires_at: Mapped[datetime] = mapped_column(index=True)
