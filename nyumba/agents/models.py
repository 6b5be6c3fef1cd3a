"""Profiles of agents, and what clients say of them.

Invariant: `rating`, `review_count` and `properties_sold` are figures, never input: triggers count them, whoever changes
what they count.
"""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from nyumba.db import Base, HasId, HasTimes


class AgentProfile(HasId, HasTimes, Base):
    """What an agent shows to the public."""

    __tablename__ = "agent_profiles"
    __table_args__ = (
        UniqueConstraint("user_id"),
        UniqueConstraint("license"),
        CheckConstraint("rating BETWEEN 0 AND 5", name="rating"),
        CheckConstraint("review_count >= 0", name="review_count"),
        CheckConstraint("properties_sold >= 0", name="properties_sold"),
        Index("ix_agent_profiles_standing", text("coalesce(rating, 0)"), "review_count", "user_id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    company_name: Mapped[str | None] = mapped_column(String(200))
    license: Mapped[str | None] = mapped_column(String(64))
    specializations: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    rating: Mapped[Decimal | None] = mapped_column(Numeric(3, 2))
    review_count: Mapped[int] = mapped_column(server_default="0")
    properties_sold: Mapped[int] = mapped_column(server_default="0")
    bio: Mapped[str | None]
    website: Mapped[str | None] = mapped_column(String(500))
    facebook: Mapped[str | None] = mapped_column(String(500))
    twitter: Mapped[str | None] = mapped_column(String(500))
    linkedin: Mapped[str | None] = mapped_column(String(500))


class AgentReview(HasId, HasTimes, Base):
    """What one client thinks of one agent. `agent_id` is the agent's user id."""

    __tablename__ = "agent_reviews"
    __table_args__ = (
        UniqueConstraint("agent_id", "client_id"),
        CheckConstraint("agent_id <> client_id", name="client_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index(None, "agent_id", "created_at", "id"),
    )

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agent_profiles.user_id", ondelete="CASCADE"))
    client_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    rating: Mapped[int] = mapped_column(SmallInteger)
    comment: Mapped[str | None] = mapped_column(String(2000))
