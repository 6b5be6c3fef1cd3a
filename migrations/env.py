"""How Alembic reaches the database.

Invariant: migrations run one at a time, under a lock in the database, so that several starting containers may all try.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

import indexer.models
import nyumba.accounts.models
import nyumba.agents.models
import nyumba.images.models
import nyumba.limits.models
import nyumba.mail.models
import nyumba.properties.models
import nyumba.saved.models
import nyumba.trending.models
import nyumba.views.models
from nyumba.db import Base, parse_url
from nyumba.settings import Settings

MIGRATION_LOCK = 0x4E79756D6261  # "Nyumba"


def migrate(connection: Connection) -> None:
    """Run what was asked for, in one transaction."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        context.run_migrations()


async def migrate_online() -> None:
    """Connect to the database of the settings, or to the one that the caller named."""
    url = context.config.attributes.get("database_url") or Settings.from_env().require_database_url()
    engine = create_async_engine(parse_url(url), poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


asyncio.run(migrate_online())
