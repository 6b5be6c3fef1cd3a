"""Reviews of agents, and the figures of agents that the database keeps: rating, review_count and properties_sold.

Invariant: whoever changes what a figure counts locks the profile before counting, so that the last to commit has seen
all. Locks are taken in the order user, properties, profile; whoever takes them in another order risks a deadlock.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SALES = "(SELECT count(*) FROM properties p WHERE p.user_id = {agent} AND p.status = 'sold')"

FUNCTIONS = {
    "count_reviews_of_agents": """
        DECLARE
            touched uuid[] := ARRAY(SELECT DISTINCT agent_id FROM changed_rows);
        BEGIN
            PERFORM FROM agent_profiles WHERE user_id = ANY(touched) ORDER BY user_id FOR NO KEY UPDATE;
            UPDATE agent_profiles a SET (rating, review_count) =
                (SELECT round(avg(r.rating), 2), count(*) FROM agent_reviews r WHERE r.agent_id = a.user_id)
            WHERE user_id = ANY(touched);
            RETURN NULL;
        END""",
    "forget_reviews_of_agents": """
        BEGIN
            UPDATE agent_profiles SET (rating, review_count) = (NULL, 0) WHERE review_count > 0;
            RETURN NULL;
        END""",
    "count_sales_of_agents": f"""
        DECLARE
            touched uuid[];
        BEGIN
            IF TG_LEVEL = 'ROW' THEN
                touched := ARRAY[OLD.user_id, NEW.user_id];
            ELSE
                touched := ARRAY(SELECT DISTINCT user_id FROM changed_rows WHERE status = 'sold');
            END IF;
            PERFORM FROM agent_profiles WHERE user_id = ANY(touched) ORDER BY user_id FOR NO KEY UPDATE;
            UPDATE agent_profiles a SET properties_sold = {SALES.format(agent="a.user_id")}
            WHERE user_id = ANY(touched);
            RETURN NULL;
        END""",
    # Sales that are not committed yet would be missed. Each holds a lock: one that adds a property on its owner, any
    # other on the property.
    "begin_figures_of_agent": f"""
        BEGIN
            PERFORM FROM users WHERE id = NEW.user_id FOR UPDATE;
            PERFORM FROM properties WHERE user_id = NEW.user_id ORDER BY id FOR NO KEY UPDATE;
            NEW.rating := NULL;
            NEW.review_count := 0;
            NEW.properties_sold := {SALES.format(agent="NEW.user_id")};
            RETURN NEW;
        END""",
    "refuse_figures": """
        BEGIN
            RAISE EXCEPTION 'rating, review_count and properties_sold are counted, not set'
                USING HINT = 'Change the reviews or the properties: then the figures follow.';
        END""",
}

TRIGGERS = [
    *(
        f"TRIGGER agent_reviews_{event}_{rows} AFTER {event} ON agent_reviews REFERENCING {rows} TABLE AS changed_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_reviews_of_agents()"
        for event, rows in (("insert", "new"), ("update", "old"), ("update", "new"), ("delete", "old"))
    ),
    "TRIGGER agent_reviews_truncate AFTER TRUNCATE ON agent_reviews FOR EACH STATEMENT"
    " EXECUTE FUNCTION forget_reviews_of_agents()",
    "TRIGGER agent_reviews_updated_at BEFORE UPDATE ON agent_reviews FOR EACH ROW"
    " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at()",
    # Listings are loaded and deleted by the thousand, but change one by one, and seldom into what is sold.
    "TRIGGER properties_insert_sales AFTER INSERT ON properties REFERENCING NEW TABLE AS changed_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION count_sales_of_agents()",
    "TRIGGER properties_delete_sales AFTER DELETE ON properties REFERENCING OLD TABLE AS changed_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION count_sales_of_agents()",
    "TRIGGER properties_update_sales AFTER UPDATE ON properties FOR EACH ROW"
    " WHEN ((OLD.status = 'sold') <> (NEW.status = 'sold') OR (NEW.status = 'sold' AND OLD.user_id <> NEW.user_id))"
    " EXECUTE FUNCTION count_sales_of_agents()",
    "TRIGGER agent_profiles_figures BEFORE INSERT OR UPDATE OF user_id ON agent_profiles FOR EACH ROW"
    " EXECUTE FUNCTION begin_figures_of_agent()",
    "TRIGGER agent_profiles_set_figures BEFORE UPDATE OF rating, review_count, properties_sold ON agent_profiles"
    " FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_figures()",
]


def upgrade() -> None:
    op.create_table(
        "agent_reviews",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("comment", sa.String(length=2000), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("agent_id <> client_id", name=op.f("ck_agent_reviews_client_id")),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_agent_reviews_rating")),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agent_profiles.user_id"],
            name="fk_agent_reviews_agent_id_agent_profiles",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["users.id"], name="fk_agent_reviews_client_id_users", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_agent_reviews"),
        sa.UniqueConstraint("agent_id", "client_id", name="uq_agent_reviews_agent_id_client_id"),
    )
    op.create_index("ix_agent_reviews_agent_id_created_at_id", "agent_reviews", ["agent_id", "created_at", "id"])
    op.create_index("ix_agent_reviews_client_id", "agent_reviews", ["client_id"])
    op.create_index(
        "ix_agent_profiles_standing", "agent_profiles", [sa.text("coalesce(rating, 0)"), "review_count", "user_id"]
    )
    op.create_index("ix_properties_lower_city_user_id", "properties", [sa.text("lower(city)"), "user_id"])
    op.create_index("ix_properties_user_id_created_at_id", "properties", ["user_id", "created_at", "id"])
    op.drop_index("ix_properties_user_id", "properties")  # the one before begins with it
    sales = SALES.format(agent="agent_profiles.user_id")
    op.execute(f"UPDATE agent_profiles SET rating = NULL, review_count = 0, properties_sold = {sales}")
    for name, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    for trigger in TRIGGERS:
        op.execute(f"CREATE {trigger}")


def downgrade() -> None:
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.create_index("ix_properties_user_id", "properties", ["user_id"])
    op.drop_index("ix_properties_user_id_created_at_id", "properties")
    op.drop_index("ix_properties_lower_city_user_id", "properties")
    op.drop_index("ix_agent_profiles_standing", "agent_profiles")
    op.drop_table("agent_reviews")
