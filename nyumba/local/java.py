"""Finding a Java that Elasticsearch 9 runs on.

Invariant: a trimmed runtime is refused. Without the module `jdk.jlink`, Elasticsearch dies while it boots; the program
`bin/jlink` is there exactly if the module is.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from nyumba.local.account import Account
from nyumba.local.errors import LocalServiceError

LEAST_MAJOR = 21
JVM_FOLDERS = (Path("/usr/lib/jvm"), Path("/usr/java"), Path("/opt/java"))


class JavaMissing(LocalServiceError):
    """No JDK of this machine will do."""


def find_java(
    elasticsearch_home: Path,
    account: Account,
    *,
    environ: Mapping[str, str] = os.environ,
    folders: tuple[Path, ...] = JVM_FOLDERS,
) -> Path:
    """The home of the first JDK that fits.

    `ES_JAVA_HOME`, the one bundled with Elasticsearch, `JAVA_HOME`, the usual folders, then `java` on the `PATH`.
    """
    unfit = {}
    for home in _candidates(elasticsearch_home, environ, folders):
        flaw = _find_flaw(home, account)
        if flaw is None:
            return home
        unfit[home] = flaw
    found = "; found only " + ", ".join(f"{home} ({flaw})" for home, flaw in unfit.items()) if unfit else "; found none"
    raise JavaMissing(
        f"Elasticsearch needs a full JDK {LEAST_MAJOR} or newer{found}: install one, or point ES_JAVA_HOME at one"
    )


def _candidates(elasticsearch_home: Path, environ: Mapping[str, str], folders: tuple[Path, ...]) -> Iterator[Path]:
    usual = sorted((home for folder in folders if folder.is_dir() for home in folder.iterdir()), reverse=True)
    on_path = shutil.which("java", path=environ.get("PATH"))
    homes = [
        *([Path(environ["ES_JAVA_HOME"])] if environ.get("ES_JAVA_HOME") else []),
        elasticsearch_home / "jdk",
        *([Path(environ["JAVA_HOME"])] if environ.get("JAVA_HOME") else []),
        *usual,
        *([Path(on_path).resolve().parent.parent] if on_path else []),
    ]
    yield from dict.fromkeys(home.resolve() for home in homes if (home / "bin" / "java").exists())


def _find_flaw(home: Path, account: Account) -> str | None:
    release = home / "release"
    version = (
        re.search(r'^JAVA_VERSION="((\d+)[^"]*)"', release.read_text(), re.MULTILINE) if release.exists() else None
    )
    if version is None:
        return "of unknown version"
    if int(version[2]) < LEAST_MAJOR:
        return f"version {version[1]}"
    if not (home / "bin" / "jlink").exists():
        return f"version {version[1]} without the module jdk.jlink"
    if not account.can_reach(home / "bin" / "java"):
        return f"version {version[1]}, closed to the user {account.name}"
    return None
