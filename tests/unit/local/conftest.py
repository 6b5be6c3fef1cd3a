"""What the tests of the local services share."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nyumba.local.account import Account
from nyumba.settings import Settings


@pytest.fixture
def account() -> Account:
    """Whoever runs the tests: pytest's directories are closed to others."""
    return Account("myself", os.geteuid(), os.getegid())


@pytest.fixture
def open_path(tmp_path: Path) -> Path:
    """A directory that everybody can enter, by opening those of pytest around it."""
    for directory in (tmp_path, *tmp_path.parents):
        if directory == Path(tempfile.gettempdir()):
            break
        directory.chmod(0o755)
    return tmp_path


@pytest.fixture
def steps() -> list[str]:
    """Collects what is reported: pass `steps.append`."""
    return []


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", cache_dir=tmp_path / "cache")


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A directory that the services can reach also when root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="nyumba-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)
