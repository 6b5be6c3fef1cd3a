"""The database takes no row that searches cannot show, and no statement that takes one from them unseen.

TRUNCATE fires no trigger for the rows that go, so agents' profiles refuse it like all else that documents are made of.

NaN is above every number for PostgreSQL, so `price > 0` lets it pass; Elasticsearch refuses it. Rows of that kind were
legal, and are mended here rather than left behind a NOT VALID constraint: that refuses each later change of such a row,
also of its views or its owner's name. What the history of prices says that never was a price is taken out. An area that
is no number is unknown. A price that is none becomes the last one that the history knows, else 0.01, and the listing is
taken off the market until its owner has looked at it: in searches it was dead already. Of a description only as much is
kept as the API has ever taken: longer ones are of an import, whose source still has them.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LONGEST = 10_000
CHECKS = {
    "price_changes": {
        "price": "price > 0 AND price <> 'NaN'",
        "previous_price": "previous_price > 0 AND previous_price <> 'NaN'",
    },
    "properties": {
        "description": f"char_length(description) <= {LONGEST}",
        "price_is_a_number": "price <> 'NaN'",
        "square_meters_is_a_number": "square_meters <> 'NaN'",
    },
}
MEND = (
    "SET LOCAL nyumba.outbox_priority = -1",
    "DELETE FROM price_changes WHERE NOT (price > 0 AND price <> 'NaN')",
    "UPDATE price_changes SET previous_price = NULL WHERE NOT (previous_price > 0 AND previous_price <> 'NaN')",
    f"UPDATE properties SET description = left(description, {LONGEST - 1}) || '…'"
    f" WHERE char_length(description) > {LONGEST}",
    "UPDATE properties SET square_meters = NULL WHERE square_meters = 'NaN'",
    """
    UPDATE properties p SET status = CASE WHEN op_of(status) = 'index' THEN 'draft' ELSE status END, price = coalesce(
        (SELECT c.price FROM price_changes c WHERE c.property_id = p.id ORDER BY c.id DESC LIMIT 1), 0.01)
    WHERE price = 'NaN'""",
)


def upgrade() -> None:
    op.execute(
        "CREATE TRIGGER agent_profiles_truncate BEFORE TRUNCATE ON agent_profiles FOR EACH STATEMENT"
        " EXECUTE FUNCTION refuse_truncate()"
    )
    for statement in MEND:
        op.execute(statement)
    for table, checks in CHECKS.items():
        for name, condition in checks.items():
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition})")


def downgrade() -> None:
    for table, checks in CHECKS.items():
        for name in checks:
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
    op.execute("DROP TRIGGER agent_profiles_truncate ON agent_profiles")
