"""Sizes of images, the queue of objects that are to go, and a trigger that fills it.

A change of images is one of their property, as `updated_at` says, but causes an indexing only where it concerns the
image that search results show.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OLD_TRIGGERS = (("insert", "new"), ("update", "old"), ("update", "new"), ("delete", "old"))
NEW_TRIGGERS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}
FUNCTIONS = {
    # What search shows is the address of the first by (not primary, order, id). A row that was shown, or is now, has
    # none before it; and among its own changes only some can be seen: the primary image is first wherever it stands.
    "touch_properties_of_images": """
        DECLARE
            changed property_images[];
            seen property_images[];
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                SELECT array_agg(o) || array_agg(n),
                    array_agg(o) FILTER (WHERE visible) || array_agg(n) FILTER (WHERE visible) INTO changed, seen
                FROM old_rows o JOIN new_rows n USING (id), LATERAL (
                    SELECT (o.property_id, o.is_primary, coalesce(o.card_url, o.url),
                            CASE WHEN NOT o.is_primary THEN o.display_order END)
                        IS DISTINCT FROM (n.property_id, n.is_primary, coalesce(n.card_url, n.url),
                            CASE WHEN NOT n.is_primary THEN n.display_order END) AS visible) AS compared;
            ELSIF TG_OP = 'INSERT' THEN
                SELECT array_agg(n) INTO changed FROM new_rows n;
                seen := changed;
            ELSE
                SELECT array_agg(o) INTO changed FROM old_rows o;
                seen := changed;
            END IF;
            UPDATE properties SET updated_at = now() WHERE id IN (SELECT property_id FROM unnest(changed));
            UPDATE properties p SET search_version = p.search_version + 1
            WHERE p.id IN (
                SELECT s.property_id FROM unnest(seen) s WHERE NOT EXISTS (
                    SELECT FROM property_images i
                    WHERE i.property_id = s.property_id AND i.id <> s.id
                      AND (NOT i.is_primary, i.display_order, i.id) < (NOT s.is_primary, s.display_order, s.id)))
              AND NOT EXISTS (
                  SELECT FROM search_outbox o
                  WHERE o.property_id = p.id AND o.xmin = pg_current_xact_id()::xid);
            RETURN NULL;
        END""",
    "queue_image_removals": """
        BEGIN
            INSERT INTO image_removals (image_id) SELECT id FROM old_rows WHERE card_url IS NOT NULL
            ON CONFLICT (image_id) DO UPDATE SET visible_at = now();
            RETURN NULL;
        END""",
}


def replace_triggers() -> None:
    for event, rows in OLD_TRIGGERS:
        op.execute(f"DROP TRIGGER property_images_{event}_{rows} ON property_images")
    for event, rows in NEW_TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER property_images_{event} AFTER {event} ON property_images REFERENCING {rows}"
            " FOR EACH STATEMENT EXECUTE FUNCTION touch_properties_of_images()"
        )


def restore_triggers() -> None:
    for event, rows in OLD_TRIGGERS:
        op.execute(
            f"CREATE TRIGGER property_images_{event}_{rows} AFTER {event} ON property_images"
            f" REFERENCING {rows} TABLE AS changed_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION touch_properties_of_children()"
        )


def upgrade() -> None:
    op.add_column("property_images", sa.Column("card_url", sa.String(length=500), nullable=True))
    op.add_column("property_images", sa.Column("width", sa.Integer(), nullable=True))
    op.add_column("property_images", sa.Column("height", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_property_images_size"), "property_images", "width > 0 AND height > 0")
    op.create_table(
        "image_removals",
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("visible_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_image_removals_attempts")),
        sa.PrimaryKeyConstraint("image_id", name="pk_image_removals"),
    )
    op.create_index("ix_image_removals_visible_at", "image_removals", ["visible_at"])
    for name, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    replace_triggers()
    op.execute(
        "CREATE TRIGGER property_images_delete_removals AFTER DELETE ON property_images"
        " REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION queue_image_removals()"
    )


def downgrade() -> None:
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")  # their triggers go with them
    restore_triggers()
    op.drop_table("image_removals")
    op.drop_column("property_images", "height")  # the check goes with them
    op.drop_column("property_images", "width")
    op.drop_column("property_images", "card_url")
