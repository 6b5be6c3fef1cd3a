"""The services as containers, by the repository's compose file for development, where a container engine answers.

Invariant: only the two services are touched; what else runs in the same compose project is left alone.
"""

import shutil
import subprocess
from dataclasses import dataclass

from nyumba.local.disk import Report
from nyumba.local.errors import LocalServiceError
from nyumba.settings import CHECKOUT

COMPOSE_FILE = CHECKOUT / "docker-compose.local.yml"
ANSWER_TIMEOUT_S = 3
START_TIMEOUT_S = 900  # images are pulled first


class ContainersUnusable(LocalServiceError):
    """No container engine answers, or compose fails."""


@dataclass(frozen=True, slots=True)
class Container:
    """One service of the compose file, published on the loopback interface."""

    name: str
    service: str
    url: str

    def launch(self, report: Report) -> None:
        """Create and start the container, and wait until it is healthy."""
        report(f"Starting {self.name} in a container")
        _compose("up", "--detach", "--wait", self.service)

    def wait(self) -> None:
        """Return at once: `launch` has waited."""

    def is_ready(self) -> bool:
        """Whether the container runs and its health check passes."""
        return bool(_compose("ps", "--quiet", "--status", "running", self.service).strip())

    def stop(self) -> None:
        """Stop the container; its volume stays."""
        _compose("stop", self.service)


DATABASE = Container("PostgreSQL", "postgres", "postgresql+asyncpg://nyumba@127.0.0.1:15432/nyumba")
SEARCH = Container("Elasticsearch", "elasticsearch", "http://127.0.0.1:19200")


def has_engine() -> bool:
    """Whether a container engine answers."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        answer = subprocess.run(  # noqa: S603  (our own command)
            [docker, "info"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=ANSWER_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return False
    return answer.returncode == 0


def _compose(*arguments: str) -> str:
    if not has_engine():
        raise ContainersUnusable(
            "No container engine answers `docker info`: start one, or set NYUMBA_SERVICES=embedded to do without"
        )
    command = ["docker", "compose", "--file", str(COMPOSE_FILE), *arguments]
    try:
        answer = subprocess.run(  # noqa: S603  (our own command)
            command, capture_output=True, text=True, check=False, timeout=START_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise ContainersUnusable(f"`{' '.join(command)}` takes longer than {START_TIMEOUT_S} s: look at why") from error
    if answer.returncode != 0:
        words = answer.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise ContainersUnusable(
            f"`{' '.join(command)}` fails ({words[0]}): mend that, or set NYUMBA_SERVICES=embedded"
        )
    return answer.stdout
