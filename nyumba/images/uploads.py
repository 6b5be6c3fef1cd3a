"""Files out of a multipart body, one at a time and on disk, so that memory does not grow with what is sent.

Invariant: reading stops where a file outgrows the limit, and nothing that the client says about a file, be it a name or
a type, is used for anything.
"""

from collections.abc import AsyncGenerator
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from nyumba.errors import FieldError, InvalidRequest, MalformedBody, NyumbaError

FIELD = "files"
MOST_FILES = 10
MOST_BYTES = 10_000_000
LARGEST_BODY = MOST_FILES * MOST_BYTES + 100_000  # what surrounds the files

_MALFORMED = f"the body must be multipart/form-data, with one part named {FIELD} for each picture"


class FileTooLarge(NyumbaError):
    """A file has more bytes than are taken."""

    status = 413
    code = "file-too-large"
    title = "File too large"


async def receive_files(request: Request[Any, Any, Any]) -> AsyncGenerator[BinaryIO, None]:
    """Yield the content of each file, which is there until the next one is asked for.

    Raises:
        MalformedBody: it is no multipart form, or it is cut short.
        InvalidRequest: there are too many files, or parts of another name.
        FileTooLarge: one is.
    """
    count = -1
    with TemporaryFile() as file:
        async for event in _read_events(request):
            if isinstance(event, MultipartSegment):
                count += 1
                _check_part(event, count)
                file.seek(0)
                file.truncate()
            elif event is None:
                file.seek(0)
                yield file
            elif file.tell() + len(event) > MOST_BYTES:
                raise FileTooLarge(f"{FIELD}/{count}: must have {MOST_BYTES // 1_000_000} MB or less")
            else:
                file.write(event)


async def _read_events(request: Request[Any, Any, Any]) -> AsyncGenerator[MultipartSegment | bytes | None, None]:
    """The beginning of each part, its bytes and its end, which is None."""
    content_type, options = request.content_type
    if content_type != "multipart/form-data":
        raise MalformedBody(_MALFORMED)
    try:
        with PushMultipartParser(options.get("boundary", "")) as parser:
            async for chunk in request.stream():
                if not parser.closed:
                    for event in parser.parse(chunk):
                        yield event
    except MultipartError:
        raise MalformedBody(_MALFORMED) from None


def _check_part(part: MultipartSegment, number: int) -> None:
    if part.name != FIELD:
        raise InvalidRequest([FieldError(f"each part must be named {FIELD}", pointer=f"/{number}")])
    if number >= MOST_FILES:
        raise InvalidRequest([FieldError(f"must be {MOST_FILES} files at most", pointer=f"/{FIELD}")])
