"""Servers of our own, to be killed and started again: the shared ones stay untouched."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from nyumba.local.account import Account
from nyumba.local.elasticsearch import Elasticsearch
from nyumba.local.postgres import Postgres
from nyumba.local.processes import stop_processes
from nyumba.settings import Settings

HEAP_MB = 256
GRACE_S = 60


@contextmanager
def temporary_settings() -> Iterator[Settings]:
    """Settings of local services in a directory that is gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="nyumba-faults-"))
    directory.chmod(0o755)  # the services run as another user when root runs the tests
    cache_dir = Settings.from_env(local_urls=False).cache_dir
    try:
        yield Settings(state_dir=directory, cache_dir=cache_dir, services="embedded", elasticsearch_heap_mb=HEAP_MB)
    finally:
        shutil.rmtree(directory)


def kill_processes(processes: list[psutil.Process]) -> None:
    """SIGKILL, all at once, and wait until they are gone."""
    for process in processes:
        process.kill()
    stop_processes(processes, sign=signal.SIGKILL, grace_s=GRACE_S)


@dataclass(frozen=True)
class Node:
    """One Elasticsearch node. It comes back at the address that it had."""

    service: Elasticsearch

    @property
    def url(self) -> str:
        return self.service.url

    def start(self) -> None:
        self.service.launch(print)
        self.service.wait()

    def kill(self) -> None:
        kill_processes(self.service.find_processes())


@contextmanager
def run_node() -> Iterator[Node]:
    with temporary_settings() as settings:
        node = Node(Elasticsearch(settings, Account.for_services()))
        try:
            node.start()
            yield node
        finally:
            node.service.stop()


@dataclass(frozen=True)
class Database:
    """One PostgreSQL."""

    service: Postgres

    @property
    def url(self) -> str:
        return self.service.url

    def restart(self, sign: signal.Signals) -> None:
        """End it with SIGINT (open transactions are rolled back) or SIGQUIT (as in a crash), and start it again."""
        processes = self.service.find_processes()
        postmaster = next(process for process in processes if "-D" in process.cmdline())
        stop_processes([postmaster], sign=sign, grace_s=GRACE_S)
        self.start()

    def start(self) -> None:
        self.service.launch(print)
        self.service.wait()


@contextmanager
def run_database() -> Iterator[Database]:
    with temporary_settings() as settings:
        database = Database(Postgres(settings, Account.for_services()))
        try:
            database.start()
            yield database
        finally:
            database.service.stop()
