import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nyumba.local.cli import services

Run = Callable[..., Result]

DATABASE_URL = "postgresql+asyncpg://nyumba:s3c,r/et@127.0.0.1:1/nyumba"
ELASTICSEARCH_URL = "http://127.0.0.1:1"


@pytest.fixture
def run(state_dir: Path) -> Run:
    def run(*arguments: str, **environ: str) -> Result:
        own = {"NYUMBA_STATE_DIR": str(state_dir), "NYUMBA_CACHE_DIR": str(state_dir), "NYUMBA_SERVICES": "embedded"}
        unset = {"NYUMBA_DATABASE_URL": "", "NYUMBA_ELASTICSEARCH_URL": "", "NYUMBA_ELASTICSEARCH_HOME": ""}
        return CliRunner().invoke(services, arguments, env=own | unset | environ)

    return run


def test_status_of_stopped_services_is_json_and_exit_code_3(run: Run) -> None:
    result = run("status", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout) == {
        "database_url": None,
        "elasticsearch_url": None,
        "states": {"postgresql": "stopped", "elasticsearch": "stopped"},
    }


@pytest.mark.parametrize(("command", "exit_code"), [("start", 0), ("status", 3), ("stop", 0)])
def test_given_services_are_only_reported(run: Run, command: str, exit_code: int) -> None:
    result = run(command, "--json", NYUMBA_DATABASE_URL=DATABASE_URL, NYUMBA_ELASTICSEARCH_URL=ELASTICSEARCH_URL)
    assert result.exit_code == exit_code
    assert json.loads(result.stdout) == {
        "database_url": DATABASE_URL,
        "elasticsearch_url": ELASTICSEARCH_URL,
        "states": {"postgresql": "unreachable", "elasticsearch": "unreachable"},
    }


def test_passwords_are_not_shown_to_people(run: Run) -> None:
    nodes = "http://elastic:hun:ter2@127.0.0.1:1,http://elastic:hunter2@[::1]:1"
    result = run("status", NYUMBA_DATABASE_URL=DATABASE_URL, NYUMBA_ELASTICSEARCH_URL=nodes)
    assert result.stdout == (
        "Elasticsearch  unreachable http://elastic:***@127.0.0.1:1,http://elastic:***@[::1]:1\n"
        "PostgreSQL     unreachable postgresql+asyncpg://nyumba:***@127.0.0.1:1/nyumba\n"
    )
    assert result.exit_code == 3


def test_port_that_is_none_is_one_sentence(run: Run) -> None:
    result = run("status", NYUMBA_DATABASE_URL=DATABASE_URL.replace(":1/", ":x1/"))
    assert result.exit_code == 2
    assert "NYUMBA_DATABASE_URL must be postgresql+asyncpg://user:password@host:port/database" in result.stderr


def test_failure_is_one_sentence_on_standard_error(run: Run, tmp_path: Path) -> None:
    result = run("start", NYUMBA_DATABASE_URL=DATABASE_URL, NYUMBA_ELASTICSEARCH_HOME=str(tmp_path))
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr == (
        f"Error: NYUMBA_ELASTICSEARCH_HOME is {tmp_path}, which holds no Elasticsearch: set it to another home\n"
    )


@pytest.mark.parametrize("command", ["start", "status"])
def test_unusable_directory_is_one_sentence(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    result = run(command, NYUMBA_STATE_DIR=str(tmp_path / "file" / "state"))
    assert result.exit_code == 3
    assert "cannot be used (not a directory): mend that" in result.stderr


@pytest.mark.parametrize("content", ["{", "", "[1]"])
@pytest.mark.parametrize("command", ["stop", "status"])
def test_broken_urls_file_is_one_sentence(run: Run, state_dir: Path, command: str, content: str) -> None:
    (state_dir / "urls.json").write_text(content)
    result = run(command)
    assert result.exit_code == 3
    assert f"{state_dir}/urls.json is no JSON object: delete it" in result.stderr
