"""`nyumba serve` as a process of its own, on a port that the kernel chooses.

So no two tests can want the same port, and none has to guess which one is free.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from nyumba.settings import Settings

TIMEOUT_S = 120


@dataclass(frozen=True)
class Server:
    """A running `nyumba serve`, and where it answers."""

    process: subprocess.Popen[bytes]
    url: str


def make_environ(settings: Settings, **others: str) -> dict[str, str]:
    """The environment of a program that works on a test's database, alias and folder."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("NYUMBA_")},
        "NYUMBA_DATABASE_URL": settings.require_database_url(),
        "NYUMBA_ELASTICSEARCH_URL": settings.require_elasticsearch_url(),
        "NYUMBA_SEARCH_ALIAS": settings.search_alias,
        "NYUMBA_STATE_DIR": str(settings.state_dir),
        "NYUMBA_BCRYPT_COST": "4",
        "NYUMBA_LOG_LEVEL": "warning",
        **others,
    }


@contextmanager
def run_server(environ: dict[str, str], *options: str) -> Iterator[Server]:
    """One that answers."""
    with run_servers(environ, 1, *options) as (server,):
        yield server


@contextmanager
def run_servers(environ: dict[str, str], many: int, *options: str) -> Iterator[list[Server]]:
    """Several that answer. They are told to stop at the end, unless they have."""
    command = [sys.executable, "-m", "nyumba", "serve", "--port", "0", *options]
    with ExitStack() as stack:
        processes = [subprocess.Popen(command, env=environ) for _ in range(many)]
        for process in processes:
            stack.callback(process.wait, TIMEOUT_S)
            stack.callback(process.terminate)
        yield [Server(process, _wait_for_url(process)) for process in processes]


def _wait_for_url(process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        connections = psutil.Process(process.pid).net_connections("inet")
        ports = [one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN]
        for url in (f"http://127.0.0.1:{port}" for port in ports):
            if _is_live(url):
                return url
        time.sleep(0.05)
    raise AssertionError(f"the server did not come up; it ended with {process.poll()}")


def _is_live(url: str) -> bool:
    try:
        with urlopen(f"{url}/health/live", timeout=10) as answer:  # noqa: S310  (our own address)
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False
