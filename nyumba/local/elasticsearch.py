"""A local Elasticsearch node, launched from an unpacked distribution.

Invariant: it has no passwords, so it listens on the loopback interface only.
"""

import os
import shutil
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil

from nyumba.local import elasticsearch_config as config
from nyumba.local.account import Account
from nyumba.local.disk import Report
from nyumba.local.distribution import find_distribution
from nyumba.local.errors import LocalServiceError, ServiceFailed
from nyumba.local.java import find_java
from nyumba.local.logs import quote_last_words, set_aside
from nyumba.local.processes import find_processes, spawn, stop_processes
from nyumba.settings import Settings

READY_TIMEOUT_S = 180
SETTLE_TIMEOUT_S = 30
STOP_GRACE_S = 30
IS_UP = "/_cluster/health?timeout=2s"
IS_WHOLE = "/_cluster/health?wait_for_status=yellow&timeout=2s"
LAUNCHER_JVM = ("-Xms4m", "-Xmx64m", "-XX:+UseSerialGC")
LAUNCHER = "org.elasticsearch.server.launcher.ServerLauncher"


class PortBusy(LocalServiceError):
    """Another program listens on the port that was asked for."""


@dataclass(frozen=True, slots=True)
class Elasticsearch:
    """The node in `<state_dir>/elasticsearch`. `others` replace its usual settings, as for one node of several."""

    settings: Settings
    account: Account
    others: Mapping[str, Any] | None = None

    name = "Elasticsearch"

    @property
    def directory(self) -> Path:
        """Holds config, data, logs and tmp."""
        return self.settings.state_dir.resolve() / "elasticsearch"

    @property
    def url(self) -> str:
        """Where it listens, or last listened."""
        return f"http://{config.HOST}:{self._last_port()}"

    @property
    def _log(self) -> Path:
        return self.directory / "logs" / f"{config.CLUSTER}.log"

    def find_processes(self) -> list[psutil.Process]:
        """The launcher and the server that it starts; both carry the marker among their arguments."""
        marker = config.render_marker(self.directory)
        return find_processes(lambda process: marker in process.cmdline())

    def is_ready(self) -> bool:
        """Whether it answers."""
        return bool(self.find_processes()) and self._answers(IS_UP)

    def launch(self, report: Report) -> None:
        """Start the node without waiting.

        One that runs and does not answer gets a while, as its starter may have been killed; then it is replaced.
        """
        if self._comes_to_answer(IS_UP, SETTLE_TIMEOUT_S):
            return
        self.stop()
        home = find_distribution(self.settings, self.account, report)
        java = find_java(home, self.account)
        port = self.choose_port()
        self._write_config(home, port)
        report(f"Starting Elasticsearch with {java.name} on port {port}")
        spawn(
            self._command(home, java),
            account=self.account,
            cwd=home,
            env=self._environment(home, java),
            output=self.directory / "output.log",
        )

    def wait(self) -> None:
        """Return when the node can be searched: every index has its primary shards.

        Raises:
            ServiceFailed: the node died, or was not ready in time.
        """
        if self._comes_to_answer(IS_WHOLE, READY_TIMEOUT_S):
            return
        words = quote_last_words(self._log, self.directory / "output.log")
        what = f"was not ready in {READY_TIMEOUT_S} s" if self.find_processes() else "did not start"
        raise ServiceFailed(f"Elasticsearch {what}: {words}")

    def stop(self) -> None:
        """Shut down. Nothing happens if it does not run."""
        stop_processes(self.find_processes(), sign=signal.SIGTERM, grace_s=STOP_GRACE_S)

    def _comes_to_answer(self, question: str, timeout_s: float) -> bool:
        """Wait for the node; False when its last process has died, or the time is up."""
        deadline = time.monotonic() + timeout_s
        while self.find_processes():
            if self._answers(question):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return False

    def _answers(self, question: str) -> bool:
        connection = HTTPConnection(config.HOST, self._last_port(), timeout=5)
        try:
            connection.request("GET", question)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def choose_port(self) -> int:
        """The port that was asked for, else the one used before, else a free one."""
        asked = self.settings.elasticsearch_port
        if asked and not _is_free(asked):
            raise PortBusy(
                f"Port {asked} is used by another program: end that program, or set NYUMBA_ELASTICSEARCH_PORT to "
                "another port (0 takes a free one)"
            )
        last = self._last_port()
        return asked or (last if last and _is_free(last) else _find_free_port())

    def _last_port(self) -> int:
        """The port in the node's configuration; 0 if it has none yet."""
        return config.read_port(self.directory)

    def _write_config(self, home: Path, port: int) -> None:
        self.account.make_private_dir(self.directory)
        shutil.rmtree(self.directory / "tmp", ignore_errors=True)
        for name in ("config", "data", "logs", "tmp"):
            self.account.make_private_dir(self.directory / name)
        set_aside(self._log)
        heap_mb = self.settings.elasticsearch_heap_mb
        for name, text in config.render_files(self.directory, home, port, heap_mb, self.others).items():
            path = self.directory / "config" / name
            path.unlink(missing_ok=True)  # root does not write through a link in a directory of another user
            path.write_text(text)
            self.account.own(path)

    def _command(self, home: Path, java: Path) -> list[str | Path]:
        classpath = f"{home}/lib/tools/server-launcher/*"
        return [java / "bin" / "java", *self._launcher_options(), "-cp", classpath, LAUNCHER]

    def _launcher_options(self) -> tuple[str, ...]:
        return (*LAUNCHER_JVM, config.render_marker(self.directory), f"-Djava.io.tmpdir={self.directory / 'tmp'}")

    def _environment(self, home: Path, java: Path) -> dict[str, str]:
        """What Elasticsearch's own start script exports; nothing is inherited, so ES_JAVA_OPTS has no say.

        CLI_JAVA_OPTS is split at spaces. Below a path with a space it does without the directory for temporary files,
        and leaves an empty one in the system's.
        """
        return {
            "PATH": os.defpath,
            "ES_HOME": str(home),
            "ES_PATH_CONF": str(self.directory / "config"),
            "ES_DISTRIBUTION_TYPE": "tar",
            "ES_TMPDIR": str(self.directory / "tmp"),
            "ES_JAVA_HOME": str(java),
            "JAVA": str(java / "bin" / "java"),
            "JAVA_TYPE": "ES_JAVA_HOME",
            "CLI_JAVA_OPTS": " ".join(option for option in self._launcher_options() if " " not in option),
        }


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.HOST, port))
        except OSError:
            return False
    return True


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((config.HOST, 0))
        return int(probe.getsockname()[1])
