"""The history of prices holds what was asked for in public.

A price that an owner tries while nobody else sees the listing is no price that it had: back on the market, the listing
has changed its price if the one before it left was another. So no drop can be made up.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The row is locked, so changes of one property are one after another: the clock shows it, now() would not.
NOTE_CHANGE = """
    DECLARE
        last price_changes;
    BEGIN
        SELECT * INTO last FROM price_changes WHERE property_id = NEW.id ORDER BY id DESC LIMIT 1;
        IF (last.price, last.listing_type) IS DISTINCT FROM (NEW.price, NEW.listing_type) THEN
            INSERT INTO price_changes (property_id, listing_type, price, previous_price, changed_at)
            VALUES (NEW.id, NEW.listing_type, NEW.price,
                CASE WHEN last.listing_type = NEW.listing_type THEN last.price END, clock_timestamp());
        END IF;
        RETURN NULL;
    END"""
NOTE_CHANGE_WHEREVER = """
    BEGIN
        INSERT INTO price_changes (property_id, listing_type, price, previous_price, changed_at)
        VALUES (NEW.id, NEW.listing_type, NEW.price,
            CASE WHEN OLD.status <> 'draft' AND OLD.listing_type = NEW.listing_type THEN OLD.price END,
            clock_timestamp());
        RETURN NULL;
    END"""
CHANGED = "(NEW.price, NEW.listing_type) IS DISTINCT FROM (OLD.price, OLD.listing_type)"
ON_SHOW = f"op_of(NEW.status) = 'index' AND (op_of(OLD.status) = 'unindex' OR {CHANGED})"
PUBLISHED = f"NEW.status <> 'draft' AND (OLD.status = 'draft' OR {CHANGED})"


def _replace(body: str, when: str) -> None:
    op.execute(f"CREATE OR REPLACE FUNCTION note_price_change() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    op.execute("DROP TRIGGER properties_update_price ON properties")
    op.execute(
        "CREATE TRIGGER properties_update_price AFTER UPDATE ON properties FOR EACH ROW"
        f" WHEN ({when}) EXECUTE FUNCTION note_price_change()"
    )


def upgrade() -> None:
    _replace(NOTE_CHANGE, ON_SHOW)


def downgrade() -> None:
    _replace(NOTE_CHANGE_WHEREVER, PUBLISHED)
