"""Search names the agents that `/agents` lists and no others: whoever is deactivated goes from the index as well."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TRIGGER = (
    "CREATE TRIGGER users_update_properties AFTER UPDATE ON users FOR EACH ROW"
    " WHEN (({new}) IS DISTINCT FROM ({old})) EXECUTE FUNCTION touch_properties_of_user()"
)


def _replace(columns: tuple[str, ...]) -> None:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    op.execute("DROP TRIGGER users_update_properties ON users")
    op.execute(TRIGGER.format(new=new, old=old))


def upgrade() -> None:
    _replace(("full_name", "role", "is_active"))


def downgrade() -> None:
    _replace(("full_name", "role"))
