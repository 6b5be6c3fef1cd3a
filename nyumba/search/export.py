"""The whole result of a search as a file, streamed.

Invariant: memory holds one batch, whatever the size of the result, and the point in time is closed however the download
ends.
"""

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from anyio import CancelScope
from elasticsearch import NotFoundError

from nyumba.elastic import SearchEngine, is_outage
from nyumba.errors import NyumbaError, SearchTimedOut, SearchUnavailable
from nyumba.pagination import Total
from nyumba.search.answers import SOURCE_FIELDS
from nyumba.search.query import build_listing
from nyumba.search.schemas import ExportSearch
from nyumba.search.understanding import understand

MOST_EXPORTED = 50_000
BATCH = 1_000
KEEP_ALIVE = "1m"
MEDIA_TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}

# Spreadsheets take a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ExportTooLarge(NyumbaError):
    """More properties than one export may hold."""

    status = 400
    code = "export-too-large"
    title = "Export too large"


class _Row(msgspec.Struct):
    source: msgspec.Raw = msgspec.field(name="_source")
    sort: list[Any]


class _Rows(msgspec.Struct):
    hits: list[_Row]
    total: Total | None = None


class _Batch(msgspec.Struct):
    hits: _Rows
    timed_out: bool
    pit_id: str


_decoder = msgspec.json.Decoder(_Batch)
_row_decoder = msgspec.json.Decoder(dict[str, Any])


async def export_properties(engine: SearchEngine, search: ExportSearch) -> tuple[int, AsyncIterator[bytes]]:
    """How many properties there are, and the file. The first of it is read before anything is sent.

    Raises:
        ExportTooLarge: there are more than MOST_EXPORTED.
        SearchUnavailable: Elasticsearch is down, too slow, or nothing has been indexed yet.
    """
    search = understand(search).search
    batches = _read_batches(engine, search)
    try:
        first = await anext(batches)
        total = _check_total(first.total)
    except BaseException:
        await batches.aclose()
        raise
    return total, _write(first, batches, search.format)


def _check_total(total: Total | None) -> int:
    many = total.value if total else 0
    if many > MOST_EXPORTED:
        raise ExportTooLarge(f"there are {many:,} properties, and an export holds {MOST_EXPORTED:,}; narrow it down")
    return many


async def _write(first: _Rows, batches: AsyncGenerator[_Rows], form: str) -> AsyncIterator[bytes]:
    async with aclosing(batches):
        if form == "csv":
            yield _write_csv([dict(zip(SOURCE_FIELDS, SOURCE_FIELDS, strict=True))])
        rows: _Rows | None = first
        while rows is not None:
            sources = [row.source for row in rows.hits]
            yield (
                _write_csv(map(_row_decoder.decode, sources))
                if form == "csv"
                else b"".join(line for source in sources for line in (source, b"\n"))
            )
            rows = await anext(batches, None)


async def _read_batches(engine: SearchEngine, search: ExportSearch) -> AsyncGenerator[_Rows]:
    listing = build_listing(search, datetime.now(UTC)) | {"size": BATCH}
    async with _hold_still(engine) as point:
        while True:
            body = listing | {"pit": {"id": point.id, "keep_alive": KEEP_ALIVE}}
            batch = _decoder.decode(await engine.search_at_point_in_time(msgspec.json.encode(body)))
            if batch.timed_out:
                raise SearchTimedOut
            point.id = batch.pit_id
            yield batch.hits
            if len(batch.hits.hits) < BATCH:
                return
            listing |= {"search_after": batch.hits.hits[-1].sort, "track_total_hits": False}


class _Point(msgspec.Struct):
    id: str


@asynccontextmanager
async def _hold_still(engine: SearchEngine) -> AsyncIterator[_Point]:
    try:
        opened = await engine.client.open_point_in_time(index=engine.alias, keep_alive=KEEP_ALIVE)
    except NotFoundError as error:
        raise SearchUnavailable("nothing has been indexed yet") from error
    except Exception as error:
        if is_outage(error):
            raise SearchUnavailable("search does not answer now; try again soon") from error
        raise
    point = _Point(opened["id"])
    try:
        yield point
    finally:
        with CancelScope(shield=True):  # where the client has gone, all else that waits is cancelled
            try:
                await engine.client.close_point_in_time(id=point.id)
            except Exception as error:  # it ends by itself then
                if not is_outage(error):
                    raise


def _write_csv(rows: Iterable[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([_write_cell(row.get(name)) for name in SOURCE_FIELDS] for row in rows)
    return text.getvalue().encode()


def _write_cell(value: object) -> object:
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
