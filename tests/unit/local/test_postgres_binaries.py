import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from nyumba.local import postgres_binaries
from nyumba.local.account import Account
from nyumba.local.postgres_binaries import PostgresMissing, find_binaries


@pytest.fixture
def closed_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheel's files in a directory that only its owner can enter, as below root's home."""
    spec = find_spec(postgres_binaries.PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for folder in (package, package.with_name(f"{package.name}.libs")):
        (closed / folder.name).symlink_to(folder)
    monkeypatch.setattr(sys, "path", [str(closed), *sys.path])
    return closed


def test_reachable_wheel_is_used_in_place(closed_environment: Path, account: Account, tmp_path: Path) -> None:
    assert find_binaries(tmp_path / "cache", account, print).is_relative_to(closed_environment)


def test_unreachable_wheel_is_copied_once_and_left_closed(
    closed_environment: Path, open_path: Path, steps: list[str]
) -> None:
    stranger = Account("stranger", 54321, 54321)
    binaries = find_binaries(open_path / "cache", stranger, steps.append)
    assert find_binaries(open_path / "cache", stranger, steps.append) == binaries
    assert len(steps) == 1
    assert closed_environment.stat().st_mode & 0o777 == 0o700
    for program in ("postgres", "psql", "initdb"):
        answer = subprocess.run([binaries / program, "--version"], capture_output=True, text=True, check=True, env={})
        assert "(PostgreSQL) 18." in answer.stdout


def test_missing_wheel_is_said(tmp_path: Path, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_binaries, "PACKAGE", "no_such_package")
    with pytest.raises(PostgresMissing, match="run `make setup`, or point NYUMBA_DATABASE_URL at a server"):
        find_binaries(tmp_path, account, print)
