"""Nyumba's own processes under measurement: how soon they serve, and how much memory they hold."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nyumba.settings import Settings

READY_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Api:
    """A running API, and how long it took until it answered."""

    port: int
    pid: int
    start_s: float


@contextmanager
def run_api(settings: Settings) -> Iterator[Api]:
    """`nyumba serve` in a process of its own, with nothing logged for each request."""
    port = find_port()
    started = time.perf_counter()
    with start(settings, ["nyumba", "serve", "--port", str(port)]) as process:
        wait_until_ready(port, process)
        yield Api(port, process.pid, time.perf_counter() - started)


@contextmanager
def start(settings: Settings, words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for as long as the block runs."""
    command = [sys.executable, "-m", *words]
    with subprocess.Popen(command, env=build_environment(settings), stdout=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def watch_command(settings: Settings, words: Sequence[str]) -> float:
    """Run a command to its end, and return the most memory that it held, in MB."""
    peak = 0.0
    command = [sys.executable, "-m", *words]
    environment = build_environment(settings)
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        while process.poll() is None:
            peak = max(peak, read_memory_mb(process.pid, "VmHWM"))
            time.sleep(0.02)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
    return peak


def build_environment(settings: Settings) -> dict[str, str]:
    """What a command needs to work on the same services."""
    return {
        **os.environ,
        "NYUMBA_DATABASE_URL": settings.require_database_url(),
        "NYUMBA_ELASTICSEARCH_URL": settings.require_elasticsearch_url(),
        "NYUMBA_SEARCH_ALIAS": settings.search_alias,
        "NYUMBA_STATE_DIR": str(settings.state_dir),
        "NYUMBA_LOG_LEVEL": "warning",
        "NYUMBA_RATE_LIMIT_FACTOR": "10000",
        "NYUMBA_BCRYPT_COST": "4",
    }


def find_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until `/health/ready` says 200."""

    def is_ready() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK

    _wait(process, port, is_ready)


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it takes connections."""

    def is_open() -> bool:
        socket.create_connection(("127.0.0.1", port)).close()
        return True

    _wait(process, port, is_open)


def _wait(process: subprocess.Popen[bytes], port: int, is_there: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + READY_TIMEOUT_S
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode}")
        try:
            if is_there():
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise RuntimeError(f"nothing answers on port {port}")


def read_memory_mb(pid: int, field: str = "VmRSS") -> float:
    """What the kernel says that a process holds (VmRSS) or has held at most (VmHWM); 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:")), 0)
