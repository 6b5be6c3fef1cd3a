"""`nyumba import`: take the properties of another source."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from nyumba.intake.importer import ImportSummary, import_rows
from nyumba.intake.mapping import load_mapping
from nyumba.intake.reader import BrokenRow, Row, RowReader, open_rows
from nyumba.intake.rejects import RejectsFile
from nyumba.progress import Advance, show_progress
from nyumba.settings import Settings

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command("import")
@click.argument("file", type=FILE)
@click.option("--mapping", "name", required=True, help="A mapping that comes with Nyumba, or the path of a .toml file.")
@click.option(
    "--rejects",
    "rejects_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where rows that cannot be taken go, as JSON lines.  [default: FILE's name with .rejects.ndjson, here]",
)
def import_file(file: Path, name: str, rejects_path: Path | None) -> None:
    """Import the properties in FILE: .csv or .ndjson, or either with .gz.

    A row is known by its source and source id, so a second import changes nothing. Rows that cannot be taken are named
    in the rejects file, with the line, the field and the reason; the others are taken.
    """
    rejects_path = rejects_path or Path(f"{Path(file.name.removesuffix('.gz')).stem}.rejects.ndjson")
    for read in (file, Path(name)):
        if rejects_path.exists() and read.exists() and rejects_path.samefile(read):
            raise click.UsageError(f"the rejects would replace {read}; name another place with --rejects")
    mapping = load_mapping(name)
    database_url = Settings.from_env().require_database_url()
    with (
        open_rows(file, mapping.columns()) as rows,
        closing(RejectsFile(rejects_path)) as rejects,
        show_progress(f"Importing {file.name}", total=rows.size, unit="bytes") as advance,
    ):
        summary = asyncio.run(import_rows(database_url, mapping, _track(rows, advance), rejects))
    click.echo(_describe(summary, rejects))


def _track(rows: RowReader, advance: Advance) -> Iterator[Row | BrokenRow]:
    """Pass the rows on, and show how much of the file they took."""
    shown = 0
    for row in rows:
        if rows.position > shown:  # moves once for each buffer, not for each row
            advance(rows.position - shown)
            shown = rows.position
        yield row


def _describe(summary: ImportSummary, rejects: RejectsFile) -> str:
    stored = summary.stored
    counts = {
        "read": summary.read,
        "inserted": stored.inserted,
        "updated": stored.updated,
        "unchanged": stored.unchanged,
        "rejected": summary.rejected,
    }
    rate = summary.read / max(summary.seconds, 0.001)
    line = ", ".join(f"{what} {count:,}" for what, count in counts.items())
    line += f" in {summary.seconds:.1f} s ({rate:,.0f} rows/s)"
    return line if not summary.rejected else f"{line}\nrejected rows: {rejects.path}"
