"""The operator's commands. Exit codes: 0 fine, 1 the index needs a look, 2 usage, 3 a dependency is down."""

import asyncio
import signal
from uuid import UUID

import click
from elasticsearch import AsyncElasticsearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.commands import as_json_option, look_at, print_json, work_on
from indexer.dead_commands import dead
from indexer.doctor import examine
from indexer.event_commands import events
from indexer.follow import Follower, serve_metrics
from indexer.metrics import Metrics
from indexer.operate import roll_back, sweep
from indexer.processor import Processor
from indexer.reindex import ReindexResult, is_current, reindex
from indexer.screens import show_checks, show_report, show_status
from indexer.setup_commands import import_dashboards, set_up_security
from indexer.status import read_property, read_status
from indexer.verifications import note_verification
from indexer.verify import Mode, Report, count_public, find_serving, repair, verify
from nyumba.commands import CommandGroup, configure_logging
from nyumba.progress import show_progress
from nyumba.settings import Settings


@click.group(cls=CommandGroup)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Keep Elasticsearch equal to PostgreSQL."""
    ctx.obj = Settings.from_env()
    configure_logging(ctx.obj.log_level)


main.add_command(dead)
main.add_command(events)
main.add_command(set_up_security)
main.add_command(import_dashboards)


@main.command("run")
@click.option("--once", is_flag=True, help="Process what is pending, make it searchable, and stop.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 8), help="How many at once.")
@click.option(
    "--metrics-port", type=click.IntRange(0, 65_535), help="Serve Prometheus; by default NYUMBA_METRICS_PORT."
)
@click.pass_obj
def run_processor(settings: Settings, *, once: bool, workers: int, metrics_port: int | None) -> None:
    """Follow the database: send every change to the index, until stopped."""
    metrics = Metrics()
    port = settings.metrics_port if metrics_port is None else metrics_port

    async def drain(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> int:
        return await Processor(engine, client, alias).drain()

    async def follow(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        click.echo(f"following the database for the alias {alias}; stop with Ctrl-C", err=True)
        await Follower(engine, client, alias, metrics).run(stop, workers)

    if once:
        click.echo(f"{work_on(settings, drain):,} changes processed")
        return
    with serve_metrics(metrics, settings.metrics_host, port):
        work_on(settings, follow)


@main.command("reindex")
@click.option("--if-needed", is_flag=True, help="Only if the alias is on no index of this release's mapping.")
@click.option("--resume", is_flag=True, help="Go on with a reindex that was cut short.")
@click.option("--no-swap", is_flag=True, help="Leave the new index beside the serving one; --resume moves the alias.")
@click.option("--allow-smaller", is_flag=True, help="Move the alias though the new index is much smaller.")
@click.option(
    "--take-over", is_flag=True, help="Move it though this database, which was restored, knows no such index."
)
@click.pass_obj
def run_reindex(
    settings: Settings, *, if_needed: bool, resume: bool, no_swap: bool, allow_smaller: bool, take_over: bool
) -> None:
    """Build a fresh index from PostgreSQL and move the alias to it; searches and live changes go on meanwhile."""

    async def work(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> ReindexResult | None:
        if if_needed and await is_current(engine, client, alias):
            return None
        with show_progress("Reindexing", total=await count_public(engine), unit="properties") as advance:
            return await reindex(
                engine,
                client,
                alias,
                advance,
                resume=resume,
                swap=not no_swap,
                allow_smaller=allow_smaller,
                take_over=take_over,
            )

    result = work_on(settings, work)
    if result is None:
        click.echo(f"{settings.search_alias} is on an index of this release already")
        return
    where = "stands beside the serving index" if no_swap else f"is what {settings.search_alias} shows now"
    click.echo(f"{result.index} {where}: {result.documents:,} properties")
    if result.dead:
        click.echo(f"{result.dead:,} were refused by Elasticsearch: see `nyumba-indexer dead list`", err=True)
        raise SystemExit(1)


@main.command("rollback")
@click.pass_obj
def run_rollback(settings: Settings) -> None:
    """Show readers the index before the serving one again."""
    index = work_on(settings, roll_back)
    click.echo(f"{settings.search_alias} is on {index} again")


@main.command("verify")
@click.option("--fast/--full", "fast", help="By counts and sums of versions; or, by default, each version.")
@as_json_option
@click.pass_obj
def run_verify(settings: Settings, *, fast: bool, as_json: bool) -> None:
    """Compare every row with every document; exits with 1 when there is drift."""
    report = work_on(settings, lambda *stores: _verify(*stores, mode="fast" if fast else "full"))
    if as_json:
        print_json(report)
    else:
        show_report(report)
    if report.drift:
        raise SystemExit(1)


async def _verify(engine: AsyncEngine, client: AsyncElasticsearch, alias: str, *, mode: Mode) -> Report:
    index = await find_serving(client, alias)
    with show_progress("Verifying", total=await count_public(engine), unit="properties") as advance:
        report = await verify(engine, client, index, advance, mode)
    await note_verification(engine, alias, report)
    return report


@main.command("repair")
@click.pass_obj
def run_repair(settings: Settings) -> None:
    """Verify, and queue what differs to be written again; exits with 1 when that cannot mend all of it."""

    async def work(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> tuple[int, int]:
        report = await _verify(engine, client, alias, mode="full")
        return await repair(engine, report.drift), len(report.drift)

    queued, found = work_on(settings, work)
    click.echo(f"{queued:,} properties queued; `nyumba-indexer run` writes them")
    if queued < found:
        click.echo(f"{found - queued:,} cannot be mended so: run `nyumba-indexer reindex`", err=True)
        raise SystemExit(1)


@main.command("status")
@as_json_option
@click.pass_obj
def run_status(settings: Settings, *, as_json: bool) -> None:
    """Show the state of the index, and what to do about what is wrong; exits with 1 when something is."""
    status = look_at(settings, read_status)
    if as_json:
        print_json(status)
    else:
        show_status(status)
    if status.advice:
        raise SystemExit(1 if status.is_search_up else 3)


@main.command("doctor")
@as_json_option
@click.pass_obj
def run_doctor(settings: Settings, *, as_json: bool) -> None:
    """Check all that synchronization stands on; exits with 1 when something is wrong, 3 when a store is down."""
    checks = look_at(settings, examine)
    if as_json:
        print_json(checks)
    else:
        show_checks(checks)
    if any(check.state == "down" for check in checks):
        raise SystemExit(3)
    if any(check.state == "wrong" for check in checks):
        raise SystemExit(1)


@main.command("doc")
@click.argument("property_id", type=click.UUID)
@click.pass_obj
def show_property(settings: Settings, property_id: UUID) -> None:
    """Show one property in both stores, as JSON; exits with 1 when they differ."""

    async def work(engine: AsyncEngine, client: AsyncElasticsearch, alias: str) -> bool:
        state = await read_property(engine, client, alias, property_id)
        print_json(state)
        return bool(state.drift)

    if work_on(settings, work):
        raise SystemExit(1)


@main.command("gc")
@as_json_option
@click.pass_obj
def run_sweep(settings: Settings, *, as_json: bool) -> None:
    """Delete indices that retired a day ago, and tombstones of last week and before."""
    swept = work_on(settings, sweep)
    if as_json:
        print_json(swept)
        return
    click.echo(f"{len(swept.indices)} indices deleted: {', '.join(swept.indices) or 'none had to go'}")
    if swept.tombstones is None:
        click.echo("tombstones stay, as a change of last week still waits: see `nyumba-indexer status`")
    else:
        click.echo(f"{swept.tombstones:,} tombstones deleted")
