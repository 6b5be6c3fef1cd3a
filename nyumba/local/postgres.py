"""A local PostgreSQL 18: made by initdb, started as a plain process, reached over a unix socket.

Invariant: it trusts every connection, so it never listens on TCP and its socket lies in a directory closed to others.
"""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from nyumba.local.account import Account
from nyumba.local.disk import Report
from nyumba.local.errors import ServiceFailed
from nyumba.local.logs import quote_last_words
from nyumba.local.postgres_binaries import find_binaries
from nyumba.local.postgres_cluster import ENVIRONMENT, check_socket, provide_cluster
from nyumba.local.processes import find_processes, spawn, stop_processes
from nyumba.settings import Settings

DATABASE = "nyumba"
PORT = "5432"  # part of the socket's name; nothing listens on it
READY_TIMEOUT_S = 90  # a crash recovery takes its time
STOP_GRACE_S = 30
QUERY_TIMEOUT_S = 10
SERVER_OPTIONS = (
    "listen_addresses=",
    "shared_buffers=256MB",
    "max_connections=100",
    "timezone=UTC",
    "log_timezone=UTC",
)


@dataclass(frozen=True, slots=True)
class Postgres:
    """The cluster in `<state_dir>/postgres`."""

    settings: Settings
    account: Account

    name = "PostgreSQL"

    @property
    def directory(self) -> Path:
        """Holds the socket, the data directory and the log."""
        return self.settings.state_dir.resolve() / "postgres"

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """What the running server wrote."""
        return self.directory / "postgres.log"

    @property
    def url(self) -> str:
        """For SQLAlchemy; psql takes it without the `+asyncpg`."""
        return f"postgresql+asyncpg://postgres@/{DATABASE}?host={quote(str(self.directory))}"

    def find_processes(self) -> list[psutil.Process]:
        """The postmaster and its children: all of them work in the data directory."""
        return find_processes(self._works_here)

    def is_ready(self) -> bool:
        """Whether it answers, and has the database."""
        return self._has_postmaster() and self._has_database()

    def launch(self, report: Report) -> None:
        """Start the server without waiting; a crash is recovered from."""
        if self._has_postmaster():
            return
        stop_processes(self.find_processes(), sign=signal.SIGQUIT, grace_s=5)  # orphans of a postmaster that was killed
        binaries = find_binaries(self.settings.cache_dir, self.account, report)
        check_socket(self.directory / f".s.PGSQL.{PORT}")
        self.account.make_private_dir(self.directory)
        provide_cluster(self.data, binaries, self.account, report)
        report("Starting PostgreSQL")
        options = [argument for option in SERVER_OPTIONS for argument in ("-c", option)]
        spawn(
            [binaries / "postgres", "-D", self.data, "-k", self.directory, "-p", PORT, *options],
            account=self.account,
            cwd=self.data,
            env=ENVIRONMENT,
            output=self.log,
        )

    def wait(self) -> None:
        """Return when the database is there and answers.

        Raises:
            ServiceFailed: the server died, or was not ready in time.
        """
        deadline = time.monotonic() + READY_TIMEOUT_S
        while self._query("SELECT 1") != "1":
            if not self._has_postmaster():
                raise ServiceFailed(f"PostgreSQL did not start: {quote_last_words(self.log)}")
            if time.monotonic() > deadline:
                raise ServiceFailed(f"PostgreSQL was not ready in {READY_TIMEOUT_S} s: {quote_last_words(self.log)}")
            time.sleep(0.05)
        if not self._has_database() and self._query(f"CREATE DATABASE {DATABASE}") is None:
            raise ServiceFailed(f"PostgreSQL did not create its database: {quote_last_words(self.log)}")

    def stop(self) -> None:
        """Shut down; open transactions are rolled back. Nothing happens if it does not run."""
        stop_processes(self.find_processes(), sign=signal.SIGINT, grace_s=STOP_GRACE_S)

    def _works_here(self, process: psutil.Process) -> bool:
        return process.name() == "postgres" and process.cwd() == str(self.data)

    def _has_postmaster(self) -> bool:
        return bool(find_processes(lambda process: self._works_here(process) and "-D" in process.cmdline()))

    def _has_database(self) -> bool:
        return self._query(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'") == "1"  # noqa: S608  (a constant)

    def _query(self, sql: str) -> str | None:
        """The one value of the answer; None if the server does not answer."""
        psql = find_binaries(self.settings.cache_dir, self.account, report=lambda _: None) / "psql"
        options = f"--no-psqlrc --tuples-only --no-align --port={PORT} --username=postgres --dbname=postgres".split()
        try:
            answer = subprocess.run(  # noqa: S603  (our own command)
                [psql, *options, f"--host={self.directory}", f"--command={sql}"],
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                check=False,
                timeout=QUERY_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            return None
        return answer.stdout.strip() if answer.returncode == 0 else None
