"""Make the PostgreSQL roles of the processes, as often as one likes.

Invariant: a role has what nyumba.database_roles says and no other right to the schema: all is taken back and given anew
in one transaction, so processes that run see no gap. No password reaches PostgreSQL, whose logs show statements.
"""

import asyncio
import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping

import click
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from nyumba.database_roles import ROLE_NAMES, SEQUENCES, TABLES, RoleName
from nyumba.db import create_engine
from nyumba.errors import SettingMissing
from nyumba.settings import PREFIX, Settings

ITERATIONS = 4096
SALT_BYTES = 16

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('nyumba.setup-roles'))")
_IS_THERE = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name)")


@click.command("setup-roles")
def set_up_database_roles() -> None:
    """Make the PostgreSQL roles that the API, the indexer and the mail worker log in with, and give them their rights.

    Run it after each `nyumba migrate`, with the owner of the tables in NYUMBA_DATABASE_URL. Harmless to repeat.
    """
    settings = Settings.from_env()
    for name, outcome in asyncio.run(_run(settings)).items():
        click.echo(f"role {name}: {outcome}")


async def _run(settings: Settings) -> dict[str, str]:
    passwords = {name: _require_password(settings, name) for name in ROLE_NAMES}
    engine = create_engine(settings.require_database_url(), pool_size=1)
    try:
        return await set_up_roles(engine, passwords)
    finally:
        await engine.dispose()


def _require_password(settings: Settings, name: RoleName) -> str:
    password: str | None = getattr(settings, f"{name}_database_password")
    if password is None:
        raise SettingMissing(f"{PREFIX}{name.upper()}_DATABASE_PASSWORD", "its role cannot log in without it")
    return password


async def set_up_roles(engine: AsyncEngine, passwords: Mapping[RoleName, str]) -> dict[str, str]:
    """Make the roles that are missing, and give all of them these passwords and their rights; what became of each.

    The engine's user must own the tables and be allowed to make roles.
    """
    outcomes = {}
    async with engine.begin() as connection:
        await connection.execute(_LOCK)
        database = (await connection.execute(text("SELECT current_database()"))).scalar_one()
        for name in ROLE_NAMES:
            role = name_role(database, name)
            outcomes[role] = await _provide_role(connection, role, passwords[name])
            for statement in _list_grants(database, role, name):
                await connection.exec_driver_sql(statement)
        for statement in _list_limits(database):
            await connection.exec_driver_sql(statement)
    return outcomes


def name_role(database: str, name: RoleName) -> str:
    """What a role is called. All databases of a server share its roles, so each database has its own."""
    return f"{database}_{name}"


async def _provide_role(connection: AsyncConnection, role: str, password: str) -> str:
    is_there: bool = (await connection.execute(_IS_THERE, {"name": role})).scalar_one()
    if not is_there:
        await connection.exec_driver_sql(f"CREATE ROLE {quote(role)}")
    verifier = build_verifier(password, secrets.token_bytes(SALT_BYTES))
    await connection.exec_driver_sql(f"ALTER ROLE {quote(role)} LOGIN PASSWORD '{verifier}'")
    return "up to date" if is_there else "made"


def _list_grants(database: str, role: str, name: RoleName) -> Iterator[str]:
    to = f"TO {quote(role)}"
    for kind in ("TABLES", "SEQUENCES"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {quote(role)}"
    yield f"GRANT CONNECT ON DATABASE {quote(database)} {to}"
    yield f"GRANT USAGE ON SCHEMA public {to}"
    for kind, declared in (("TABLE", TABLES), ("SEQUENCE", SEQUENCES)):
        for target, grants in declared.items():
            if name in grants:
                yield f"GRANT {grants[name]} ON {kind} {target} {to}"


def _list_limits(database: str) -> Iterator[str]:
    """What everybody may do by default, and no process has to."""
    yield f"REVOKE TEMPORARY ON DATABASE {quote(database)} FROM PUBLIC"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"


def build_verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of a password, as `ALTER ROLE` takes it: a SCRAM-SHA-256 verifier (RFC 5802)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt_64, stored_64, server_64 = (b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt_64}${stored_64}:{server_64}"


def quote(name: str) -> str:
    """A name as SQL writes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'
