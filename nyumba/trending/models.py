"""How much interest each property has had, newer interest counting more.

Invariant: the database adds an event to its property's score in the statement that notes it, so each counts once. The
score is in log space: it never has to be aged, and does not depend on the order in which events arrive.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from nyumba.db import Base


class PropertyTrend(Base):
    """`score` is now, `trending` and `popularity` are what the index was last told, at `published_at`.

    `score` is log2 of the weighted events, each doubled for every half-life that it is younger than the first day of
    2020; `weight` is their sum without that. `popularity` is from 0 to 1.
    """

    __tablename__ = "property_trends"
    __table_args__ = (Index(None, "published_at"),)

    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True)
    score: Mapped[float] = mapped_column(Float(53))
    weight: Mapped[float] = mapped_column(Float(53))
    trending: Mapped[float | None] = mapped_column(Float(53))
    popularity: Mapped[float | None] = mapped_column(Float(53))
    published_at: Mapped[datetime | None]


class TrendEvent(Base):
    """One visitor saved a property, or got in touch about it, on one day (UTC). It goes when the day is over.

    Views are noted in `property_views`. There is no foreign key: noting takes no lock on the property.
    """

    __tablename__ = "trend_events"
    __table_args__ = (CheckConstraint("kind IN ('save', 'contact')", name="kind"), Index(None, "day"))

    property_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    visitor: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
