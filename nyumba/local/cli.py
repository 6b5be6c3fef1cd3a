"""`nyumba services`: the local PostgreSQL and Elasticsearch, for people and for scripts.

Invariant: with `--json`, standard output is one JSON object and nothing else; progress goes to standard error.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.markup import escape

from nyumba.commands import CommandGroup
from nyumba.local.disk import Report
from nyumba.local.services import Status, read_status, start_services, stop_services
from nyumba.settings import Settings

NOT_RUNNING = 3
PASSWORD = re.compile(r"(://[^:/@]*:)(?:(?!://).)+(?=@)|([?&]password=)[^&]*")

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")


@click.group(cls=CommandGroup)
def services() -> None:
    """PostgreSQL and Elasticsearch on this machine; data survives a stop."""


@services.command()
@as_json_option
def start(*, as_json: bool) -> None:
    """Start what does not run yet, and wait until it can be used."""
    settings = Settings.from_env(local_urls=False)
    with _show_steps() as report:
        start_services(settings, report)
    _print_status(read_status(settings), as_json=as_json)


@services.command()
@as_json_option
def stop(*, as_json: bool) -> None:
    """Stop what was started here."""
    settings = Settings.from_env(local_urls=False)
    with _show_steps() as report:
        stop_services(settings, report)
    _print_status(read_status(settings), as_json=as_json)


@services.command()
@as_json_option
@click.pass_context
def status(context: click.Context, *, as_json: bool) -> None:
    """Tell what runs; exits with 3 unless everything does."""
    statuses = read_status(Settings.from_env(local_urls=False))
    _print_status(statuses, as_json=as_json)
    if any(one.state in ("stopped", "unreachable") for one in statuses.values()):
        context.exit(NOT_RUNNING)


def _print_status(statuses: dict[str, Status], *, as_json: bool) -> None:
    if as_json:
        urls = {setting: one.url for setting, one in statuses.items()}
        states = {one.name.lower(): one.state for one in statuses.values()}
        click.echo(json.dumps({**urls, "states": states}))
        return
    for one in statuses.values():
        click.echo(f"{one.name:<14} {one.state:<11} {_hide_passwords(one.url or '')}".rstrip())


def _hide_passwords(urls: str) -> str:
    """For people, who may show it to others. Programs connect with what the JSON says."""
    return PASSWORD.sub(r"\1\2***", urls)


@contextmanager
def _show_steps() -> Iterator[Report]:
    """Lines on standard error; on a terminal, the latest has a spinner."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield lambda step: click.echo(step, err=True)
        return
    with console.status("Looking at what runs") as spinner:
        yield lambda step: spinner.update(escape(step))
