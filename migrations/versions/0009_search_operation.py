"""What the indexer tells its operators: which processes run, and what the last verifies found.

A property is set aside at most once for each index: a second refusal replaces the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alias", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("workers", sa.SmallInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breaker", sa.String(length=9), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("breaker IN ('closed', 'open', 'half_open')", name=op.f("ck_search_workers_breaker")),
        sa.PrimaryKeyConstraint("id", name="pk_search_workers"),
    )
    op.create_table(
        "search_verifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("alias", sa.String(length=80), nullable=False),
        sa.Column("index_name", sa.String(length=128), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("compared", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.Column("drift", sa.JSON(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("mode IN ('fast', 'full')", name=op.f("ck_search_verifications_mode")),
        sa.PrimaryKeyConstraint("id", name="pk_search_verifications"),
    )
    op.execute(
        "DELETE FROM search_dead d USING search_dead later"
        " WHERE later.property_id = d.property_id AND later.index_name = d.index_name AND later.id > d.id"
    )
    op.drop_index("ix_search_dead_property_id", "search_dead")
    op.create_unique_constraint("uq_search_dead_property_id_index_name", "search_dead", ["property_id", "index_name"])
    op.drop_column("search_generations", "outbox_mark")


def downgrade() -> None:
    op.add_column("search_generations", sa.Column("outbox_mark", sa.BigInteger(), nullable=True))
    op.drop_constraint("uq_search_dead_property_id_index_name", "search_dead")
    op.create_index("ix_search_dead_property_id", "search_dead", ["property_id"])
    op.drop_table("search_verifications")
    op.drop_table("search_workers")
