"""The system account that the services run as: `nobody` when root starts them, otherwise oneself.

Invariant: permissions are set only on what this package itself makes; a closed directory of somebody else (root's
home, say) is reported, never opened.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

from nyumba.local.errors import DirectoryUnusable


class Identity(TypedDict, total=False):
    """Arguments of `subprocess.Popen` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its group. PostgreSQL and Elasticsearch both refuse to run as root."""

    name: str
    uid: int
    gid: int

    @classmethod
    def for_services(cls) -> Self:
        """`nobody` if this process is root's, otherwise whoever runs it."""
        if os.geteuid() == 0:
            entry = pwd.getpwnam("nobody")
            return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)
        return cls(str(os.geteuid()), os.geteuid(), os.getegid())

    @property
    def differs(self) -> bool:
        """Whether processes have to change to this account."""
        return self.uid != os.geteuid()

    def as_subprocess(self) -> Identity:
        """The arguments that make a subprocess run as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.differs else {}

    def can_reach(self, path: Path) -> bool:
        """Whether every directory above `path` lets the account through."""
        return self._closed_ancestor(path) is None

    def make_open_dir(self, path: Path) -> None:
        """Make a directory that others can enter, and check that they can, whatever the umask is."""
        missing = [directory for directory in (path, *path.parents) if not directory.exists()]
        for directory in reversed(missing):
            directory.mkdir(exist_ok=True)
            directory.chmod(0o755)
        if (closed := self._closed_ancestor(path / "any")) is not None:
            raise DirectoryUnusable(
                f"{closed} is closed to the user {self.name}, whom the services of root run as: set NYUMBA_STATE_DIR "
                f"and NYUMBA_CACHE_DIR to directories elsewhere, or run `chmod o+x {closed}`"
            )

    def make_private_dir(self, path: Path) -> None:
        """Make a directory that belongs to the account alone. Its parent must be open."""
        path.mkdir(exist_ok=True)
        path.chmod(0o700)
        self.own(path)

    def own(self, path: Path) -> None:
        """Give one file or directory to the account."""
        if self.differs:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def _closed_ancestor(self, path: Path) -> Path | None:
        for directory in reversed(path.parents):
            entry = directory.stat()
            if self.uid == entry.st_uid:
                enter = stat.S_IXUSR
            else:
                enter = stat.S_IXGRP if self.gid == entry.st_gid else stat.S_IXOTH
            if self.differs and not entry.st_mode & enter:
                return directory
        return None
