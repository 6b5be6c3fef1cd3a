"""What the operator's commands show to people. Programs read the same with --json."""

from datetime import datetime

import click

from indexer.advice import describe_age
from indexer.doctor import Check
from indexer.status import Status
from indexer.verify import Report

SHOWN = 20
COLOURS = {"fine": "green", "wrong": "red", "down": "red", "unknown": "yellow"}


def show_status(status: Status) -> None:
    """One screen."""
    shown = ", ".join(status.shown) or ("nothing" if status.is_search_up else "unknown")
    click.echo(f"alias     {status.alias} -> {shown}")
    for generation in status.generations:
        gone = "closed" if generation.closed else "gone" if status.is_search_up else "unknown"
        count = gone if generation.documents is None else f"{generation.documents:,} properties"
        building = generation.state == "building" and status.progress is not None
        progress = f", backfilled to {status.progress:.0%}" if building else ""
        click.echo(f"index     {generation.index} {generation.state}, {count}{progress}")
    waits = f", the oldest for {describe_age(status.lag_s)}" if status.pending else ""
    click.echo(f"pending   {status.pending:,} ({status.leased:,} in work){waits}")
    click.echo(f"dead      {status.dead:,}")
    alive = [worker for worker in status.workers if worker.alive]
    for worker in alive:
        click.echo(f"indexer   {worker.name}, {worker.workers} workers, breaker {worker.breaker.replace('_', ' ')}")
    if not alive:
        click.echo("indexer   none runs")
    click.echo(f"verified  {_describe_verification(status)}")
    for advice in status.advice:
        click.echo(click.style("to do     ", fg="red") + advice)
    click.echo("          docs/alerts.md has more on each" if status.advice else "          all is well")


def _describe_verification(status: Status) -> str:
    verified = status.verified
    if verified is None:
        return "never"
    drift = ", ".join(f"{count:,} {kind}" for kind, count in sorted(verified.drift.items())) or "no drift"
    return f"{_describe_time(verified.finished_at)} ({verified.mode}): {verified.compared:,} properties, {drift}"


def _describe_time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def show_report(report: Report) -> None:
    """The kinds of drift, and some examples."""
    click.echo(f"{report.index}: {report.compared:,} properties compared, {len(report.drift):,} differ")
    for kind, count in sorted(report.count_kinds().items()):
        click.echo(f"  {kind:<10} {count:,}")
    for drift in report.drift[:SHOWN]:
        place = f" (document {drift.document_id})" if drift.document_id else ""
        versions = f"row {drift.row_version}, document {drift.document_version}"
        click.echo(f"    {drift.property_id or 'none'} {drift.kind}{place}: {versions}")
    if report.pending:
        click.echo(f"{report.pending:,} more wait for the processor")
    if report.drift:
        click.echo("run `nyumba-indexer repair`")


def show_checks(checks: list[Check]) -> None:
    """A line for each."""
    for check in checks:
        state = click.style(f"{check.state:<8}", fg=COLOURS[check.state])
        advice = f": {check.advice}" if check.advice else ""
        click.echo(f"{state}{check.name:<14}{check.found}{advice}")
