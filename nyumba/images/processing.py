"""Pictures of strangers, decoded where they can do no harm: each in a process of its own, with an empty environment.

Invariant: no picture is decoded in this process. What a hostile file blows up, hangs or takes over is a process that
has its limits (nyumba.images.decoding sets them), that knows nothing and that ends with the file.
"""

import asyncio
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from nyumba.errors import NyumbaError
from nyumba.images import decoding
from nyumba.images.decoding import HEADER, MOST_PIXELS, Fault

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 2
LONGEST_QUEUE = 50
TIMEOUT_S = 30

_UNREADABLE = "must be a whole JPEG, PNG or WebP picture"
_SENTENCES = {
    Fault.UNREADABLE: _UNREADABLE,
    Fault.TOO_MANY_PIXELS: f"must have {MOST_PIXELS // 1_000_000} megapixels or fewer",
    Fault.ANIMATED: "must be a still picture",
}


class PictureRefused(NyumbaError):
    """A file that is none of the pictures that are taken. The message goes on after the name of the file's field."""

    status = 400
    code = "picture-refused"
    title = "Picture refused"


class ProcessingBusy(NyumbaError):
    """More pictures wait to be decoded than can be soon."""

    status = 503
    code = "busy"
    title = "Too busy"
    retry_after_s = 5


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in its two sizes, both WebP without metadata. Width and height are those of the page's."""

    width: int
    height: int
    page: bytes
    card: bytes


class Decoders:
    """Runs a few decoding processes at a time."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="decoders")
        self._waiting = 0

    async def decode(self, file: BinaryIO) -> Picture:
        """Make both sizes of the picture in a real file, which is read from where it stands.

        Raises:
            PictureRefused: it is not a picture that is taken.
            ProcessingBusy: too many wait already.
        """
        if self._waiting >= LONGEST_QUEUE:
            raise ProcessingBusy("too many pictures are being uploaded at once; try again soon")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, _decode, file)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Start no more processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _decode(file: BinaryIO) -> Picture:
    # Isolated and by its path: the program gets neither our environment nor our modules.
    command = [sys.executable, "-I", decoding.__file__]
    try:
        done = subprocess.run(  # noqa: S603  (our own program)
            command,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        logger.warning("a picture was not decoded within %d s", TIMEOUT_S)
        raise PictureRefused(_UNREADABLE) from None
    if done.returncode != 0:
        raise PictureRefused(_explain(done.returncode))
    width, height, length = HEADER.unpack_from(done.stdout)
    pictures = done.stdout[HEADER.size :]
    return Picture(width, height, pictures[:length], pictures[length:])


def _explain(exit_code: int) -> str:
    if exit_code in _SENTENCES:
        return _SENTENCES[Fault(exit_code)]
    logger.warning("decoding a picture broke down with exit code %d", exit_code)
    return _UNREADABLE
