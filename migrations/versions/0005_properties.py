"""What writing properties leaves behind: the history of prices, keys of requests that may be retried, and views.

Prices are noted by triggers, raw SQL included. What a draft costs is nobody's business: its price counts from when it
is published. Views refer to no row of `properties`, so that counting one takes no lock there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FUNCTIONS = {
    "note_first_prices": """
        BEGIN
            INSERT INTO price_changes (property_id, listing_type, price, changed_at)
            SELECT id, listing_type, price, created_at FROM new_rows WHERE status <> 'draft';
            RETURN NULL;
        END""",
    # The row is locked, so changes of one property are one after another: the clock shows it, now() would not.
    "note_price_change": """
        BEGIN
            INSERT INTO price_changes (property_id, listing_type, price, previous_price, changed_at)
            VALUES (NEW.id, NEW.listing_type, NEW.price,
                CASE WHEN OLD.status <> 'draft' AND OLD.listing_type = NEW.listing_type THEN OLD.price END,
                clock_timestamp());
            RETURN NULL;
        END""",
}
TRIGGERS = [
    "TRIGGER properties_insert_price AFTER INSERT ON properties REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION note_first_prices()",
    "TRIGGER properties_update_price AFTER UPDATE ON properties FOR EACH ROW"
    " WHEN (NEW.status <> 'draft' AND (OLD.status = 'draft'"
    " OR (NEW.price, NEW.listing_type) IS DISTINCT FROM (OLD.price, OLD.listing_type)))"
    " EXECUTE FUNCTION note_price_change()",
]


def upgrade() -> None:
    op.create_table(
        "price_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("listing_type", sa.String(length=8), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("previous_price", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name="fk_price_changes_property_id_properties", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_price_changes"),
    )
    op.create_index("ix_price_changes_property_id_id", "price_changes", ["property_id", "id"])
    op.execute(
        "INSERT INTO price_changes (property_id, listing_type, price, changed_at)"
        " SELECT id, listing_type, price, created_at FROM properties WHERE status <> 'draft'"
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_idempotency_keys_user_id_users", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.create_table(
        "property_views",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=False),
        sa.Column("is_counted", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("property_id", "day", "visitor", name="pk_property_views"),
    )
    op.create_index(
        "ix_property_views_uncounted", "property_views", ["property_id"], postgresql_where=sa.text("NOT is_counted")
    )
    op.create_index("ix_property_views_day", "property_views", ["day"])
    op.create_table(
        "view_salts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_view_salts"),
    )
    for name, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    for trigger in TRIGGERS:
        op.execute(f"CREATE {trigger}")


def downgrade() -> None:
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_table("view_salts")
    op.drop_table("property_views")
    op.drop_table("idempotency_keys")
    op.drop_table("price_changes")
