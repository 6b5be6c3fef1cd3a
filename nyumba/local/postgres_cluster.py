"""The data directory of the local PostgreSQL.

Invariant: a cluster appears whole, by a rename, so that an interrupted initdb is never taken for one; and a cluster of
another version is never touched.
"""

import os
import shutil
import subprocess
from pathlib import Path

from nyumba.local.account import Account
from nyumba.local.disk import Report
from nyumba.local.errors import DirectoryUnusable, ServiceFailed

MAJOR = "18"
LONGEST_SOCKET = 107  # bytes, by the kernel's sockaddr_un
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}  # and so without PGPORT, PGOPTIONS and their like
# The built-in locale sorts and folds case alike on every machine, whatever its C library has.
INITDB_OPTIONS = (
    *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)


def check_socket(socket: Path) -> None:
    """Raise `DirectoryUnusable` if no unix socket can have this path."""
    if len(os.fsencode(socket)) > LONGEST_SOCKET:
        raise DirectoryUnusable(
            f"The path of the socket {socket} is longer than {LONGEST_SOCKET} bytes: "
            "set NYUMBA_STATE_DIR to a directory with a shorter path"
        )


def provide_cluster(data: Path, binaries: Path, account: Account, report: Report) -> None:
    """Make the cluster unless it is there.

    Raises:
        DirectoryUnusable: it is there, and another version made it.
        ServiceFailed: initdb failed.
    """
    if data.exists():
        version = (data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise DirectoryUnusable(
                f"{data} was made by PostgreSQL {version} and this is {MAJOR}: move it away, or set NYUMBA_STATE_DIR "
                "to another directory"
            )
        return
    report("Making a PostgreSQL cluster")
    draft = data.with_suffix(".partial")
    shutil.rmtree(draft, ignore_errors=True)
    made = subprocess.run(  # noqa: S603  (our own command)
        [binaries / "initdb", *INITDB_OPTIONS, "--pgdata", draft],
        env=ENVIRONMENT,
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
        **account.as_subprocess(),
    )
    if made.returncode != 0:
        reason = made.stderr.strip().splitlines()[-1]
        raise ServiceFailed(f"initdb cannot make a cluster in {data.parent} ({reason}): mend that, and start again")
    draft.replace(data)
