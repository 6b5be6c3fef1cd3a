"""Progress of long work: a bar on a terminal, a plain line every few seconds in a log. Always on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINE_INTERVAL_S = 5.0

Advance = Callable[[int], None]


@contextmanager
def show_progress(title: str, *, total: int | None, unit: str) -> Iterator[Advance]:
    """Yield a function to call with how many more `unit`s are done."""
    if sys.stderr.isatty():
        yield from _show_bar(title, total, unit)
    else:
        yield from _show_lines(title, total, unit)


def _show_bar(title: str, total: int | None, unit: str) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total, rate="")
        started = time.monotonic()

        def advance(count: int) -> None:
            progress.advance(task, count)
            done = progress.tasks[task].completed
            progress.update(task, rate=f"{done / (time.monotonic() - started):,.0f} {unit}/s")

        yield advance


def _show_lines(title: str, total: int | None, unit: str) -> Iterator[Advance]:
    started = shown = time.monotonic()
    done = 0

    def show(*, is_last: bool) -> None:
        spent_s = max(time.monotonic() - started, 0.001)
        end = f", {timedelta(seconds=round(spent_s))} in all" if is_last else _describe_left(done, total, spent_s)
        of_total = f" of {total:,}" if total is not None else ""
        click.echo(f"{title}: {done:,}{of_total} {unit}, {done / spent_s:,.0f} {unit}/s{end}", err=True)

    def advance(count: int) -> None:
        nonlocal done, shown
        done += count
        if time.monotonic() - shown >= LINE_INTERVAL_S:
            shown = time.monotonic()
            show(is_last=False)

    yield advance
    show(is_last=True)


def _describe_left(done: int, total: int | None, spent_s: float) -> str:
    """The time left at the rate so far, where the end is known."""
    if not total or not done:
        return ""
    return f", {timedelta(seconds=round(max(0, total - done) * spent_s / done))} left"
