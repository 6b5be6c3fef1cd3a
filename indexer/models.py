"""The tables through which PostgreSQL tells the indexer what to do.

Invariant: a change writes its row of `search_outbox` by trigger, in its own transaction. Operators' commands may add
rows, which do no harm: an event only says that a property has to be looked at.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from nyumba.db import Base


class OutboxEvent(Base):
    """A property changed and its document has to follow. Deleted when Elasticsearch has it."""

    __tablename__ = "search_outbox"
    __table_args__ = (
        CheckConstraint("op IN ('index', 'unindex')", name="op"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_search_outbox_claim", text("priority DESC"), "id"),
        # Claims rewrite rows in place where pages have room, and the table is small and hot: vacuum it by count.
        {
            "postgresql_with": {
                "fillfactor": 50,
                "autovacuum_vacuum_scale_factor": 0,
                "autovacuum_vacuum_threshold": 5000,
            }
        },
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    property_id: Mapped[UUID] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(BigInteger)
    op: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    visible_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    lease_token: Mapped[UUID | None]


class DeadEvent(Base):
    """A document that Elasticsearch refuses, with its reason; set aside so that the rest goes on.

    Once for each property and index: a second refusal replaces the first, and a write that is taken ends it.
    """

    __tablename__ = "search_dead"
    __table_args__ = (
        CheckConstraint("op IN ('index', 'unindex')", name="op"),
        UniqueConstraint("property_id", "index_name"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    property_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(BigInteger)
    op: Mapped[str] = mapped_column(String(8))
    index_name: Mapped[str] = mapped_column(String(128))
    error: Mapped[str]
    created_at: Mapped[datetime]
    died_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Generation(Base):
    """A physical index and its place in life: building, then serving, then retired, at last dropped.

    Live events are written to every generation that is not dropped. `epoch` fences: a higher one is the later reindex.
    """

    __tablename__ = "search_generations"
    __table_args__ = (
        CheckConstraint("state IN ('building', 'serving', 'retired', 'dropped')", name="state"),
        Index("uq_search_generations_building", "alias", unique=True, postgresql_where=text("state = 'building'")),
        Index("uq_search_generations_serving", "alias", unique=True, postgresql_where=text("state = 'serving'")),
    )

    epoch: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    alias: Mapped[str] = mapped_column(String(80))
    index_name: Mapped[str] = mapped_column(String(128), unique=True)
    mapping_hash: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    backfill_cursor: Mapped[UUID | None]
    backfilled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    promoted_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class Worker(Base):
    """A process of `nyumba-indexer run`, as it last said. One that failed leaves its row with the reason."""

    __tablename__ = "search_workers"
    __table_args__ = (CheckConstraint("breaker IN ('closed', 'open', 'half_open')", name="breaker"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(100))
    workers: Mapped[int] = mapped_column(SmallInteger)
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    stopped_at: Mapped[datetime | None]
    breaker: Mapped[str] = mapped_column(String(9))
    reason: Mapped[str | None]


class Verification(Base):
    """What a verify found: `drift` counts each kind."""

    __tablename__ = "search_verifications"
    __table_args__ = (CheckConstraint("mode IN ('fast', 'full')", name="mode"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    alias: Mapped[str] = mapped_column(String(80))
    index_name: Mapped[str] = mapped_column(String(128))
    mode: Mapped[str] = mapped_column(String(4))
    compared: Mapped[int] = mapped_column(BigInteger)
    pending: Mapped[int] = mapped_column(BigInteger)
    drift: Mapped[dict[str, int]] = mapped_column(JSON)
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())
