"""Who looked at what, for as long as a day lasts.

Invariant: nobody can be found here. A visitor is a keyed hash, and the salt of its key goes when its day is over. There
are no foreign keys: a view must not lock the row of its property.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from nyumba.db import Base


class PropertyView(Base):
    """One visitor saw one property on one day (UTC). It goes once it is counted and the day is over."""

    __tablename__ = "property_views"
    __table_args__ = (
        Index("ix_property_views_uncounted", "property_id", postgresql_where=text("NOT is_counted")),
        Index(None, "day"),
    )

    property_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    visitor: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    is_counted: Mapped[bool] = mapped_column(server_default="false")


class AccountDevice(Base):
    """An account was used on a device on one day (UTC), so that owners stay known there when they log out.

    Both are names of visitors.
    """

    __tablename__ = "account_devices"

    day: Mapped[date] = mapped_column(primary_key=True)
    device: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class ViewSalt(Base):
    """What makes the hashes of a day unlike those of any other."""

    __tablename__ = "view_salts"

    day: Mapped[date] = mapped_column(primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
