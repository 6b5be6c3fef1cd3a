"""What each role may do, asked of PostgreSQL: all that is listed, and nothing else that is tried."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.database_roles import ROLE_NAMES, RoleName
from nyumba.db import is_privilege_missing
from tests.conftest import World

ADD_USER = "INSERT INTO users (email, password_hash, full_name) VALUES ('a@b.ke', '!', 'A')"

ATTEMPTS = {
    "read names of users": "SELECT id, full_name, role, is_active FROM users",
    "read addresses of users": "SELECT id, email FROM users",
    "read password hashes": "SELECT password_hash FROM users",
    "add a user": ADD_USER,
    "change a password": "UPDATE users SET password_hash = '!' WHERE email = 'a@b.ke'",
    "make somebody an administrator": "UPDATE users SET role = 'admin'",
    "change an address": "UPDATE users SET email = 'c@b.ke'",
    "reactivate an account": "UPDATE users SET is_active = true",
    "delete a user": "DELETE FROM users",
    "read logins": "SELECT token_hash FROM token_families",
    "read tokens of links": "SELECT token_hash FROM one_time_tokens",
    "read sealed tokens": "SELECT sealed_token FROM mail_outbox",
    "promise a message": "INSERT INTO mail_outbox (user_id, kind, expires_at)"
    " SELECT id, 'password_changed', now() FROM users",
    "note how sending went": "UPDATE mail_outbox SET reason = '' WHERE attempts > 9",
    "send a message to another": "UPDATE mail_outbox SET user_id = user_id",
    "forget a message": "DELETE FROM mail_outbox WHERE attempts > 9",
    "read properties": "SELECT * FROM properties",
    "change a price": "UPDATE properties SET price = 1 WHERE title = ''",
    "queue a property again": "UPDATE properties SET search_version = search_version + 1",
    "delete a property": "DELETE FROM properties WHERE title = ''",
    "read the companies of agents": "SELECT user_id, company_name FROM agent_profiles",
    "read all of agents": "SELECT * FROM agent_profiles",
    "read what people saved": "SELECT * FROM saved_properties",
    "read who looks at what": "SELECT salt FROM view_salts",
    "rewrite the history of prices": "UPDATE price_changes SET price = 1",
    "delete the history of prices": "DELETE FROM price_changes",
    "read the queue": "SELECT * FROM search_outbox",
    "work the queue": "UPDATE search_outbox SET attempts = attempts",
    "empty the queue": "DELETE FROM search_outbox",
    "read the indices": "SELECT * FROM search_generations",
    "forget an index": "DELETE FROM search_generations",
    "set documents aside": "DELETE FROM search_dead",
    "draw a version": "SELECT nextval('search_version_seq')",
    "set versions back": "SELECT setval('search_version_seq', 1)",
    "number an index": "SELECT nextval(pg_get_serial_sequence('search_generations', 'epoch'))",
    "read the release": "SELECT version_num FROM alembic_version",
    "claim another release": "UPDATE alembic_version SET version_num = version_num",
    "take the lock of a reindex": "SELECT pg_try_advisory_xact_lock(1)",
    "make a table": "CREATE TABLE more (id integer)",
    "make a temporary table": "CREATE TEMPORARY TABLE more (id integer)",
    "make a schema": "CREATE SCHEMA more",
    "make a function": "CREATE FUNCTION more() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "drop a table": "DROP TABLE properties CASCADE",
    "alter a table": "ALTER TABLE users ADD COLUMN more integer",
    "empty a table": "TRUNCATE rate_limits",
    "disable triggers": "ALTER TABLE properties DISABLE TRIGGER ALL",
    "pass triggers by": "SET LOCAL session_replication_role = replica",
    "make a trigger": "CREATE TRIGGER more BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_updated_at()",
    "make a role": "CREATE ROLE more",
    "become the owner": "DO $$ BEGIN EXECUTE format('SET LOCAL ROLE %I',"
    " (SELECT tableowner FROM pg_tables WHERE tablename = 'users')); END $$",
    "read passwords of roles": "SELECT rolpassword FROM pg_authid",
    "read a file of the server": "SELECT pg_read_file('PG_VERSION')",
    "run a program on the server": "COPY users (id) TO PROGRAM 'true'",
}
EVERYBODY = {"take the lock of a reindex"}
ALLOWED: dict[RoleName, set[str]] = {
    "api": EVERYBODY
    | {"read names of users", "read addresses of users", "read password hashes", "add a user", "change a password"}
    | {"read logins", "read tokens of links", "promise a message", "read properties", "change a price"}
    | {"queue a property again", "delete a property", "read the companies of agents", "read all of agents"}
    | {"read what people saved", "read who looks at what", "read the queue", "draw a version"},
    "indexer": EVERYBODY
    | {"read names of users", "read properties", "queue a property again", "read the companies of agents"}
    | {"read the queue", "work the queue", "empty the queue", "read the indices", "set documents aside"}
    | {"draw a version", "number an index", "read the release"},
    "mail": EVERYBODY | {"read addresses of users", "read sealed tokens", "note how sending went", "forget a message"},
}


async def is_allowed(engine: AsyncEngine, statement: str) -> bool:
    """Whether it works, in a transaction that is taken back; anything but a refusal for lack of rights is a fault."""
    async with engine.connect() as connection:
        try:
            await connection.exec_driver_sql(statement)
        except Exception as error:
            if is_privilege_missing(error):
                return False
            raise
    return True


@pytest.mark.parametrize("name", ROLE_NAMES)
async def test_role_does_its_own_work_and_nothing_else(
    world: World, engines: dict[RoleName, AsyncEngine], name: RoleName
) -> None:
    await world.add_property()
    done = {what for what, statement in ATTEMPTS.items() if await is_allowed(engines[name], statement)}
    assert done == ALLOWED[name]


async def test_every_attempt_works_for_the_owner(owner_engine: AsyncEngine) -> None:
    """So none is refused for another reason."""
    refused = {what for what, statement in ATTEMPTS.items() if not await is_allowed(owner_engine, statement)}
    assert refused == set()
