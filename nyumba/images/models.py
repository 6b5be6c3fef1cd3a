"""The objects in storage that are to go.

Invariant: every object is named by an image or a removal from before it is written until after it is gone. An upload
queues the removal of what it is about to write and takes it back in the transaction that adds the images; a trigger
queues one for each image that is deleted, cascades and raw SQL included.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from nyumba.db import Base


class ImageRemoval(Base):
    """An image whose objects shall go as soon as `visible_at` has passed. `attempts` counts the claims."""

    __tablename__ = "image_removals"
    __table_args__ = (CheckConstraint("attempts >= 0", name="attempts"),)

    image_id: Mapped[UUID] = mapped_column(primary_key=True)
    visible_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
