"""The demo: from nothing to the running service, in one process that cleans up after itself.

Invariant: what the demo started, it stops, however it ends; services that ran before it go on running.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, NoReturn

import click

from nyumba.errors import NyumbaError
from nyumba.local.services import read_status, start_services, stop_services
from nyumba.settings import Settings

HOST = "127.0.0.1"
READY_TIMEOUT_S = 30
STOP_GRACE_S = 10


class PortBusy(NyumbaError):
    """The demo's address is taken."""

    exit_code = 2


class PartFailed(NyumbaError):
    """A part of the demo ended by itself; its own words stand above."""


def run_demo(settings: Settings, *, port: int, count: int) -> None:
    """Run until interrupted.

    Raises:
        PortBusy: something else listens there.
        PartFailed: a part could not do its work.
    """
    _check_port(port)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, _interrupt)
    with ExitStack() as stack:
        environ = stack.enter_context(_run_services(settings, port))
        try:
            _run_parts(stack, environ, settings, port=port, count=count)
        except KeyboardInterrupt:
            _say("\nStopping …")


def _run_parts(stack: ExitStack, environ: Mapping[str, str], settings: Settings, *, port: int, count: int) -> NoReturn:
    """Prepare the data, run the parts, show what they answer, and watch them until one ends or the demo is stopped."""
    steps = ["nyumba migrate", f"nyumba seed --count {count}", "indexer events prepare"]
    steps += ["indexer reindex --if-needed", "indexer run --once"]
    for command in steps:
        _run(command.split(), environ)
    parts = [
        stack.enter_context(_start(command.split(), environ))
        for command in ("indexer run", "nyumba mail run", f"nyumba serve --host {HOST} --port {port}")
    ]
    _wait_until_ready(port, parts)
    _show_addresses(f"http://{HOST}:{port}", settings)
    while True:
        _check_parts(parts)
        time.sleep(0.5)


def _interrupt(_: int, __: FrameType | None) -> None:
    """Begin the end, once: a second Ctrl-C must not cut the cleaning up short, which is bounded anyway."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortBusy(f"{HOST}:{port} is in use; stop what listens there, or choose another --port") from error


@contextmanager
def _run_services(settings: Settings, port: int) -> Iterator[Mapping[str, str]]:
    """Yield the environment that the parts of the demo run in."""
    idle = any(status.state == "stopped" for status in read_status(settings).values())
    urls = start_services(settings, _say)
    try:
        yield {
            "NYUMBA_LOG_LEVEL": "warning",
            "NYUMBA_PUBLIC_URL": f"http://{HOST}:{port}",
            **os.environ,
            "NYUMBA_DATABASE_URL": urls.database_url,
            "NYUMBA_ELASTICSEARCH_URL": urls.elasticsearch_url,
        }
    finally:
        if idle:
            stop_services(settings, _say)


def _run(words: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run one step to its end."""
    if subprocess.run([sys.executable, "-m", *words], env=environ, check=False).returncode != 0:  # noqa: S603
        raise PartFailed(f"{' '.join(words)} failed")


@contextmanager
def _start(words: Sequence[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a part for as long as the demo runs."""
    # A session of its own: Ctrl-C reaches the demo alone, which then stops its parts in order.
    with subprocess.Popen([sys.executable, "-m", *words], env=environ, start_new_session=True) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(port: int, parts: Sequence[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        _check_parts(parts)
        try:
            if _get(f"http://{HOST}:{port}/health/ready")["status"] == "ok":
                return
        except OSError:
            time.sleep(0.1)
    raise PartFailed(f"the API was not ready within {READY_TIMEOUT_S} s")


def _check_parts(parts: Sequence[subprocess.Popen[bytes]]) -> None:
    for part in parts:
        if part.poll() is not None:
            raise PartFailed(f"a part of the demo ended with exit code {part.returncode}; its reason stands above")


def _show_addresses(base: str, settings: Settings) -> None:
    """Print three addresses, and what each of them answers; and where e-mail goes."""
    search = f"{base}/api/v1/properties"
    _say("\nNyumba is running. Try:")
    _show_search(
        "2-bedroom flats to let in Kilimani",
        f"{search}?search=kilimani&property_type=apartment&bedrooms=2&listing_type=rent",
    )
    found = _show_search(
        "homes at 60,000 a month or less within 8 km of Mombasa's old town",
        f"{search}?lat=-4.0435&lon=39.6682&radius_m=8000&listing_type=rent&price_max=60000",
    )
    if found:
        _show_property(f"{search}/{found[0]['id']}")
    mail = "is really sent" if settings.smtp_url else f"lands in {settings.state_dir / 'mail'}"
    _say(f"\n  E-mail {mail}.\n  {base}/docs describes the API. Stop with Ctrl-C.\n")


def _show_search(meaning: str, address: str) -> list[dict[str, Any]]:
    answer = _get(address)
    found: list[dict[str, Any]] = answer["items"]
    _say(f"\n  {address}\n    {meaning}: {answer['total']['value']:,}")
    for item in found[:3]:
        _say(f"      KES {item['price']:>11,.0f}  {item['title']}")
    return found


def _show_property(address: str) -> None:
    prop = _get(address)
    words = f", with {', '.join(prop['amenities'])}" if prop["amenities"] else ""
    _say(f"\n  {address}\n    the first of them, from PostgreSQL: “{prop['title']}”{words}")


def _get(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  (our own address)
        body: dict[str, Any] = json.load(answer)
    return body


def _say(line: str) -> None:
    click.echo(line)
