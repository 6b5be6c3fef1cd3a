"""The outbox of e-mail: what the API promised to send, and what could not be sent.

Invariant: a token lies here sealed, and no longer than its message is still to be sent. Addresses never lie here.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from nyumba.db import Base, HasId


class OutboxMail(HasId, Base):
    """A message to a user. Deleted when it is sent; kept for a while, without its token, when it is given up."""

    __tablename__ = "mail_outbox"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('verify_email', 'reset_password', 'already_registered', 'password_changed')", name="kind"
        ),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("given_up_at IS NULL OR sealed_token IS NULL", name="sealed_token"),
        Index("ix_mail_outbox_claim", "visible_at", postgresql_where=text("given_up_at IS NULL")),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    sealed_token: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    visible_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    lease_token: Mapped[UUID | None]
    given_up_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(200))
