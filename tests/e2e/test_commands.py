"""The programs as their users start them: processes, exit codes, and a change that goes all the way."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.settings import Settings
from tests.conftest import World

TIMEOUT_S = 60


@pytest.fixture
def environ(settings: Settings) -> dict[str, str]:
    """The environment of a program that works on this test's database and alias."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("NYUMBA_")},
        "NYUMBA_DATABASE_URL": settings.require_database_url(),
        "NYUMBA_ELASTICSEARCH_URL": settings.require_elasticsearch_url(),
        "NYUMBA_SEARCH_ALIAS": settings.search_alias,
    }


def run(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)


@pytest.fixture
def following(world: World, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`nyumba-indexer run`, on an index that is there."""
    assert run(environ, "indexer", "reindex").returncode == 0
    with subprocess.Popen([sys.executable, "-m", "indexer", "run"], env=environ) as process:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0


async def test_change_made_in_psql_shows_up_in_search(
    world: World, api: AsyncTestClient[Litestar], following: subprocess.Popen[bytes]
) -> None:
    async def wait_for(title: str, total: int) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                answer = (await api.get("/api/v1/properties", params={"search": title})).json()
                if answer["total"]["value"] == total:
                    return
                await asyncio.sleep(0.1)

    property_id = await world.add_property(title="Maisonette")
    await wait_for("maisonette", 1)
    await world.sql("UPDATE properties SET title = 'Bungalow' WHERE id = :id", id=property_id)
    await wait_for("bungalow", 1)
    await wait_for("maisonette", 0)
    await world.sql("UPDATE properties SET status = 'sold'")
    await wait_for("bungalow", 0)


def test_what_is_pending_is_processed_once(world: World, environ: dict[str, str]) -> None:
    done = run(environ, "indexer", "reindex")
    assert (done.returncode, "0 properties" in done.stdout) == (0, True), done.stderr
    done = run(environ, "indexer", "run", "--once")
    assert (done.returncode, done.stdout) == (0, "0 changes processed\n"), done.stderr
    done = run(environ, "indexer", "reindex", "--if-needed")
    assert (done.returncode, "already" in done.stdout) == (0, True), done.stderr


async def test_operator_finds_and_mends_drift(world: World, environ: dict[str, str]) -> None:
    property_id = await world.add_property()
    assert run(environ, "indexer", "status").returncode == 1
    assert run(environ, "indexer", "reindex").returncode == 0
    assert "all is well" in run(environ, "indexer", "status").stdout
    await world.sql("UPDATE properties SET price = 9")
    await world.sql("DELETE FROM search_outbox")
    found = run(environ, "indexer", "verify", "--json")
    assert (found.returncode, json.loads(found.stdout)["drift"][0]["kind"]) == (1, "stale")
    assert run(environ, "indexer", "doc", str(property_id)).returncode == 1
    assert "1 properties queued" in run(environ, "indexer", "repair").stdout
    assert run(environ, "indexer", "run", "--once", "--workers", "2").returncode == 0
    assert run(environ, "indexer", "verify").returncode == 0
    assert run(environ, "indexer", "doc", str(property_id)).returncode == 0


def test_operator_goes_back_and_sweeps(world: World, environ: dict[str, str]) -> None:
    assert run(environ, "indexer", "rollback").returncode == 1
    assert run(environ, "indexer", "reindex").returncode == 0
    assert "beside" in run(environ, "indexer", "reindex", "--no-swap").stdout
    assert run(environ, "indexer", "reindex", "--resume").returncode == 0
    assert "again" in run(environ, "indexer", "rollback").stdout
    assert json.loads(run(environ, "indexer", "gc", "--json").stdout) == {"indices": [], "tombstones": 0}
    assert run(environ, "indexer", "dead", "list").returncode == 0
    assert run(environ, "indexer", "dead", "retry").returncode == 2
    assert run(environ, "indexer", "dead", "drop", "--all").stdout == "0 dropped\n"


@pytest.mark.parametrize(
    ("change", "words", "exit_code", "sentence"),
    [
        ({}, ("indexer", "run", "--once"), 1, "run `nyumba-indexer reindex`"),
        (
            {"NYUMBA_ELASTICSEARCH_URL": "http://127.0.0.1:1"},
            ("indexer", "reindex"),
            3,
            "Elasticsearch does not answer",
        ),
        (
            {"NYUMBA_DATABASE_URL": "postgresql+asyncpg://127.0.0.1:1/x"},
            ("indexer", "reindex"),
            3,
            "PostgreSQL does not",
        ),
        (
            {"NYUMBA_DATABASE_URL": "postgresql+asyncpg://127.0.0.1:1/x"},
            ("nyumba", "migrate"),
            3,
            "PostgreSQL does not",
        ),
        ({"NYUMBA_ENV": "production"}, ("nyumba", "serve"), 2, "NYUMBA_SECRET_KEY is not set"),
        ({"NYUMBA_SEARCH_ALIAS": "Bad Name"}, ("indexer", "run"), 2, "NYUMBA_SEARCH_ALIAS must be"),
        ({}, ("indexer", "walk"), 2, "No such command"),
        ({}, ("indexer", "dead", "retry", "9" * 23), 2, "is not in the range"),
        ({}, ("indexer", "dead", "list", "--limit", "9" * 23), 2, "is not in the range"),
        ({"NYUMBA_METRICS_HOST": "203.0.113.1"}, ("indexer", "run", "--metrics-port", "9464"), 2, "--metrics-port"),
    ],
)
async def test_failure_is_one_sentence_and_an_exit_code(
    world: World,
    environ: dict[str, str],
    change: dict[str, str],
    words: tuple[str, ...],
    exit_code: int,
    sentence: str,
) -> None:
    if exit_code == 1:
        await world.add_property()
    done = run({**environ, **change}, *words)
    assert done.returncode == exit_code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


async def test_unmigrated_database_is_said_in_a_sentence(world: World, environ: dict[str, str]) -> None:
    await world.sql("DROP TABLE search_outbox, search_generations CASCADE")
    done = run(environ, "indexer", "reindex")
    assert (done.returncode, "nyumba migrate" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_demo_runs_until_it_is_interrupted_and_leaves_nothing(world: World, environ: dict[str, str]) -> None:
    port = find_port()
    command = [sys.executable, "-m", "nyumba", "demo", "--count", "300", "--port", str(port)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        assert demo.stdout is not None
        said = ""
        for line in demo.stdout:
            said += line
            if "Ctrl-C" in line and "/docs" in line:
                break
        assert demo.poll() is None, said
        parts = psutil.Process(demo.pid).children(recursive=True)
        demo.send_signal(signal.SIGINT)
        said += demo.stdout.read()
        assert demo.wait(TIMEOUT_S) == 0, said
    assert len(re.findall(rf"^  http://127\.0\.0\.1:{port}/api/v1/", said, flags=re.MULTILINE)) == 3, said
    assert [part for part in parts if part.is_running()] == []


def test_demo_on_a_busy_port_says_so(world: World, environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        done = run(environ, "nyumba", "demo", "--port", str(busy.getsockname()[1]))
    assert (done.returncode, "is in use" in done.stderr) == (2, True)


def test_metrics_on_a_busy_port_are_said_in_a_sentence(world: World, environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        done = run(environ, "indexer", "run", "--metrics-port", str(busy.getsockname()[1]))
    assert (done.returncode, "Address already in use" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
