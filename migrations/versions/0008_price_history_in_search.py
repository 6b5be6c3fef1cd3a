"""Documents show when a property was listed and how far its price fell: whoever corrects the history changes them.

The prices that a change of a property notes need no event of their own: that change has one.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

EVENTS = (("insert", "new"), ("update", "old"), ("update", "new"), ("delete", "old"))


def upgrade() -> None:
    for event, rows in EVENTS:
        op.execute(
            f"CREATE TRIGGER price_changes_{event}_{rows} AFTER {event} ON price_changes"
            f" REFERENCING {rows} TABLE AS changed_rows FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)"
            " EXECUTE FUNCTION touch_properties_of_children()"
        )
    op.execute(
        "CREATE TRIGGER price_changes_truncate BEFORE TRUNCATE ON price_changes FOR EACH STATEMENT"
        " EXECUTE FUNCTION refuse_truncate()"
    )


def downgrade() -> None:
    for event, rows in EVENTS:
        op.execute(f"DROP TRIGGER price_changes_{event}_{rows} ON price_changes")
    op.execute("DROP TRIGGER price_changes_truncate ON price_changes")
