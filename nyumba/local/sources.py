"""What `distribution` asks of a place that Elasticsearch can be fetched from.

Invariant: a source that is merely out of reach raises `SourceUnavailable`, and the next one is tried; bytes that are
not the expected ones raise `ChecksumMismatch`, and nothing else is tried.
"""

import hashlib
from pathlib import Path
from typing import Protocol

from nyumba.local.disk import Report
from nyumba.local.errors import LocalServiceError


class SourceUnavailable(LocalServiceError):
    """This source cannot be used from here. The message is a clause, as it ends up in a list of them."""


class ChecksumMismatch(LocalServiceError):
    """What was downloaded is not what was asked for."""


class Source(Protocol):
    """One place to fetch Elasticsearch from."""

    def fetch(self, home: Path, report: Report) -> None:
        """Make `home` an unpacked Elasticsearch. Scratch files go beside it: their directory is removed afterwards.

        Raises:
            SourceUnavailable: it cannot be reached, or lacks a tool.
            DiskFull: too little space for the archive and what is in it.
            ChecksumMismatch: the archive is not the expected one.
        """


def check_checksum(archive: Path, algorithm: str, expected: str) -> None:
    """Raise `ChecksumMismatch` unless the file has the expected digest."""
    with archive.open("rb") as file:
        actual = hashlib.file_digest(file, algorithm).hexdigest()
    if actual != expected:
        raise ChecksumMismatch(
            f"{archive.name} has the {algorithm} {actual[:12]}… where {expected[:12]}… is expected, so it was thrown "
            "away: try again, and if this stays so, look for a proxy that alters downloads"
        )


class Steps:
    """Reports a download at each tenth of it."""

    def __init__(self, what: str, size: int, report: Report) -> None:
        self._what, self._size, self._report, self._shown = what, size, report, -1

    def reach(self, done: int) -> None:
        """Tell how many bytes are there by now; `report` hears of it when another tenth is complete."""
        tenths = min(10, 10 * done // self._size)
        if tenths > self._shown:
            self._shown = tenths
            self._report(f"{self._what}: {tenths * 10} % of {self._size // 1_000_000} MB")
