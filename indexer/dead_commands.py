"""The operator's commands for documents that Elasticsearch refused."""

import click

from indexer.commands import as_json_option, print_json, work_on
from indexer.operate import drop_dead, list_dead, retry_dead
from nyumba.commands import CommandGroup
from nyumba.settings import Settings

LARGEST = 2**63 - 1  # that PostgreSQL counts to

dead_ids = click.argument("ids", nargs=-1, type=click.IntRange(1, LARGEST))
all_option = click.option("--all", "everything", is_flag=True, help="All of them.")


@click.group("dead", cls=CommandGroup)
def dead() -> None:
    """Documents that Elasticsearch refused."""


@dead.command("list")
@as_json_option
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, LARGEST))
@click.pass_obj
def show_dead(settings: Settings, *, as_json: bool, limit: int) -> None:
    """Show them with their reasons, the oldest first; exits with 1 when there are any."""
    found = work_on(settings, lambda engine, *_: list_dead(engine, limit))
    if as_json:
        print_json(found)
    else:
        for one in found:
            click.echo(f"{one.id}  {one.property_id} at {one.version} in {one.index}, {one.died_at}: {one.error}")
    if found:
        raise SystemExit(1)


@dead.command("retry")
@dead_ids
@all_option
@click.pass_obj
def run_retry(settings: Settings, ids: tuple[int, ...], *, everything: bool) -> None:
    """Queue them again, by the numbers of `dead list`."""
    _check_chosen(ids, everything=everything)
    count = work_on(settings, lambda engine, *_: retry_dead(engine, ids, everything=everything))
    click.echo(f"{count:,} properties queued")


@dead.command("drop")
@dead_ids
@all_option
@click.pass_obj
def run_drop(settings: Settings, ids: tuple[int, ...], *, everything: bool) -> None:
    """Forget them, by the numbers of `dead list`."""
    _check_chosen(ids, everything=everything)
    count = work_on(settings, lambda engine, *_: drop_dead(engine, ids, everything=everything))
    click.echo(f"{count:,} dropped")


def _check_chosen(ids: tuple[int, ...], *, everything: bool) -> None:
    if bool(ids) == everything:
        raise click.UsageError("name the numbers that `nyumba-indexer dead list` shows, or say --all")
