"""Sales are counted from the properties of their owner alone, whatever PostgreSQL thinks of other ways.

Asked for those of an owner that are sold, it combines two indexes, and reads all that is sold by anybody for each.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BY_OWNER = "(SELECT count(*) FILTER (WHERE p.status = 'sold') FROM properties p WHERE p.user_id = {agent})"
BY_STATUS = "(SELECT count(*) FROM properties p WHERE p.user_id = {agent} AND p.status = 'sold')"

COUNT_SALES = """
    DECLARE
        touched uuid[];
    BEGIN
        IF TG_LEVEL = 'ROW' THEN
            touched := ARRAY[OLD.user_id, NEW.user_id];
        ELSE
            touched := ARRAY(SELECT DISTINCT user_id FROM changed_rows WHERE status = 'sold');
        END IF;
        PERFORM FROM agent_profiles WHERE user_id = ANY(touched) ORDER BY user_id FOR NO KEY UPDATE;
        UPDATE agent_profiles a SET properties_sold = {sales} WHERE user_id = ANY(touched);
        RETURN NULL;
    END"""
BEGIN_FIGURES = """
    BEGIN
        PERFORM FROM users WHERE id = NEW.user_id FOR UPDATE;
        PERFORM FROM properties WHERE user_id = NEW.user_id ORDER BY id FOR NO KEY UPDATE;
        NEW.rating := NULL;
        NEW.review_count := 0;
        NEW.properties_sold := {sales};
        RETURN NEW;
    END"""


def _replace(sales: str) -> None:
    for name, body, agent in (
        ("count_sales_of_agents", COUNT_SALES, "a.user_id"),
        ("begin_figures_of_agent", BEGIN_FIGURES, "NEW.user_id"),
    ):
        counted = body.format(sales=sales.format(agent=agent))
        op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {counted} $$")


def upgrade() -> None:
    _replace(BY_OWNER)


def downgrade() -> None:
    _replace(BY_STATUS)
