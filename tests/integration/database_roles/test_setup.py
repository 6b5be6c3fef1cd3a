"""`nyumba setup-roles`: as often as one likes, with every table decided, and no password in what PostgreSQL is told."""

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from uuid import uuid4

import pytest
from click.testing import CliRunner
from elasticsearch import AsyncElasticsearch
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.cli import main
from nyumba.database_roles import ROLE_NAMES, SEQUENCES, TABLES, RoleName
from nyumba.db import create_engine, is_privilege_missing
from nyumba.local.services import ServiceUrls
from nyumba.migrate import migrate
from nyumba.settings import Settings
from nyumba.setup_roles import build_verifier, name_role
from tests.conftest import World, run_sql
from tests.integration.database_roles.conftest import PASSWORDS, set_up
from tests.statements import record_statements

RELATIONS = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = ANY(string_to_array(:kinds, NULL))"""
TABLE_KINDS, SEQUENCE_KIND = "rpvmf", "S"


def make_environ(database_url: str, **others: str) -> dict[str, str]:
    passwords = {f"NYUMBA_{name.upper()}_DATABASE_PASSWORD": PASSWORDS[name] for name in ROLE_NAMES}
    return {"NYUMBA_DATABASE_URL": database_url, **passwords, **others}


@pytest.fixture
def world(owner_engine: AsyncEngine, elastic: AsyncElasticsearch, settings: Settings) -> World:
    """The owner's, before there are roles."""
    return World(owner_engine, elastic, settings)


async def is_refused(engine: AsyncEngine, statement: str) -> bool:
    """Whether it is for lack of rights; anything else is a fault of the test."""
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql(statement)
    except Exception as error:
        if is_privilege_missing(error):
            return True
        raise
    return False


@pytest.mark.parametrize(("declared", "kinds"), [(TABLES, TABLE_KINDS), (SEQUENCES, SEQUENCE_KIND)])
async def test_rights_to_every_table_and_sequence_are_decided(
    world: World, declared: dict[str, object], kinds: str
) -> None:
    """A migration that adds one adds a line to nyumba.database_roles, if only to say that nobody needs it."""
    assert {name for (name,) in await world.sql(RELATIONS, kinds=kinds)} == set(declared)


async def test_no_function_lends_its_owners_rights(world: World) -> None:
    """Else what a role may do would not be what it was granted."""
    functions = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    assert await world.sql(functions) == []


async def test_second_time_says_so_and_changes_no_right(
    world: World, database_url: str, role_names: dict[RoleName, str], role_urls: dict[RoleName, str]
) -> None:
    rights = "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
    before = await world.sql(rights)
    assert await set_up(database_url) == dict.fromkeys(role_names.values(), "up to date")
    assert await world.sql(rights) == before


@pytest.mark.parametrize("right", ["SELECT", "SELECT (password_hash)"])
async def test_right_that_is_not_declared_is_taken_back(
    world: World, database_url: str, role_names: dict[RoleName, str], engines: dict[RoleName, AsyncEngine], right: str
) -> None:
    statement = "SELECT password_hash FROM users"
    await world.sql(f'GRANT {right} ON users TO "{role_names["indexer"]}"')
    assert not await is_refused(engines["indexer"], statement)
    await set_up(database_url)
    assert await is_refused(engines["indexer"], statement)
    assert not await is_refused(engines["indexer"], "SELECT full_name FROM users")


