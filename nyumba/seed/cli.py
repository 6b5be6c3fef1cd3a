"""`nyumba seed`: fill a database with the demo's listings."""

import asyncio
import time
from datetime import UTC, date, datetime

import click

from nyumba.db import create_engine
from nyumba.errors import NyumbaError
from nyumba.progress import show_progress
from nyumba.seed.seeder import SeedCounts, seed_database
from nyumba.settings import Settings

MOST_LISTINGS = 5_000_000
LARGEST_SEED = 2**31 - 1


class SeedRefused(NyumbaError):
    """The demo's listings have no place here."""

    exit_code = 2


@click.command("seed")
@click.option("--count", default=20_000, show_default=True, type=click.IntRange(1, MOST_LISTINGS), help="How many.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, LARGEST_SEED), help="Which listings.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The listings are from the year before this day; it changes nothing else.  [default: today]",
)
def seed_listings(count: int, seed: int, as_of: datetime | None) -> None:
    """Fill the database with believable Kenyan listings: always the same ones for a seed.

    Listings that are there already stay as they are, so a second run changes nothing and a larger COUNT adds the rest.
    """
    settings = Settings.from_env()
    if settings.env == "production":
        raise SeedRefused("nyumba seed makes up listings: it refuses to run while NYUMBA_ENV is production")
    day = as_of.date() if as_of is not None else datetime.now(UTC).date()
    started = time.monotonic()
    counts = asyncio.run(_seed(settings.require_database_url(), count=count, seed=seed, as_of=day))
    seconds = time.monotonic() - started
    click.echo(f"inserted {counts.inserted:,}, already there {counts.already_there:,} in {seconds:.1f} s")


async def _seed(database_url: str, *, count: int, seed: int, as_of: date) -> SeedCounts:
    engine = create_engine(database_url, pool_size=1)
    try:
        with show_progress("Seeding", total=count, unit="listings") as advance:
            return await seed_database(engine, count=count, seed=seed, as_of=as_of, advance=advance)
    finally:
        await engine.dispose()
