"""`nyumba mail run` as a process: from a request to a mail server, and what is left when the process is killed."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.settings import Settings
from tests.conftest import World
from tests.mail_server import MailServer, read_text

TIMEOUT_S = 60
RUN = [sys.executable, "-m", "nyumba", "mail", "run"]
REGISTRATION = {
    "email": "wanjiku@example.com",
    "password": "correct horse battery staple",
    "full_name": "Wanjiku",
    "role": "buyer",
}


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def environ(settings: Settings, tmp_path: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("NYUMBA_")},
        "NYUMBA_DATABASE_URL": settings.require_database_url(),
        "NYUMBA_STATE_DIR": str(tmp_path / "state"),
    }


def run_once(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, "--once"], env=environ, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)


async def register(api: AsyncTestClient[Litestar]) -> None:
    assert (await api.post("/api/v1/auth/register", json=REGISTRATION)).status_code == 202


async def wait_for(server: MailServer, count: int) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while len(server.messages) < count:
            await asyncio.sleep(0.05)


async def test_registration_is_confirmed_by_the_mailed_link(
    api: AsyncTestClient[Litestar], world: World, mail_server: MailServer, environ: dict[str, str]
) -> None:
    with subprocess.Popen(RUN, env={**environ, "NYUMBA_SMTP_URL": mail_server.url}, stderr=subprocess.PIPE) as worker:
        await register(api)
        await wait_for(mail_server, 1)
        worker.send_signal(signal.SIGTERM)
        said = worker.communicate(timeout=TIMEOUT_S)[1].decode()
        assert worker.returncode == 0
    words = read_text(mail_server.messages[0], "plain")
    link = re.search(r"^http://127\.0\.0\.1:8000/verify-email#token=(\S+)$", words, re.MULTILINE)
    assert link is not None
    assert link[1] not in said
    assert "wanjiku" not in said
    answer = await api.post("/api/v1/auth/verify-email", json={"token": link[1]})
    assert answer.status_code == 204
    assert await world.sql("SELECT is_verified FROM users") == [(True,)]


async def test_worker_killed_between_sending_and_noting_it_costs_a_recognisable_duplicate(
    api: AsyncTestClient[Litestar], world: World, mail_server: MailServer, environ: dict[str, str]
) -> None:
    environ["NYUMBA_SMTP_URL"] = mail_server.url
    await register(api)
    worker = subprocess.Popen(RUN, env=environ)
    mail_server.on_message = lambda _: worker.kill()
    await wait_for(mail_server, 1)
    assert worker.wait(TIMEOUT_S) == -signal.SIGKILL
    mail_server.on_message = lambda _: None
    assert run_once(environ).stdout == "0 messages tried\n", "the lease still holds"
    await world.sql("UPDATE mail_outbox SET visible_at = now()")
    assert run_once(environ).stdout == "1 messages tried\n"
    first, second = mail_server.messages
    assert (first["Message-ID"], first["Date"]) == (second["Message-ID"], second["Date"])
    assert read_text(first, "plain") == read_text(second, "plain")
    assert await world.sql("SELECT id FROM mail_outbox") == []


async def test_stop_waits_for_the_message_in_hand(
    api: AsyncTestClient[Litestar], world: World, mail_server: MailServer, environ: dict[str, str]
) -> None:
    await register(api)

    def stop_worker(_: EmailMessage) -> None:
        worker.send_signal(signal.SIGTERM)

    mail_server.on_message = stop_worker
    with subprocess.Popen(RUN, env={**environ, "NYUMBA_SMTP_URL": mail_server.url}) as worker:
        assert await asyncio.to_thread(worker.wait, TIMEOUT_S) == 0
    assert len(mail_server.messages) == 1
    assert await world.sql("SELECT id FROM mail_outbox") == []


async def test_in_development_the_message_lands_in_a_folder_and_its_link_in_the_log(
    api: AsyncTestClient[Litestar], world: World, environ: dict[str, str], tmp_path: Path
) -> None:
    await register(api)
    done = run_once(environ)
    assert done.returncode == 0, done.stderr
    [path] = (tmp_path / "state" / "mail").iterdir()
    assert path.suffix == ".eml"
    assert "http://127.0.0.1:8000/verify-email#token=" in done.stderr
    assert "wanjiku" not in done.stderr


@pytest.mark.parametrize("missing", ["NYUMBA_SMTP_URL", "NYUMBA_MAIL_FROM", "NYUMBA_PUBLIC_URL"])
def test_production_does_not_send_without(environ: dict[str, str], missing: str) -> None:
    production = {
        **environ,
        "NYUMBA_ENV": "production",
        "NYUMBA_ELASTICSEARCH_URL": "http://127.0.0.1:1",
        "NYUMBA_SECRET_KEY": "kq3Vx0l8Yw2mZr7Tn5Bc9Jd1Hf6Gs4Pa",
        "NYUMBA_SMTP_URL": "smtp://127.0.0.1:1",
        "NYUMBA_MAIL_FROM": "Nyumba <post@nyumba.example>",
        "NYUMBA_PUBLIC_URL": "https://nyumba.example",
    }
    del production[missing]
    done = run_once(production)
    assert (done.returncode, missing in done.stderr, "Traceback" in done.stderr) == (2, True, False)
