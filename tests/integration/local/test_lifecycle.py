"""The embedded services, for real. A start of Elasticsearch takes a dozen seconds, so the tests share what runs."""

import asyncio
import json
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import text

from nyumba.db import create_engine
from nyumba.local.account import Account
from nyumba.local.errors import ServiceFailed
from nyumba.local.postgres import Postgres
from nyumba.local.services import ServiceUrls, read_status, start_services, stop_services
from nyumba.settings import Settings, local_urls_path, read_local_urls


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    state_dir = Path(tempfile.mkdtemp(prefix="nyumba-lifecycle-"))
    state_dir.chmod(0o755)  # the services run as another user when root runs the tests
    cache_dir = Settings.from_env(local_urls=False).cache_dir
    settings = Settings(state_dir=state_dir, cache_dir=cache_dir, services="embedded", elasticsearch_heap_mb=256)
    yield settings
    stop_services(settings)
    shutil.rmtree(state_dir)


@pytest.fixture
def urls(settings: Settings) -> ServiceUrls:
    """Started, whatever the test before has done to them."""
    return start_services(settings, print)


def find_processes(settings: Settings) -> dict[int, str]:
    """The command line of every process that names the state directory or works in it, by pid."""
    found = {}
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            if str(settings.state_dir) in f"{command} {process.cwd()}":
                found[process.pid] = command
        except psutil.Error:
            continue
    return found


def find_servers(settings: Settings) -> set[int]:
    """The pids without PostgreSQL's children, which come and go."""
    return {pid for pid, command in find_processes(settings).items() if str(settings.state_dir) in command}


def kill(settings: Settings, word: str) -> None:
    (pid,) = (pid for pid, command in find_processes(settings).items() if word in command)
    process = psutil.Process(pid)
    process.kill()
    process.wait(timeout=10)


def run_sql(url: str, sql: str) -> list[int]:
    async def fetch() -> list[int]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return [row[0] for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(fetch())


def call(url: str, method: str = "GET") -> dict[str, object]:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def test_second_start_is_the_same_service(settings: Settings, urls: ServiceUrls) -> None:
    before = find_servers(settings)
    steps: list[str] = []
    assert start_services(settings, steps.append) == urls
    assert find_servers(settings) == before
    assert steps == []


def test_urls_are_published(settings: Settings, urls: ServiceUrls) -> None:
    published = {"database_url": urls.database_url, "elasticsearch_url": urls.elasticsearch_url}
    assert read_local_urls(settings.state_dir) == published
    assert {setting: status.url for setting, status in read_status(settings).items()} == published


async def test_database_url_serves_sqlalchemy(urls: ServiceUrls) -> None:
    engine = create_engine(urls.database_url)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_database()")) == "nyumba"
        assert await connection.scalar(text("SHOW fsync")) == "on"
        assert await connection.scalar(text("SHOW listen_addresses")) == ""
    await engine.dispose()


def list_listening(pid: int) -> set[str]:
    try:
        connections = psutil.Process(pid).net_connections("inet")
    except psutil.NoSuchProcess:  # PostgreSQL's workers come and go
        return set()
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}


def test_everything_listens_on_loopback_only(settings: Settings, urls: ServiceUrls) -> None:
    addresses = {address for pid in find_processes(settings) for address in list_listening(pid)}
    assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}


def test_killed_postgresql_is_noticed_and_started_again_with_its_data(settings: Settings, urls: ServiceUrls) -> None:
    run_sql(urls.database_url, "CREATE TABLE kept AS SELECT 7 AS value")
    kill(settings, "postgres -D")
    assert {status.name: status.state for status in read_status(settings).values()} == {
        "PostgreSQL": "stopped",
        "Elasticsearch": "running",
    }
    assert start_services(settings, print) == urls
    assert run_sql(urls.database_url, "SELECT value FROM kept") == [7]


def test_killed_elasticsearch_is_noticed_and_started_again_with_its_data(settings: Settings, urls: ServiceUrls) -> None:
    call(f"{urls.elasticsearch_url}/kept", "PUT")
    kill(settings, "org.elasticsearch.bootstrap.Elasticsearch")
    assert read_status(settings)["elasticsearch_url"].state == "stopped"
    assert start_services(settings, print) == urls
    assert "kept" in call(f"{urls.elasticsearch_url}/kept")


def test_stop_leaves_no_process_and_two_starts_at_once_are_one_service(settings: Settings, urls: ServiceUrls) -> None:
    assert find_processes(settings)
    stop_services(settings)
    assert find_processes(settings) == {}
    assert not local_urls_path(settings.state_dir).exists()
    stop_services(settings)  # nothing to do

    steps: list[str] = []
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: start_services(settings, steps.append), range(2))
    assert first == second == urls
    assert f"Waiting for another process that holds {settings.state_dir}/lock" in steps
    commands = list(find_processes(settings).values())
    assert sum("postgres -D" in command for command in commands) == 1
    assert sum("org.elasticsearch.bootstrap.Elasticsearch" in command for command in commands) == 1


def test_server_that_dies_while_it_starts_is_quoted(settings: Settings) -> None:
    broken = Settings(state_dir=settings.state_dir / "broken", cache_dir=settings.cache_dir)
    account = Account.for_services()
    account.make_open_dir(broken.state_dir)
    postgres = Postgres(broken, account)
    postgres.launch(print)
    postgres.wait()
    postgres.stop()
    (postgres.data / "global" / "pg_control").unlink()
    postgres.launch(print)
    with pytest.raises(ServiceFailed, match=r"did not start: '.*could not open file.*; read .*postgres\.log"):
        postgres.wait()
