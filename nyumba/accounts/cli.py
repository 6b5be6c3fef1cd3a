"""`nyumba users`: accounts that nobody can register."""

import asyncio
import sys
from uuid import UUID

import click
import msgspec

from nyumba.accounts.passwords import LONGEST_PASSWORD, Passwords
from nyumba.accounts.schemas import FullName
from nyumba.accounts.service import create_admin
from nyumba.db import create_engine, create_session_factory
from nyumba.settings import Settings


@click.group("users")
def users() -> None:
    """Accounts that nobody can register."""


@users.command("create-admin")
@click.option("--email", required=True, help="Address to log in with; it counts as verified.")
@click.option("--full-name", required=True, help="Name that others see.")
def create_administrator(email: str, full_name: str) -> None:
    """Make an administrator. The password is asked for, or read from standard input when that is no terminal."""
    settings = Settings.from_env()
    try:
        full_name = msgspec.convert(full_name, FullName)
    except msgspec.ValidationError as error:
        raise click.BadParameter("must be 1 to 200 characters on one line", param_hint="--full-name") from error
    user_id = asyncio.run(_create(settings, email=email, full_name=full_name, password=_read_password()))
    click.echo(f"created administrator {user_id}")


def _read_password() -> str:
    """Never an argument: those show in the list of processes and in the shell's history."""
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\n")


async def _create(settings: Settings, *, email: str, full_name: str, password: str) -> UUID:
    engine = create_engine(settings.require_database_url(), pool_size=1)
    passwords = Passwords(cost=settings.bcrypt_cost, min_length=settings.password_min_length)
    try:
        async with create_session_factory(engine).begin() as session:
            return await create_admin(session, passwords, email=email, full_name=full_name, password=password)
    finally:
        passwords.close()
        await engine.dispose()
