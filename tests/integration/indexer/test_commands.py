"""The operator's commands while a store is not what it should be: one sentence and 3, and never a traceback."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.engine import make_url

from indexer.cli import main
from nyumba.cli import main as nyumba
from nyumba.settings import Settings
from tests.conftest import name_database, run_sql


class Quiet(SimpleHTTPRequestHandler):
    """Knows no page, and has nothing to say of it."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other_server() -> Iterator[str]:
    """The address of a web server that is no Elasticsearch."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def full_role(database_url: str) -> Iterator[str]:
    """A URL whose user may have no connection."""
    role = f"role_{uuid4().hex}"
    run_sql(database_url, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    yield make_url(database_url).set(username=role).render_as_string(hide_password=False)
    run_sql(database_url, f"DROP ROLE {role}")


def call(settings: Settings, *words: str) -> Result:
    environ = {
        "NYUMBA_DATABASE_URL": settings.require_database_url(),
        "NYUMBA_ELASTICSEARCH_URL": settings.require_elasticsearch_url(),
        "NYUMBA_SEARCH_ALIAS": settings.search_alias,
    }
    return CliRunner().invoke(nyumba if words[0] in ("migrate", "serve") else main, words, env=environ)


@pytest.mark.parametrize("word", ["status", "doctor", "reindex", "migrate"])
def test_wrong_database_is_one_sentence(settings: Settings, full_role: str, word: str) -> None:
    url = settings.require_database_url()
    nobody = make_url(url).set(username=f"nobody_{uuid4().hex}").render_as_string(hide_password=False)
    for wrong, told in (
        (name_database(url, f"none_{uuid4().hex}"), "PostgreSQL has no such database"),
        (nobody, "PostgreSQL refuses the user or the password"),
        (full_role, "PostgreSQL does not answer"),
    ):
        result = call(replace(settings, database_url=wrong), word)
        assert (result.exit_code, type(result.exception)) == (3, SystemExit), result.output
        assert told in result.output


@pytest.mark.parametrize("word", ["status", "doctor", "migrate", "serve"])
@pytest.mark.parametrize("address", ["postgresql+asyncpg://u@db:54x2/n", "postgresql+asyncpg://u@db:70000/n"])
def test_port_that_is_none_is_usage(settings: Settings, word: str, address: str) -> None:
    result = call(replace(settings, database_url=address), word)
    assert result.exit_code == 2
    assert result.output.endswith(
        "Error: NYUMBA_DATABASE_URL must be postgresql+asyncpg://user:password@host:port/database\n"
    )


@pytest.mark.parametrize("word", ["status", "migrate", "serve"])
@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("?sslmode=require", "says sslmode, which is no option; for TLS, end it with ?ssl=require"),
        ("?ssl=maybe", "has a value of ssl that is none"),
        ("?host=a&host=b&channel_binding=require", "says channel_binding, which is no option"),
    ],
)
def test_option_that_is_none_is_usage(settings: Settings, word: str, ending: str, told: str) -> None:
    """As in the URLs that hosts of PostgreSQL hand out, which are libpq's."""
    result = call(replace(settings, database_url=f"postgresql+asyncpg://u:hidden@db/n{ending}"), word)
    assert result.exit_code == 2, result.output
    assert f"Error: NYUMBA_DATABASE_URL {told}" in result.output
    assert "hidden" not in result.output


@pytest.mark.parametrize("command", [["status"], ["doctor"]])
def test_state_directory_that_is_a_file_is_usage(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "file"
    path.touch()
    result = CliRunner().invoke(main, command, env={"NYUMBA_STATE_DIR": str(path)})
    assert result.exit_code == 2, result.output
    assert f"Error: NYUMBA_STATE_DIR cannot be used: {path}/urls.json: not a directory" in result.output


@pytest.mark.parametrize("word", ["status", "doctor", "verify", "gc"])
def test_server_that_is_no_elasticsearch_is_one_sentence(settings: Settings, other_server: str, word: str) -> None:
    result = call(replace(settings, elasticsearch_url=other_server), word)
    assert (result.exit_code, type(result.exception)) == (3, SystemExit), result.output
    assert "what answers is no Elasticsearch" in result.output


def test_database_of_a_newer_release_is_one_sentence(settings: Settings) -> None:
    """As after going back to the release before: that one must not call it a bug, nor the schema up to date."""
    run_sql(settings.require_database_url(), "UPDATE alembic_version SET version_num = '9999'")
    result = call(settings, "migrate")
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    assert "Error: the database is at 9999, which this release does not know" in result.output


@pytest.mark.parametrize("words", [["reindex"], ["run", "--once"], ["dead", "retry", "--all"]])
def test_database_that_takes_no_changes_is_not_called_down(settings: Settings, words: list[str]) -> None:
    """As after a failover, when the address is still that of the one that was the primary."""
    url = settings.require_database_url()
    run_sql(url, f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on")
    result = call(settings, *words)
    assert (result.exit_code, type(result.exception)) == (3, SystemExit), result.output
    assert "PostgreSQL takes no changes" in result.output
    assert "does not answer" not in result.output
