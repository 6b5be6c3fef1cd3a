"""Changes that meet: what one transaction cannot see of another must not leave a document as it was.

A property that is written shares the row of its user, and whoever changes what it shows of them needs that row alone:
so the later of the two sees the earlier. And an id that is inserted again while it is being deleted gets its version
after the deletion has got its own.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ASSIGN_VERSION = """
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF NEW.id <> OLD.id THEN
                RAISE EXCEPTION 'properties.id cannot change: the search index knows a property by it';
            END IF;
            IF coalesce(current_setting('nyumba.ranking_only', true), '') <> 'on' THEN
                NEW.updated_at := now();
            END IF;{on_update}
        {on_insert}END IF;
        NEW.search_version := nextval('search_version_seq');
        RETURN NEW;
    END"""
SHARE_USER = "PERFORM FROM users WHERE id = NEW.user_id FOR SHARE;"
ON_UPDATE = f"""
            IF NEW.user_id <> OLD.user_id THEN
                {SHARE_USER}
            END IF;"""
ON_INSERT = f"""ELSE
            PERFORM FROM properties WHERE id = NEW.id FOR KEY SHARE;
            {SHARE_USER}
        """
TOUCH_OF_USER = """
    DECLARE
        owner uuid := CASE WHEN TG_TABLE_NAME = 'users' THEN to_jsonb(NEW) ->> 'id'
                           WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ->> 'user_id'
                           ELSE to_jsonb(NEW) ->> 'user_id' END;
    BEGIN{lock}
        UPDATE properties SET search_version = search_version + 1 WHERE user_id = owner;
        RETURN NULL;
    END"""
LOCK_USER = """
        PERFORM FROM users WHERE id = owner FOR NO KEY UPDATE;"""


def _replace(name: str, body: str) -> None:
    op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")


def upgrade() -> None:
    _replace("assign_search_version", ASSIGN_VERSION.format(on_update=ON_UPDATE, on_insert=ON_INSERT))
    _replace("touch_properties_of_user", TOUCH_OF_USER.format(lock=LOCK_USER))


def downgrade() -> None:
    _replace("assign_search_version", ASSIGN_VERSION.format(on_update="", on_insert=""))
    _replace("touch_properties_of_user", TOUCH_OF_USER.format(lock=""))
