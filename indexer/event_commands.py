"""The operator's commands for the records of searches and events."""

from datetime import timedelta

import click

from indexer.commands import as_json_option, print_json, work_on
from indexer.event_streams import forget_records, prepare_streams
from nyumba.commands import CommandGroup
from nyumba.settings import Settings


@click.group("events", cls=CommandGroup)
def events() -> None:
    """Records of searches, and of what people did with results."""


@events.command("prepare")
@click.pass_obj
def run_prepare(settings: Settings) -> None:
    """Put the templates of the data streams there, or bring them up to date."""
    names = work_on(settings, lambda _, client, __: prepare_streams(client, settings.events_prefix))
    click.echo(f"{' and '.join(names)} are ready")


@events.command("gc")
@as_json_option
@click.pass_obj
def run_forget(settings: Settings, *, as_json: bool) -> None:
    """Delete records that are older than NYUMBA_EVENTS_RETENTION_DAYS."""
    keep = timedelta(days=settings.events_retention_days)
    forgotten = work_on(settings, lambda _, client, __: forget_records(client, settings.events_prefix, keep))
    if as_json:
        print_json(forgotten)
    else:
        click.echo(f"{len(forgotten.indices)} indices and {forgotten.records:,} single records deleted")
