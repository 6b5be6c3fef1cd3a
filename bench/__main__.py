"""`python -m bench`: measure, print one table, and keep it in docs/ or hold it against what is kept there."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click
import uvloop
from sqlalchemy import text

from bench.figures import Figure
from bench.floor import measure_floor
from bench.login_timing import measure_login
from bench.reindex import fill_index, measure_reindex
from bench.report import describe_run, find_regressions, keep, merge_runs, read_kept, render_table
from bench.search import measure_growth, measure_search
from bench.sql import measure_sql
from bench.stages import measure_stages
from bench.start import measure_demo
from bench.sync import measure_memory_growth, measure_sync
from bench.world import connect, fill_database, run_services
from bench.writes import measure_writes
from nyumba.settings import Settings

PARTS = ("search", "floor", "stages", "growth", "sql", "reindex", "sync", "writes", "login", "demo")
ONLY_WHEN_ASKED = ("fill", "memory")  # that of memory seeds four times as many again
LARGE = 500_000


@click.command()
@click.option("--size", default=20_000, show_default=True, type=click.IntRange(1_000), help="Listings to seed.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Of 600 searches, of reindexes.")
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice((*PARTS, *ONLY_WHEN_ASKED)),
    help="Only this. Nothing is kept, but for --keep.",
)
@click.option("--keep", "keeps_parts", is_flag=True, help="Keep the figures of these parts beside those of the others.")
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), help="Leave the data here, or go on with it."
)
@click.option("--compare", is_flag=True, help="Keep nothing; fail where a ratio got worse by more than a tenth.")
def main(
    size: int, rounds: int, parts: tuple[str, ...], state: Path | None, *, keeps_parts: bool, compare: bool
) -> None:
    """Measure Nyumba at one size of the corpus."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the services that run for this are stopped then too
    kept = read_kept().get(str(size))
    if compare and kept is None:
        raise click.ClickException(f"nothing is kept for {size:,} listings: run make bench SIZE={size} first")
    with run_services(state) as services:
        settings = replace(services, bcrypt_cost=4, rate_limit_factor=10_000)
        figures = measure(settings, size, rounds, parts or PARTS)
        run = describe_run(figures, asyncio.run(read_versions(settings)))
    click.echo("\n".join(render_table(figures)))
    if compare and kept is not None:
        worse = find_regressions(kept.figures, figures, is_whole=not parts)
        click.echo("\n".join(worse) or "nothing got worse by more than a tenth")
        raise SystemExit(1 if worse else 0)
    if keeps_parts and kept is not None:
        keep(size, merge_runs(kept, run))
    elif keeps_parts or not parts:
        keep(size, run)


def measure(settings: Settings, size: int, rounds: int, parts: Sequence[str]) -> list[Figure]:
    """The parts at one size, each shown as soon as it is done."""
    measures: dict[str, Callable[[], list[Figure]]] = {
        "fill": list,
        "search": lambda: uvloop.run(measure_search(settings, rounds)),
        "floor": lambda: uvloop.run(measure_floor(settings)),
        "stages": lambda: measure_stages(settings),
        "growth": lambda: uvloop.run(measure_growth(settings)),
        "sql": lambda: uvloop.run(measure_sql(settings)),
        "reindex": lambda: asyncio.run(measure_reindex(settings, 1 if size >= LARGE else rounds)),
        "sync": lambda: asyncio.run(measure_sync(settings)),
        "writes": lambda: uvloop.run(measure_writes(settings)),
        "login": lambda: asyncio.run(measure_login(settings)),
        "demo": lambda: measure_demo(settings),
        "memory": lambda: measure_memory_growth(settings, size),
    }
    fill_database(settings, size)
    asyncio.run(fill_index(settings))
    figures: list[Figure] = []
    for part in parts:
        started = time.monotonic()
        found = measures[part]()
        click.echo("\n".join([*render_table(found)[2:], f"{part}: {time.monotonic() - started:.0f} s"]))
        figures += found
    return figures


async def read_versions(settings: Settings) -> dict[str, str]:
    """Of both stores."""
    async with connect(settings) as (engine, client):
        async with engine.connect() as connection:
            postgresql = str((await connection.execute(text("SHOW server_version"))).scalar_one())
        elasticsearch = str((await client.info())["version"]["number"])
    return {"postgresql": postgresql.split(maxsplit=1)[0], "elasticsearch": elasticsearch}


if __name__ == "__main__":
    main()
