"""`nyumba images`: what lies in storage."""

import asyncio
import sys

import click

from nyumba.db import create_engine
from nyumba.images.removals import find_orphans
from nyumba.images.storage import open_storage
from nyumba.settings import Settings


@click.group()
def images() -> None:
    """Stored images."""


@images.command("orphans")
@click.option("--delete", is_flag=True, help="Remove them as well.")
def list_orphans(*, delete: bool) -> None:
    """List the objects of images that no row names, an hour old or more. Exits with 1 when there are any left."""
    count = asyncio.run(_list(Settings.from_env(), delete=delete))
    click.echo(f"{count:,} orphans {'removed' if delete else 'found'}", err=True)
    if count and not delete:
        sys.exit(1)


async def _list(settings: Settings, *, delete: bool) -> int:
    engine = create_engine(settings.require_database_url(), pool_size=1)
    storage = open_storage(settings)
    count = 0
    try:
        async for orphan in find_orphans(engine, storage):
            click.echo(orphan.name)
            if delete:
                await storage.delete(orphan.name)
            count += 1
    finally:
        storage.close()
        await engine.dispose()
    return count
