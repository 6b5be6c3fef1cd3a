"""What keeps Elasticsearch equal to PostgreSQL: versions, the outbox and the triggers that write it.

The triggers see raw SQL as well as the API. A version comes from one sequence, so that it also rises when a deleted id
is inserted again; the sequence must keep its CACHE of 1, or two sessions could hand out versions in the wrong order.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXED_COLUMNS = (
    "user_id title description property_type listing_type price bedrooms bathrooms square_meters address neighborhood"
    " city latitude longitude status year_built is_featured created_at"
).split()
CHILDREN = ("amenities", "features", "property_images")


def _row(prefix: str) -> str:
    return "(" + ", ".join(f"{prefix}.{column}" for column in INDEXED_COLUMNS) + ")"


FUNCTIONS = {
    "assign_search_version": """
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF NEW.id <> OLD.id THEN
                    RAISE EXCEPTION 'properties.id cannot change: the search index knows a property by it';
                END IF;
                NEW.updated_at := now();
            END IF;
            NEW.search_version := nextval('search_version_seq');
            RETURN NEW;
        END""",
    "touch_updated_at": """
        BEGIN
            NEW.updated_at := now();
            RETURN NEW;
        END""",
    # The priority is a setting of the transaction, so that a bulk load can stand back behind people's edits.
    "enqueue_search_events": """
        DECLARE
            wanted smallint := coalesce(nullif(current_setting('nyumba.outbox_priority', true), ''), '0');
            why text := CASE WHEN pg_trigger_depth() > 1 THEN 'related' ELSE lower(TG_OP) END;
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO search_outbox (property_id, version, op, reason, priority)
                SELECT id, search_version, op_of(status), why, wanted FROM new_rows;
            ELSIF TG_OP = 'UPDATE' THEN
                INSERT INTO search_outbox (property_id, version, op, reason, priority)
                SELECT n.id, n.search_version, op_of(n.status), why, wanted
                FROM new_rows n JOIN old_rows o USING (id) WHERE n.search_version <> o.search_version;
            ELSE
                INSERT INTO search_outbox (property_id, version, op, reason, priority)
                SELECT id, nextval('search_version_seq'), 'unindex', 'delete', wanted FROM old_rows;
            END IF;
            RETURN NULL;
        END""",
    # A property that this very transaction has made an event for is read after the commit, with all its words:
    # another event would only double the work of a bulk load.
    "touch_properties_of_children": """
        BEGIN
            UPDATE properties p SET search_version = p.search_version + 1
            WHERE p.id IN (SELECT property_id FROM changed_rows)
              AND NOT EXISTS (
                  SELECT FROM search_outbox o
                  WHERE o.property_id = p.id AND o.xmin = pg_current_xact_id()::xid);
            RETURN NULL;
        END""",
    "touch_properties_of_user": """
        DECLARE
            owner uuid := CASE WHEN TG_TABLE_NAME = 'users' THEN to_jsonb(NEW) ->> 'id'
                               WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ->> 'user_id'
                               ELSE to_jsonb(NEW) ->> 'user_id' END;
        BEGIN
            UPDATE properties SET search_version = search_version + 1 WHERE user_id = owner;
            RETURN NULL;
        END""",
    "refuse_truncate": """
        BEGIN
            RAISE EXCEPTION 'TRUNCATE % would leave the search index wrong', TG_TABLE_NAME
                USING HINT = 'DELETE the rows instead: then the index follows.';
        END""",
}

TRIGGERS = [
    "TRIGGER properties_insert_version BEFORE INSERT ON properties FOR EACH ROW"
    " EXECUTE FUNCTION assign_search_version()",
    "TRIGGER properties_update_version BEFORE UPDATE ON properties FOR EACH ROW"
    " WHEN (NEW.id <> OLD.id OR NEW.search_version <> OLD.search_version"
    f" OR {_row('NEW')} IS DISTINCT FROM {_row('OLD')}) EXECUTE FUNCTION assign_search_version()",
    "TRIGGER properties_insert_event AFTER INSERT ON properties REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION enqueue_search_events()",
    "TRIGGER properties_update_event AFTER UPDATE ON properties REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION enqueue_search_events()",
    "TRIGGER properties_delete_event AFTER DELETE ON properties REFERENCING OLD TABLE AS old_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION enqueue_search_events()",
    *(
        f"TRIGGER {table}_{event}_{rows} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION touch_properties_of_children()"
        for table in CHILDREN
        for event, rows in (("insert", "new"), ("update", "old"), ("update", "new"), ("delete", "old"))
    ),
    "TRIGGER users_update_properties AFTER UPDATE ON users FOR EACH ROW"
    " WHEN ((NEW.full_name, NEW.role) IS DISTINCT FROM (OLD.full_name, OLD.role))"
    " EXECUTE FUNCTION touch_properties_of_user()",
    "TRIGGER agent_profiles_insert_properties AFTER INSERT OR DELETE ON agent_profiles FOR EACH ROW"
    " EXECUTE FUNCTION touch_properties_of_user()",
    "TRIGGER agent_profiles_update_properties AFTER UPDATE ON agent_profiles FOR EACH ROW"
    " WHEN (NEW.company_name IS DISTINCT FROM OLD.company_name) EXECUTE FUNCTION touch_properties_of_user()",
    *(
        f"TRIGGER {table}_updated_at BEFORE UPDATE ON {table} FOR EACH ROW"
        " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at()"
        for table in ("users", "agent_profiles")
    ),
    *(
        f"TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate()"
        for table in ("properties", *CHILDREN)
    ),
]


def create_triggers() -> None:
    op.execute("CREATE SEQUENCE search_version_seq CACHE 1")
    op.execute(
        "CREATE FUNCTION op_of(status text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS"
        " $$ SELECT CASE WHEN status IN ('active', 'under_offer') THEN 'index' ELSE 'unindex' END $$"
    )
    for name, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    for trigger in TRIGGERS:
        op.execute(f"CREATE {trigger}")


def drop_triggers() -> None:
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.execute("DROP FUNCTION op_of(text)")
    op.execute("DROP SEQUENCE search_version_seq")


def upgrade() -> None:
    op.create_table(
        "search_dead",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("op", sa.String(length=8), nullable=False),
        sa.Column("index_name", sa.String(length=128), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("died_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("op IN ('index', 'unindex')", name=op.f("ck_search_dead_op")),
        sa.PrimaryKeyConstraint("id", name="pk_search_dead"),
    )
    op.create_index("ix_search_dead_property_id", "search_dead", ["property_id"])
    op.create_table(
        "search_generations",
        sa.Column("epoch", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("alias", sa.String(length=80), nullable=False),
        sa.Column("index_name", sa.String(length=128), nullable=False),
        sa.Column("mapping_hash", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("backfill_cursor", sa.Uuid(), nullable=True),
        sa.Column("backfilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outbox_mark", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('building', 'serving', 'retired', 'dropped')", name=op.f("ck_search_generations_state")
        ),
        sa.PrimaryKeyConstraint("epoch", name="pk_search_generations"),
        sa.UniqueConstraint("index_name", name="uq_search_generations_index_name"),
    )
    op.create_index(
        "uq_search_generations_building",
        "search_generations",
        ["alias"],
        unique=True,
        postgresql_where=sa.text("state = 'building'"),
    )
    op.create_index(
        "uq_search_generations_serving",
        "search_generations",
        ["alias"],
        unique=True,
        postgresql_where=sa.text("state = 'serving'"),
    )
    op.create_table(
        "search_outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("op", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("visible_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.CheckConstraint("op IN ('index', 'unindex')", name=op.f("ck_search_outbox_op")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_search_outbox_attempts")),
        sa.PrimaryKeyConstraint("id", name="pk_search_outbox"),
        postgresql_with={"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 5000},
    )
    op.create_index("ix_search_outbox_claim", "search_outbox", [sa.text("priority DESC"), "id"])
    op.create_index("ix_search_outbox_property_id", "search_outbox", ["property_id"])
    op.add_column("properties", sa.Column("search_version", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column("properties", "search_version", server_default=None)
    create_triggers()
    op.execute("UPDATE properties SET search_version = search_version + 1")  # rows of 0001 get a version and an event


def downgrade() -> None:
    drop_triggers()
    op.drop_column("properties", "search_version")
    op.drop_table("search_outbox")
    op.drop_table("search_generations")
    op.drop_table("search_dead")
