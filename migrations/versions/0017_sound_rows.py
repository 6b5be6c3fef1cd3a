"""No statement takes an agent's company from searches unseen.

TRUNCATE fires no trigger for the rows that go, so whatever searches show must refuse it.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TRIGGER agent_profiles_truncate BEFORE TRUNCATE ON agent_profiles FOR EACH STATEMENT"
        " EXECUTE FUNCTION refuse_truncate()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER agent_profiles_truncate ON agent_profiles")
