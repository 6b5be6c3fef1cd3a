"""Rows out of a file, one after the other, however large the file is.

Invariant: `line` is the physical line on which a row starts, as an editor counts it, also after cells of several lines.
Every row of the file comes out, as a `Row` or as a `BrokenRow`, or reading ends with an error.
"""

import csv
import gzip
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from nyumba.intake.errors import ColumnsMissing, FileBroken, FileUnknown

LARGEST_CELL = 64 * 1024 * 1024  # only a quote that is never closed makes a larger one
_BOM = b"\xef\xbb\xbf"
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Row(msgspec.Struct, frozen=True):
    """The text of the columns that were asked for; what is null or absent is empty text."""

    line: int
    cells: dict[str, str]


class BrokenRow(msgspec.Struct, frozen=True):
    """A row whose cells cannot be told apart."""

    line: int
    reason: str


class RowReader:
    """The rows of an open file."""

    def __init__(self, path: Path, columns: Collection[str], raw: IO[bytes]) -> None:
        self._path = path
        self._columns = columns
        self._raw = raw
        self._lines_read = 0
        self.size = path.stat().st_size

    @property
    def position(self) -> int:
        """How many bytes of the file, compressed or not, have been read."""
        return self._raw.tell()

    def __iter__(self) -> Iterator[Row | BrokenRow]:
        read = self._read_csv if ".csv" in self._path.suffixes[-2:] else self._read_ndjson
        try:
            yield from read()
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FileBroken(self._path, f"is no whole gzip file: {self._where()}; get the file again") from error
        except UnicodeDecodeError as error:
            raise FileBroken(self._path, f"is not UTF-8: {self._where()}; convert the file first") from error
        except csv.Error as error:
            raise FileBroken(self._path, f"is no proper CSV ({error}): {self._where()}; mend the file") from error

    def _where(self) -> str:
        return f"reading ends after line {self._lines_read}"

    def _lines(self) -> Iterator[bytes]:
        stream = gzip.GzipFile(fileobj=self._raw) if self._path.suffix == ".gz" else self._raw
        for line in stream:
            yield line.removeprefix(_BOM) if self._lines_read == 0 else line
            self._lines_read += 1
        if self._lines_read == 0:
            raise FileBroken(self._path, "is empty; there is nothing to import")

    def _read_csv(self) -> Iterator[Row | BrokenRow]:
        csv.field_size_limit(LARGEST_CELL)
        reader = csv.reader((line.decode() for line in self._lines()), strict=True)
        header = next(reader)
        self._check_header(header)
        wanted = [(header.index(column), column) for column in self._columns]
        start = reader.line_num + 1
        for cells in reader:
            if len(cells) == len(header):
                yield Row(start, {column: cells[index] for index, column in wanted})
            elif cells:
                yield BrokenRow(start, f"it has {len(cells)} cells, and the header has {len(header)}")
            start = reader.line_num + 1

    def _check_header(self, header: list[str]) -> None:
        missing = [column for column in self._columns if column not in header]
        if missing:
            raise ColumnsMissing(self._path, sorted(missing))
        repeated = sorted(column for column in self._columns if header.count(column) > 1)
        if repeated:
            raise FileBroken(self._path, f"has more than one column {repeated[0]!r}; rename all but one")

    def _read_ndjson(self) -> Iterator[Row | BrokenRow]:
        for number, line in enumerate(self._lines(), start=1):
            if not line.strip():
                continue
            try:
                cells = _OBJECT.decode(line)
                yield Row(number, {column: _to_text(cells.get(column)) for column in self._columns})
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                yield BrokenRow(number, f"it is no JSON object ({error})")


def _to_text(value: msgspec.Raw | None) -> str:
    """JSON text as a cell: numbers keep the digits that they were written with, lists and objects stay JSON."""
    literal = bytes(value) if value is not None else b"null"
    if literal == b"null":
        return ""
    return msgspec.json.decode(literal, type=str) if literal.startswith(b'"') else literal.decode()


@contextmanager
def open_rows(path: Path, columns: Collection[str]) -> Iterator[RowReader]:
    """Open a .csv or .ndjson file, plain or gzipped. CSV must have these columns; NDJSON may leave any out."""
    if not path.name.endswith((".csv", ".csv.gz", ".ndjson", ".ndjson.gz")):
        raise FileUnknown(path)
    with path.open("rb") as raw:
        yield RowReader(path, columns, raw)
