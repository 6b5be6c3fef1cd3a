"""What ends an import. What it had committed stays, and running it again goes on from there.

Invariant: a row that cannot be taken is none of these. It goes to the rejects file.
"""

from pathlib import Path

from nyumba.errors import NyumbaError


class MappingUnknown(NyumbaError):
    """No mapping of that name."""

    exit_code = 2

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"there is no mapping {name!r}; take one of {', '.join(known)}, or the path of a .toml file")


class MappingInvalid(NyumbaError):
    """A mapping file that cannot be understood."""

    exit_code = 2

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the mapping {name} cannot be used: {reason}")


class FileUnknown(NyumbaError):
    """A file of a kind that cannot be read."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} must be named .csv, .csv.gz, .ndjson or .ndjson.gz, so that its format is known")


class FileBroken(NyumbaError):
    """A file that cannot be read to its end."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")


class ColumnsMissing(NyumbaError):
    """The mapping names columns that the file has not."""

    def __init__(self, path: Path, columns: list[str]) -> None:
        names = ", ".join(repr(name) for name in columns)
        super().__init__(f"{path} has no column {names}, which the mapping names; check the file or the mapping")


class RejectsUnwritable(NyumbaError):
    """The rejects have nowhere to go."""

    exit_code = 2

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot write the rejects to {path} ({reason}); name another place with --rejects")