async def test_new_table_is_closed_until_it_is_declared(
    world: World, database_url: str, engines: dict[RoleName, AsyncEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.sql("CREATE TABLE tours (id integer)")
    await set_up(database_url)
    assert await is_refused(engines["api"], "SELECT id FROM tours")
    monkeypatch.setattr("nyumba.setup_roles.TABLES", {**TABLES, "tours": {"api": "SELECT"}})
    await set_up(database_url)
    assert not await is_refused(engines["api"], "SELECT id FROM tours")


async def test_roles_have_no_rights_of_administrators(world: World, role_urls: dict[RoleName, str]) -> None:
    attributes = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin"
    found = await world.sql(f"SELECT {attributes} FROM pg_roles WHERE rolname LIKE current_database() || '\\_%'")
    assert found == [(False, False, False, False, False, True)] * len(ROLE_NAMES)
    memberships = "SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
    assert await world.sql(f"{memberships} WHERE rolname LIKE current_database() || '\\_%'") == []


async def test_several_at_once_wait_for_each_other(database_url: str, role_names: dict[RoleName, str]) -> None:
    outcomes = await asyncio.gather(*(set_up(database_url) for _ in range(4)))
    assert sorted(outcome[role_names["api"]] for outcome in outcomes) == ["made", *["up to date"] * 3]


@pytest.fixture
def plain_owner(services: ServiceUrls) -> Iterator[str]:
    """A migrated database of somebody who may make roles and is no superuser."""
    name = f"plain_{uuid4().hex}"
    run_sql(services.database_url, f"CREATE ROLE {name} LOGIN CREATEROLE", f"CREATE DATABASE {name} OWNER {name}")
    url = make_url(services.database_url).set(database=name, username=name).render_as_string(hide_password=False)
    migrate(url)
    yield url
    roles = [name_role(name, role) for role in ROLE_NAMES]
    run_sql(services.database_url, f"DROP DATABASE {name}", *(f"DROP ROLE IF EXISTS {role}" for role in [*roles, name]))


async def test_owner_need_not_be_a_superuser(plain_owner: str) -> None:
    assert set((await set_up(plain_owner)).values()) == {"made"}
    assert set((await set_up(plain_owner)).values()) == {"up to date"}
    role = name_role(str(make_url(plain_owner).database), "mail")
    engine = create_engine(make_url(plain_owner).set(username=role).render_as_string(hide_password=False))
    assert not await is_refused(engine, "SELECT id, email FROM users")
    assert await is_refused(engine, "SELECT full_name FROM users")
    await engine.dispose()


async def test_verifier_is_the_one_that_postgresql_makes(world: World, role_names: dict[RoleName, str]) -> None:
    """So the role logs in by the password, which PostgreSQL was never told."""
    await world.sql(f"CREATE ROLE \"{role_names['api']}\" PASSWORD '{PASSWORDS['api']}'")
    [(kept,)] = await world.sql("SELECT rolpassword FROM pg_authid WHERE rolname = :name", name=role_names["api"])
    salt = kept.split("$")[1].split(":")[1]
    assert build_verifier(PASSWORDS["api"], b64decode(salt)) == kept


async def test_no_password_is_in_a_statement(world: World, database_url: str, role_names: dict[RoleName, str]) -> None:
    """PostgreSQL logs those that fail, or all."""
    with record_statements() as statements:
        await set_up(database_url)
    told = "\n".join(statements)
    assert [name for name in ROLE_NAMES if f'ALTER ROLE "{role_names[name]}" LOGIN' not in told] == []
    assert [name for name, password in PASSWORDS.items() if password in told] == []
    stored = await world.sql(
        "SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY(:roles)", roles=[*role_names.values()]
    )
    assert [role for role, verifier in stored if verifier not in told] == []


def test_command_says_what_became_of_each_role(database_url: str, role_names: dict[RoleName, str]) -> None:
    done = CliRunner(env=make_environ(database_url)).invoke(main, ["setup-roles"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"role {role}: made" for role in role_names.values()]


@pytest.mark.parametrize("name", ROLE_NAMES)
def test_command_asks_for_every_password(database_url: str, role_names: dict[RoleName, str], name: RoleName) -> None:
    missing = f"NYUMBA_{name.upper()}_DATABASE_PASSWORD"
    done = CliRunner(env=make_environ(database_url, **{missing: ""})).invoke(main, ["setup-roles"])
    assert (done.exit_code, f"{missing} is not set" in done.stderr) == (2, True)


def test_command_before_the_migrations_says_what_to_run(database_url: str, role_names: dict[RoleName, str]) -> None:
    run_sql(database_url, "DROP TABLE view_salts")
    done = CliRunner(env=make_environ(database_url)).invoke(main, ["setup-roles"])
    assert (done.exit_code, "nyumba migrate" in done.stderr) == (1, True)


def test_role_cannot_make_roles_and_is_told_who_can(role_urls: dict[RoleName, str]) -> None:
    done = CliRunner(env=make_environ(role_urls["api"])).invoke(main, ["setup-roles"])
    assert (done.exit_code, "as the owner" in done.stderr, "Traceback" in done.stderr) == (3, True, False)
