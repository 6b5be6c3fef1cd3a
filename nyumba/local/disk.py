"""Files of the local services: locks, atomic writes, free space.

Invariant: a reader sees a whole file or none, and a lock ends with the process that holds it.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nyumba.local.errors import DiskFull

Report = Callable[[str], None]

MEBIBYTE = 1024 * 1024


@contextmanager
def hold_lock(path: Path, report: Report) -> Iterator[None]:
    """Be the only process in this block; says so when it has to wait for another."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"Waiting for another process that holds {path}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` in one step; readable by everybody."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.chmod(0o644)
    draft.replace(path)


def check_free_space(directory: Path, needed_mb: int, setting: str) -> None:
    """Raise `DiskFull` when fewer than `needed_mb` MB are free where `directory` is."""
    free_mb = shutil.disk_usage(directory).free // MEBIBYTE
    if free_mb < needed_mb:
        raise DiskFull(
            f"{directory} has {free_mb} MB of free space and {needed_mb} MB are needed: "
            f"make room, or set {setting} to a directory on another disk"
        )


def open_to_readers(tree: Path) -> None:
    """Let everybody read `tree`, whatever the umask was when it was written."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
