"""Which accounts were used on which devices today, as hashes that nobody can read once the day is over."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_devices",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "device", "account", name="pk_account_devices"),
    )


def downgrade() -> None:
    op.drop_table("account_devices")
