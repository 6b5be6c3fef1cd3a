import dataclasses
from pathlib import Path

import pytest

from nyumba.local import containers
from nyumba.local.containers import ContainersUnusable
from nyumba.local.distribution import DistributionMissing
from nyumba.local.services import ServiceUrls, read_status, start_services, stop_services
from nyumba.settings import Settings, read_local_urls


class Docker:
    """A stand-in that notes how it is called and remembers which services are up."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.program = directory / "docker"
        self.write('[ "$1" = info ] && exit 0')

    def write(self, first: str) -> None:
        self.program.write_text(
            f'#!/bin/sh\necho "$*" >> {self.directory}/calls\n{first}\n'
            'action="$4"; for service; do :; done\n'
            f'case "$action" in up) touch {self.directory}/$service.up;; stop) rm -f {self.directory}/$service.up;;\n'
            f"ps) test -e {self.directory}/$service.up && echo 1234;; esac\nexit 0\n"
        )
        self.program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """The compose commands that change something."""
        lines = (self.directory / "calls").read_text().splitlines()
        compose = (line.removeprefix(f"compose --file {containers.COMPOSE_FILE} ") for line in lines)
        return [line for line in compose if line.startswith(("up", "stop"))]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    return Docker(directory)


@pytest.fixture
def settings(state_dir: Path) -> Settings:
    return Settings(state_dir=state_dir, services="containers")


def test_both_services_are_started_once_and_stopped(docker: Docker, settings: Settings, steps: list[str]) -> None:
    urls = start_services(settings, steps.append)
    assert start_services(settings, steps.append) == urls
    assert urls == ServiceUrls("postgresql+asyncpg://nyumba@127.0.0.1:15432/nyumba", "http://127.0.0.1:19200")
    assert read_local_urls(settings.state_dir)["elasticsearch_url"] == urls.elasticsearch_url
    assert {status.state for status in read_status(settings).values()} == {"running"}
    stop_services(settings, steps.append)
    assert {status.state for status in read_status(settings).values()} == {"stopped"}
    assert docker.calls == [
        "up --detach --wait elasticsearch",
        "up --detach --wait postgres",
        "stop elasticsearch",
        "stop postgres",
    ]


def test_given_service_is_not_started(docker: Docker, settings: Settings, steps: list[str]) -> None:
    mixed = dataclasses.replace(settings, database_url="postgresql+asyncpg://127.0.0.1:1/nyumba")
    urls = start_services(mixed, steps.append)
    assert urls.database_url == "postgresql+asyncpg://127.0.0.1:1/nyumba"
    assert docker.calls == ["up --detach --wait elasticsearch"]
    assert read_status(mixed)["database_url"].state == "unreachable"


def test_containers_started_elsewhere_are_left_alone(docker: Docker, settings: Settings, steps: list[str]) -> None:
    stop_services(settings, steps.append)
    assert not (docker.directory / "calls").exists()


def test_engine_that_does_not_answer_is_an_error(docker: Docker, settings: Settings, steps: list[str]) -> None:
    docker.write('[ "$1" = info ] && exit 1')
    assert not containers.has_engine()
    with pytest.raises(ContainersUnusable, match="set NYUMBA_SERVICES=embedded"):
        start_services(settings, steps.append)


def test_failure_of_compose_is_quoted(docker: Docker, settings: Settings, steps: list[str]) -> None:
    docker.write('[ "$4" = up ] && { echo "no such image" >&2; exit 1; }')
    with pytest.raises(ContainersUnusable, match=r"fails \(no such image\)"):
        start_services(settings, steps.append)


def test_containers_are_stopped_when_embedded_services_take_their_place(
    docker: Docker, settings: Settings, steps: list[str], tmp_path: Path
) -> None:
    start_services(settings, steps.append)
    embedded = dataclasses.replace(settings, services="embedded", elasticsearch_home=tmp_path)
    with pytest.raises(DistributionMissing):
        start_services(embedded, steps.append)
    assert docker.calls[-2:] == ["stop elasticsearch", "stop postgres"]


def test_auto_keeps_what_runs(docker: Docker, settings: Settings, steps: list[str]) -> None:
    urls = start_services(settings, steps.append)
    assert start_services(dataclasses.replace(settings, services="auto"), steps.append) == urls
