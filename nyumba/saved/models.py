"""What people keep an eye on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from nyumba.db import Base, HasId


class SavedProperty(HasId, Base):
    """A property that someone keeps an eye on."""

    __tablename__ = "saved_properties"
    __table_args__ = (UniqueConstraint("user_id", "property_id"), Index(None, "property_id"))

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    saved_at: Mapped[datetime] = mapped_column(server_default=func.now())
