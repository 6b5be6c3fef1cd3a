"""What is trending: scores in log space, which the database keeps.

A view counts when it is added to view_count, a save and a contact when they are noted; each in the statement that does
so. The half-life is three days, and exponents count from the first day of 2020: see nyumba.trending.scores.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MATHEMATICS = (
    "FUNCTION log2_add(a double precision, b double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT"
    " PARALLEL SAFE AS $$ SELECT greatest(a, b) + ln(1 + power(2::double precision, -least(abs(a - b), 64))) / ln(2)"
    " $$",
    "AGGREGATE log2_sum(double precision) (SFUNC = log2_add, STYPE = double precision)",
    "FUNCTION trend_weight(kind text) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS"
    " $$ SELECT CASE kind WHEN 'view' THEN 1.0 WHEN 'save' THEN 4.0 WHEN 'contact' THEN 8.0 END $$",
    "FUNCTION trend_exponent(kind text, day date) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS"
    " $$ SELECT ln(trend_weight(kind)) / ln(2) + (day - date '2020-01-01') / 3.0::double precision $$",
)
ADD = """
    INSERT INTO property_trends AS t (property_id, score, weight)
    SELECT e.property_id, log2_sum(trend_exponent(e.kind, e.day)), sum(trend_weight(e.kind))
    FROM ({events}) e JOIN properties p ON p.id = e.property_id GROUP BY e.property_id ORDER BY e.property_id
    ON CONFLICT (property_id) DO UPDATE
        SET score = log2_add(t.score, excluded.score), weight = t.weight + excluded.weight;"""
ASSIGN_VERSION = """
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF NEW.id <> OLD.id THEN
                RAISE EXCEPTION 'properties.id cannot change: the search index knows a property by it';
            END IF;
            {touch}
        END IF;
        NEW.search_version := nextval('search_version_seq');
        RETURN NEW;
    END"""
ALWAYS = "NEW.updated_at := now();"
# What visitors do is no change of the property: it must not make its owner's edit stale.
NOT_FOR_RANKING = f"""
    IF coalesce(current_setting('nyumba.ranking_only', true), '') <> 'on' THEN
        {ALWAYS}
    END IF;"""
FUNCTIONS = {
    "add_counted_views": ADD.format(
        events="SELECT n.property_id, 'view' AS kind, n.day FROM new_rows n JOIN old_rows o"
        " USING (property_id, day, visitor) WHERE n.is_counted AND NOT o.is_counted"
    ),
    "add_trend_events": ADD.format(events="SELECT property_id, kind, day FROM new_rows"),
    "note_saves": """
        INSERT INTO trend_events (property_id, kind, day, visitor)
        SELECT s.property_id, 'save', (now() AT TIME ZONE 'UTC')::date, sha256(uuid_send(s.user_id))
        FROM new_rows s JOIN properties p ON p.id = s.property_id AND p.user_id <> s.user_id
        ORDER BY s.property_id ON CONFLICT DO NOTHING;""",
}
TRIGGERS = (
    "property_views_update_trend AFTER UPDATE ON property_views REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION add_counted_views()",
    "trend_events_insert_trend AFTER INSERT ON trend_events REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION add_trend_events()",
    "saved_properties_insert_trend AFTER INSERT ON saved_properties REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION note_saves()",
)


def _assign_version(touch: str) -> None:
    body = ASSIGN_VERSION.format(touch=touch)
    op.execute(f"CREATE OR REPLACE FUNCTION assign_search_version() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")


def upgrade() -> None:
    op.create_table(
        "property_trends",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Float(precision=53), nullable=False),
        sa.Column("weight", sa.Float(precision=53), nullable=False),
        sa.Column("trending", sa.Float(precision=53), nullable=True),
        sa.Column("popularity", sa.Float(precision=53), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name="fk_property_trends_property_id_properties", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("property_id", name="pk_property_trends"),
    )
    op.create_index("ix_property_trends_published_at", "property_trends", ["published_at"])
    op.create_table(
        "trend_events",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('save', 'contact')", name=op.f("ck_trend_events_kind")),
        sa.PrimaryKeyConstraint("property_id", "kind", "day", "visitor", name="pk_trend_events"),
    )
    op.create_index("ix_trend_events_day", "trend_events", ["day"])
    for one in MATHEMATICS:
        op.execute(f"CREATE {one}")
    for name, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$")
    for trigger in TRIGGERS:
        op.execute(f"CREATE TRIGGER {trigger}")
    _assign_version(NOT_FOR_RANKING)


def downgrade() -> None:
    _assign_version(ALWAYS)
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_table("trend_events")
    op.drop_table("property_trends")
    op.execute("DROP AGGREGATE log2_sum(double precision)")
    op.execute("DROP FUNCTION trend_exponent(text, date)")
    op.execute("DROP FUNCTION trend_weight(text)")
    op.execute("DROP FUNCTION log2_add(double precision, double precision)")
