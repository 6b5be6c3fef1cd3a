"""The ways out: SMTP with and without TLS, and the folder of a developer."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from nyumba.errors import SettingError
from nyumba.mail.delivery import MailDelayed, MailFolder, MailRefused, SmtpServer, choose_delivery
from nyumba.mail.messages import Letterhead, Mail
from nyumba.settings import Settings
from tests.mail_server import MailServer, read_text

PRODUCTION = Settings(
    env="production",
    smtp_url="smtp://nyumba:secret@mail.example:587",
    mail_from="Nyumba <post@nyumba.example>",
    public_url="https://nyumba.example",
)


@pytest.fixture
def mail() -> Mail:
    return write("wanjiku@example.com")


def write(recipient: str) -> Mail:
    letterhead = Letterhead("Nyumba <post@nyumba.example>", "https://nyumba.example")
    mail_id = UUID("7f1b0f0e-3f0a-4a5e-9d0b-1c2d3e4f5a6b")
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    return letterhead.write("reset_password", mail_id=mail_id, created_at=at, recipient=recipient, token="token-1")  # noqa: S106


def make_certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(pem))
    return path


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path)


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[MailServer]:
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = MailServer(context)
    server.start()
    yield server
    server.stop()


async def test_starttls_is_used_and_the_login_given(
    tls_server: MailServer, mail: Mail, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    url = f"smtp://nyumba:p%40ss%3Aword@127.0.0.1:{tls_server.port}"
    await SmtpServer(url, require_tls=True).deliver(mail)
    assert tls_server.logins == [("nyumba", "p@ss:word")]
    assert tls_server.encrypted == [True]


async def test_starttls_is_used_where_it_is_offered(
    tls_server: MailServer, mail: Mail, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    await SmtpServer(tls_server.url, require_tls=False).deliver(mail)
    assert tls_server.encrypted == [True]


async def test_refused_login_does_not_cost_the_message(
    tls_server: MailServer, mail: Mail, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password in the settings is answered with a 5xx as well, and must not empty the outbox."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(MailDelayed, match="answered 535"):
        await SmtpServer(f"smtp://nyumba:wrong@127.0.0.1:{tls_server.port}", require_tls=True).deliver(mail)


async def test_refused_login_leaves_no_connection_open(
    tls_server: MailServer, mail: Mail, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is the server waited for to end TLS: it may never."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    loop = asyncio.get_running_loop()
    connect = loop.create_connection
    opened: list[asyncio.Transport] = []

    async def create_connection(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        transport, protocol = await connect(*args, **options)
        opened.append(transport)
        return transport, protocol

    monkeypatch.setattr(loop, "create_connection", create_connection)
    with pytest.raises(MailDelayed):
        await SmtpServer(f"smtp://nyumba:wrong@127.0.0.1:{tls_server.port}", require_tls=True).deliver(mail)
    assert [transport.is_closing() for transport in opened] == [True]


async def test_certificate_that_nobody_vouches_for_is_not_trusted(tls_server: MailServer, mail: Mail) -> None:
    with pytest.raises(MailDelayed):
        await SmtpServer(tls_server.url, require_tls=True).deliver(mail)
    assert tls_server.messages == []


async def test_nothing_is_sent_in_the_clear_where_tls_is_required(mail_server: MailServer, mail: Mail) -> None:
    with pytest.raises(MailDelayed):
        await SmtpServer(mail_server.url, require_tls=True).deliver(mail)
    assert mail_server.messages == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [("421 4.3.2 going down", MailDelayed), ("450 4.2.1 busy", MailDelayed), ("550 5.1.1 unknown", MailRefused)],
)
async def test_refused_recipient_is_for_good_with_a_5xx_alone(
    mail_server: MailServer, mail: Mail, answer: str, error: type[Exception]
) -> None:
    mail_server.refusals.append(f"{answer}: wanjiku@example.com")
    with pytest.raises(error) as failure:
        await SmtpServer(mail_server.url, require_tls=False).deliver(mail)
    assert str(failure.value) == f"the mail server answered {answer[:3]}"
    assert failure.value.__cause__ is None


async def test_address_that_the_server_does_not_know_how_to_read_is_refused(mail_server: MailServer) -> None:
    with pytest.raises(MailRefused):
        await SmtpServer(mail_server.url, require_tls=False).deliver(write("a@bücher.example"))


async def test_silent_server_is_not_waited_for_for_ever(
    mail_server: MailServer, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nyumba.mail.delivery.SEND_TIMEOUT_S", 0.1)
    mail_server.open.clear()
    with pytest.raises(MailDelayed):
        await SmtpServer(mail_server.url, require_tls=False).deliver(mail)


async def test_folder_takes_the_message_and_logs_the_link(
    tmp_path: Path, mail: Mail, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "nyumba"):
        await MailFolder(tmp_path / "state" / "mail").deliver(mail)
    [path] = (tmp_path / "state" / "mail").iterdir()
    assert path.name == "20261123T090000-reset_password-7f1b0f0e-3f0a-4a5e-9d0b-1c2d3e4f5a6b.eml"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert b"To: wanjiku@example.com\r\n" in path.read_bytes()
    assert "https://nyumba.example/reset-password#token=token-1" in caplog.text
    assert "token-1" in read_text(mail.message, "plain")
    assert "wanjiku" not in caplog.text


def test_production_requires_tls() -> None:
    delivery = choose_delivery(PRODUCTION)
    assert isinstance(delivery, SmtpServer)
    assert delivery._start_tls is True


@pytest.mark.parametrize(
    ("field", "value", "variable"),
    [
        ("smtp_url", None, "NYUMBA_SMTP_URL"),
        ("mail_from", Settings().mail_from, "NYUMBA_MAIL_FROM"),
        ("public_url", "http://nyumba.example", "NYUMBA_PUBLIC_URL"),
    ],
)
def test_production_does_not_send_without(field: str, value: str | None, variable: str) -> None:
    with pytest.raises(SettingError, match=variable):
        choose_delivery(replace(PRODUCTION, **{field: value}))


def test_development_needs_no_mail_server(tmp_path: Path) -> None:
    delivery = choose_delivery(Settings(state_dir=tmp_path))
    assert isinstance(delivery, MailFolder)
    assert delivery.path == tmp_path / "mail"
