"""What has been taken of each limit."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from nyumba.db import Base


class RateLimit(Base):
    """One window of one subject. Unlogged: a crash of PostgreSQL opens all windows anew, and that is all.

    `key` is a keyed hash of the limit and its subject: no address, e-mail or network's, can be read from it.
    """

    __tablename__ = "rate_limits"
    __table_args__ = (
        CheckConstraint("taken > 0", name="taken"),
        # Takes rewrite rows in place where pages have room; vacuum by count, since the table is small and hot.
        {
            "prefixes": ["UNLOGGED"],
            "postgresql_with": {
                "fillfactor": 50,
                "autovacuum_vacuum_scale_factor": 0,
                "autovacuum_vacuum_threshold": 5000,
            },
        },
    )

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    taken: Mapped[int] = mapped_column(Integer)
    resets_at: Mapped[datetime] = mapped_column(index=True)
