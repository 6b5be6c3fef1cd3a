"""Start, stop and look at the local PostgreSQL and Elasticsearch.

Invariant: start and stop hold the lock of the state directory, and `urls.json` is there only between a start that
succeeded and the next stop. A URL in the settings counts as given, so read them by `from_env(local_urls=False)`.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from nyumba.local import containers
from nyumba.local.account import Account
from nyumba.local.disk import Report, check_free_space, hold_lock, write_atomically
from nyumba.local.elasticsearch import Elasticsearch
from nyumba.local.errors import DirectoryUnusable
from nyumba.local.given import answers
from nyumba.local.postgres import Postgres
from nyumba.settings import Settings, local_urls_path

LEAST_FREE_MB = 500

Mode = Literal["containers", "embedded"]
State = Literal["given", "unreachable", "running", "stopped"]


@dataclass(frozen=True, slots=True)
class ServiceUrls:
    """Where the services answer."""

    database_url: str
    elasticsearch_url: str


@dataclass(frozen=True, slots=True)
class Status:
    """One service. `url` is None when it is stopped; one that is given and does not answer is unreachable."""

    name: str
    state: State
    url: str | None


class Service(Protocol):
    """A local service, embedded or in a container."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def url(self) -> str:
        """Where it answers, once it has been launched."""

    def launch(self, report: Report) -> None:
        """Start it without waiting, in place of whatever is left of it."""

    def wait(self) -> None:
        """Return when it can be used, or raise `ServiceFailed`."""

    def is_ready(self) -> bool:
        """Whether it can be used."""

    def stop(self) -> None:
        """Leave no process of it; nothing happens if it does not run."""


def start_services(settings: Settings, report: Report) -> ServiceUrls:
    """Start what is not given by the settings and does not run, and publish the URLs.

    What this call has launched is stopped again if it fails or is interrupted.

    Raises:
        LocalServiceError: a service cannot be provided; the message says what to do.
    """
    given = _find_given(settings)
    with _explained_file_errors():
        Account.for_services().make_open_dir(settings.state_dir)
        check_free_space(settings.state_dir, LEAST_FREE_MB, "NYUMBA_STATE_DIR")
        with hold_lock(settings.state_dir / "lock", report):
            mode = _choose_mode(settings)
            if local_urls_path(settings.state_dir).exists() and _read_mode(settings) != mode:
                _stop(settings)
            services = _list_services(settings, mode)
            local = {setting: service for setting, service in services.items() if setting not in given}
            _start(list(local.values()), report)
            urls = {setting: service.url for setting, service in local.items()}
            write_atomically(local_urls_path(settings.state_dir), json.dumps({**urls, "mode": mode}, indent=2) + "\n")
    return ServiceUrls(**(urls | given))


def stop_services(settings: Settings, report: Report = print) -> None:
    """Stop the local services, keep their data, and withdraw the URLs. Nothing happens if none runs."""
    if not settings.state_dir.exists():
        return
    with _explained_file_errors(), hold_lock(settings.state_dir / "lock", report):
        _stop(settings)


def read_status(settings: Settings) -> dict[str, Status]:
    """How each service is, by the name of the setting that holds its URL."""
    given = _find_given(settings)
    with _explained_file_errors():
        return {
            setting: _ask(settings, setting, service, given[setting]) if setting in given else _look_at(service)
            for setting, service in _list_services(settings, _read_mode(settings)).items()
        }


def _ask(settings: Settings, setting: str, service: Service, url: str) -> Status:
    return Status(service.name, "given" if answers(settings, setting) else "unreachable", url)


def _look_at(service: Service) -> Status:
    return Status(service.name, "running", service.url) if service.is_ready() else Status(service.name, "stopped", None)


def _start(services: Sequence[Service], report: Report) -> None:
    """Launch all before waiting for any: they start side by side."""
    idle = [service for service in services if not service.is_ready()]
    try:
        for service in idle:
            service.launch(report)
        if idle:
            report(f"Waiting for {' and '.join(service.name for service in idle)}")
        for service in services:
            service.wait()
    except BaseException:  # an interruption too
        for service in idle:
            service.stop()
        raise


def _stop(settings: Settings) -> None:
    for service in _list_services(settings, _read_mode(settings)).values():
        service.stop()
    local_urls_path(settings.state_dir).unlink(missing_ok=True)


def _find_given(settings: Settings) -> dict[str, str]:
    urls = {"database_url": settings.database_url, "elasticsearch_url": settings.elasticsearch_url}
    return {setting: url for setting, url in urls.items() if url is not None}


def _list_services(settings: Settings, mode: Mode) -> dict[str, Service]:
    """Elasticsearch first, as it takes longest to start."""
    if mode == "containers":
        return {"elasticsearch_url": containers.SEARCH, "database_url": containers.DATABASE}
    account = Account.for_services()
    return {"elasticsearch_url": Elasticsearch(settings, account), "database_url": Postgres(settings, account)}


def _choose_mode(settings: Settings) -> Mode:
    """What the settings say; for `auto`, what runs already, else containers if they can be had."""
    if settings.services != "auto":
        return settings.services
    if local_urls_path(settings.state_dir).exists():
        return _read_mode(settings)
    return "containers" if containers.COMPOSE_FILE.exists() and containers.has_engine() else "embedded"


def _read_mode(settings: Settings) -> Mode:
    """How the services were started. Containers are touched only if they were started from this state directory."""
    path = local_urls_path(settings.state_dir)
    try:
        published = json.loads(path.read_text())
        return "containers" if published.get("mode") == "containers" else "embedded"
    except FileNotFoundError:
        return "embedded"
    except (ValueError, AttributeError) as error:
        raise DirectoryUnusable(f"{path} is no JSON object: delete it, and run `nyumba services start`") from error


@contextmanager
def _explained_file_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DirectoryUnusable(
            f"{error.filename or 'A file'} cannot be used ({(error.strerror or str(error)).lower()}): mend that, or "
            "set NYUMBA_STATE_DIR and NYUMBA_CACHE_DIR to other directories"
        ) from error
