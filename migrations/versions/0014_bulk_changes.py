"""A statement that changes many rows costs for each what a change of one costs.

PostgreSQL keeps the plans of a function for the session. One made for the change of one row joins the rows before with
those after by comparing all with all: after it, 20,000 rows in one statement took 92 s. So no function here joins them.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ENQUEUE = """
    DECLARE
        wanted smallint := coalesce(nullif(current_setting('nyumba.outbox_priority', true), ''), '0');
        why text := CASE WHEN pg_trigger_depth() > 1 THEN 'related' ELSE lower(TG_OP) END;
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO search_outbox (property_id, version, op, reason, priority)
            SELECT id, search_version, op_of(status), why, wanted FROM new_rows;
        ELSIF TG_OP = 'UPDATE' THEN
            INSERT INTO search_outbox (property_id, version, op, reason, priority){changed}
        ELSE
            INSERT INTO search_outbox (property_id, version, op, reason, priority)
            SELECT id, nextval('search_version_seq'), 'unindex', 'delete', wanted FROM old_rows;
        END IF;
        RETURN NULL;
    END"""
CHANGED = """
            SELECT id, search_version, op_of(status), why, wanted FROM (
                SELECT id, search_version, status FROM new_rows
                EXCEPT SELECT id, search_version, status FROM old_rows) changed;"""
CHANGED_JOINED = """
            SELECT n.id, n.search_version, op_of(n.status), why, wanted
            FROM new_rows n JOIN old_rows o USING (id) WHERE n.search_version <> o.search_version;"""

# What search shows is the address of the first by (not primary, order, id). A row that was shown, or is now, has none
# before it; and among its own changes only some can be seen: the primary image is first wherever it stands.
TOUCH_OF_IMAGES = """
    DECLARE
        changed property_images[];
        seen property_images[];
    BEGIN
        IF TG_OP = 'UPDATE' THEN{compared}
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
    END"""
# An image whose row before and row after look alike is there twice.
COMPARED = """
            SELECT array_agg(image), array_agg(image) FILTER (WHERE alike = 1) INTO changed, seen
            FROM (
                SELECT image, count(*) OVER (
                    PARTITION BY (image).id, (image).property_id, (image).is_primary,
                        coalesce((image).card_url, (image).url),
                        CASE WHEN NOT (image).is_primary THEN (image).display_order END) AS alike
                FROM (SELECT o::property_images AS image FROM old_rows o
                      UNION ALL SELECT n::property_images FROM new_rows n) AS rows) AS compared;"""
COMPARED_JOINED = """
            SELECT array_agg(o) || array_agg(n),
                array_agg(o) FILTER (WHERE visible) || array_agg(n) FILTER (WHERE visible) INTO changed, seen
            FROM old_rows o JOIN new_rows n USING (id), LATERAL (
                SELECT (o.property_id, o.is_primary, coalesce(o.card_url, o.url),
                        CASE WHEN NOT o.is_primary THEN o.display_order END)
                    IS DISTINCT FROM (n.property_id, n.is_primary, coalesce(n.card_url, n.url),
                        CASE WHEN NOT n.is_primary THEN n.display_order END) AS visible) AS compared;"""

ADD_COUNTED = """
    BEGIN
        INSERT INTO property_trends AS t (property_id, score, weight)
        SELECT e.property_id, log2_sum(trend_exponent('view', e.day)), sum(trend_weight('view'))
        FROM ({counted}) e JOIN properties p ON p.id = e.property_id GROUP BY e.property_id ORDER BY e.property_id
        ON CONFLICT (property_id) DO UPDATE
            SET score = log2_add(t.score, excluded.score), weight = t.weight + excluded.weight;
        RETURN NULL;
    END"""
COUNTED = """
            SELECT property_id, day, visitor FROM new_rows WHERE is_counted
            EXCEPT SELECT property_id, day, visitor FROM old_rows WHERE is_counted"""
COUNTED_JOINED = """
            SELECT n.property_id, n.day FROM new_rows n JOIN old_rows o USING (property_id, day, visitor)
            WHERE n.is_counted AND NOT o.is_counted"""


def _replace(changed: str, compared: str, counted: str) -> None:
    for name, body in (
        ("enqueue_search_events", ENQUEUE.format(changed=changed)),
        ("touch_properties_of_images", TOUCH_OF_IMAGES.format(compared=compared)),
        ("add_counted_views", ADD_COUNTED.format(counted=counted)),
    ):
        op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")


def upgrade() -> None:
    _replace(CHANGED, COMPARED, COUNTED)


def downgrade() -> None:
    _replace(CHANGED_JOINED, COMPARED_JOINED, COUNTED_JOINED)
