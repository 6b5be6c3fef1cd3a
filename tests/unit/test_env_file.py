"""`make env`: random, for the owner alone, and never twice."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nyumba.env_file import SECRETS, write_secrets
from nyumba.settings import Settings

ROOT = Path(__file__).parents[2]


def read(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def test_every_secret_is_made_and_of_no_other_file(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert write_secrets(one) == write_secrets(other) == list(SECRETS)
    assert {name for name, value in read(one).items() if value == read(other)[name]} == set()
    assert min(len(value) for value in read(one).values()) >= 18
    assert len(set(read(one).values())) == len(SECRETS)


def test_second_time_changes_nothing(tmp_path: Path) -> None:
    write_secrets(tmp_path / ".env")
    before = (tmp_path / ".env").read_bytes()
    assert write_secrets(tmp_path / ".env") == []
    assert (tmp_path / ".env").read_bytes() == before


@pytest.mark.parametrize("text", ["NYUMBA_LOG_LEVEL=debug\nexport POSTGRES_PASSWORD=mine", "POSTGRES_PASSWORD=mine\n"])
def test_what_the_file_says_stays(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".env"
    path.write_text(text)
    assert "POSTGRES_PASSWORD" not in write_secrets(path)
    assert path.read_text().startswith(text)


def test_empty_value_counts_as_missing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("POSTGRES_PASSWORD=\nELASTIC_PASSWORD=mine\n")
    added = write_secrets(path)
    assert ("POSTGRES_PASSWORD" in added, "ELASTIC_PASSWORD" in added) == (True, False)


@pytest.mark.parametrize("is_there", [True, False])
def test_file_is_its_owners_alone(tmp_path: Path, is_there: bool) -> None:  # noqa: FBT001
    path = tmp_path / ".env"
    if is_there:
        path.write_text("A=b\n")
        path.chmod(0o644)
    write_secrets(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    write_secrets(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_command_needs_nothing_installed_and_shows_no_value(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path[0:0] = [{str(ROOT)!r}]; import nyumba.env_file as e; e.main()",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env={"PATH": os.defpath})
    assert "POSTGRES_PASSWORD" in done.stdout
    assert [value for value in read(tmp_path / ".env").values() if value in done.stdout + done.stderr] == []


def test_production_takes_what_was_made(tmp_path: Path) -> None:
    write_secrets(tmp_path / ".env")
    made = read(tmp_path / ".env")
    environ = {name: value for name, value in made.items() if name.startswith("NYUMBA_")}
    environ |= {"NYUMBA_ENV": "production", "NYUMBA_ELASTICSEARCH_URL": "http://127.0.0.1:9200"}
    environ["NYUMBA_DATABASE_URL"] = f"postgresql+asyncpg://nyumba:{made['POSTGRES_PASSWORD']}@postgres/nyumba"
    assert Settings.from_env(environ).secret_key == made["NYUMBA_SECRET_KEY"]
    assert all(re.fullmatch(r"[\w-]+", value) for value in made.values())  # they need no quotes and stand in URLs


def test_git_ignores_the_file() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
