"""What logged-in devices and mailed links leave in the database: hashes, never the tokens themselves.

A trigger ends everything of a user who is deactivated, whoever does it: reactivation does not bring old tokens back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

END_TOKENS = """
    CREATE FUNCTION end_tokens_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM token_families WHERE user_id = NEW.id;
        DELETE FROM one_time_tokens WHERE user_id = NEW.id;
        RETURN NULL;
    END $$"""


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column("password_changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.create_table(
        "token_families",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_token_families_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_token_families"),
    )
    op.create_index("ix_token_families_user_id", "token_families", ["user_id"])
    op.create_index("ix_token_families_issued_at", "token_families", ["issued_at"])
    op.create_table(
        "one_time_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('verify_email', 'reset_password')", name=op.f("ck_one_time_tokens_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_one_time_tokens_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_one_time_tokens"),
    )
    op.create_index("ix_one_time_tokens_user_id", "one_time_tokens", ["user_id"])
    op.create_index("ix_one_time_tokens_expires_at", "one_time_tokens", ["expires_at"])
    op.execute(END_TOKENS)
    op.execute(
        "CREATE TRIGGER users_deactivate AFTER UPDATE OF is_active ON users FOR EACH ROW"
        " WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION end_tokens_of_user()"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION end_tokens_of_user() CASCADE")
    op.drop_table("one_time_tokens")
    op.drop_table("token_families")
    op.drop_column("users", "password_changed_at")
