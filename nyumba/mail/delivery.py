"""How a message leaves: through an SMTP server, or, while developing, into a folder.

Invariant: no error of this module holds what a mail server said, for servers like to repeat the address.
"""

import asyncio
import logging
import os
from contextlib import suppress
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from nyumba.errors import NyumbaError, SettingInvalid, SettingMissing
from nyumba.mail.messages import Mail
from nyumba.settings import DEVELOPMENT_SENDER, Settings

logger = logging.getLogger(__name__)

COMMAND_TIMEOUT_S = 20.0
SEND_TIMEOUT_S = 60.0


class MailDelayed(NyumbaError):
    """The message could not be sent now; it may work later."""


class MailRefused(NyumbaError):
    """The mail server will never take this message."""


class Delivery(Protocol):
    """A way out."""

    async def deliver(self, mail: Mail) -> None:
        """Send a message, within `SEND_TIMEOUT_S`. It may have gone out even if this fails.

        Raises:
            MailDelayed, MailRefused: it was not taken, for now or for good.
        """


def choose_delivery(settings: Settings) -> Delivery:
    """The way out that the settings ask for.

    Raises:
        SettingMissing, SettingInvalid: production lacks what it needs to send.
    """
    production = settings.env == "production"
    if production:
        _check_production(settings)
    if settings.smtp_url is None:
        return MailFolder(settings.state_dir / "mail")
    return SmtpServer(settings.smtp_url, require_tls=production)


def _check_production(settings: Settings) -> None:
    if settings.smtp_url is None:
        raise SettingMissing("NYUMBA_SMTP_URL", "production sends e-mail through it")
    if settings.mail_from == DEVELOPMENT_SENDER:
        raise SettingMissing("NYUMBA_MAIL_FROM", "production sends e-mail in its name")
    if not settings.public_url.startswith("https://"):
        raise SettingInvalid("NYUMBA_PUBLIC_URL", "must begin with https:// in production: e-mailed links open it")


class SmtpServer:
    """A mail server, with a connection of its own for each message."""

    def __init__(self, url: str, *, require_tls: bool) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname
        self._port = parts.port
        self._implicit_tls = parts.scheme == "smtps"
        # None: wherever the server offers it.
        self._start_tls = True if require_tls and not self._implicit_tls else None
        self._username = None if parts.username is None else unquote(parts.username)
        self._password = None if parts.password is None else unquote(parts.password)

    async def deliver(self, mail: Mail) -> None:
        """Send a message over a connection of its own."""
        client = _Client(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._implicit_tls,
            start_tls=False if self._implicit_tls else self._start_tls,
            timeout=COMMAND_TIMEOUT_S,
        )
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await client.connect()
                await _send(client, mail.message)
            with suppress(aiosmtplib.SMTPException):  # the message was taken, whatever becomes of the goodbye
                await client.execute_command(b"QUIT")
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            raise _judge(error) from None
        finally:
            client.close()


class _Client(aiosmtplib.SMTP):
    """Hangs up at once: a polite end of TLS would wait for a server that may be gone.

    The library closes by itself as well, after a refused login for one, and forgets its connection then.
    """

    def close(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        super().close()


async def _send(client: aiosmtplib.SMTP, message: EmailMessage) -> None:
    try:
        await client.send_message(message)
    except (aiosmtplib.SMTPNotSupported, ValueError):
        raise MailRefused("the mail server does not take such addresses") from None


def _judge(error: Exception) -> MailDelayed | MailRefused:
    """Tell what is wrong with the message from what is wrong with the server.

    Only a refused recipient or content is for good. A refused login, sender or certificate is a mistake in the settings
    or the server's: were it held against the messages, one wrong password would lose them all.
    """
    refused = error.recipients[0] if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else error
    if not isinstance(refused, aiosmtplib.SMTPResponseException):
        return MailDelayed(f"the mail server cannot be reached ({type(error).__name__})")
    blames_message = isinstance(refused, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    permanent = refused.code >= 500 and blames_message
    return (MailRefused if permanent else MailDelayed)(f"the mail server answered {refused.code}")


class MailFolder:
    """Where mail lands while developing. Its links are logged, so this must never run in production."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def deliver(self, mail: Mail) -> None:
        """Write the message to a file that only its owner may read."""
        path = await asyncio.to_thread(self._write, mail)
        logger.info("%s: %s (%s)", mail.kind, mail.link, path)

    def _write(self, mail: Mail) -> Path:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        sent_at = parsedate_to_datetime(mail.message["Date"])
        mail_id = mail.message["Message-ID"].strip("<>").partition("@")[0]
        path = self.path / f"{sent_at:%Y%m%dT%H%M%S}-{mail.kind}-{mail_id}.eml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(mail.message.as_bytes())
        return path
