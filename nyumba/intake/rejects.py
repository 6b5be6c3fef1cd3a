"""The rejects file: one JSON line for each problem of a row that was not taken.

Invariant: a file of an earlier run never survives, and no file means no rejects.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from nyumba.intake.convert import FieldProblem
from nyumba.intake.errors import RejectsUnwritable


class Reject(msgspec.Struct, frozen=True):
    """A row that was not taken. `line` is where it starts; `source_id` is null when even that cannot be read."""

    line: int
    source_id: str | None
    problems: Sequence[FieldProblem]


class RejectsFile:
    """The rejects of one run, in place of an earlier run's. The file is made with the first of them."""

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise RejectsUnwritable(path, "there is no such directory")
        path.unlink(missing_ok=True)
        self.path = path
        self.rows = 0
        self._stream: IO[bytes] | None = None

    def write(self, rejects: Sequence[Reject]) -> None:
        """Add the rows in the order of their lines."""
        if not rejects:
            return
        stream = self._stream = self._stream or self._open()
        for reject in sorted(rejects, key=lambda reject: reject.line):
            for problem in reject.problems:
                entry = {"line": reject.line, "source_id": reject.source_id} | msgspec.structs.asdict(problem)
                stream.write(msgspec.json.encode(entry) + b"\n")
        stream.flush()
        self.rows += len(rejects)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._stream is not None:
            self._stream.close()

    def _open(self) -> IO[bytes]:
        try:
            return self.path.open("wb")
        except OSError as error:
            raise RejectsUnwritable(self.path, error.strerror or str(error)) from error
