"""A real SMTP server for tests, that answers as it is told to and keeps what it takes."""

import asyncio
import threading
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as POLICY
from ssl import SSLContext
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class MailServer:
    """Listens on a free port of the loopback interface.

    `refusals` are given to the next recipients, one each; `data_refusals` to the next contents; `on_message` is called
    with each message before it is acknowledged. With a TLS context, STARTTLS is offered, and a login after it.
    """

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.logins: list[tuple[str, str]] = []
        self.encrypted: list[bool] = []
        self.refusals: list[str] = []
        self.data_refusals: list[str] = []
        self.on_message: Callable[[EmailMessage], None] = lambda _: None
        self.open = threading.Event()
        self.open.set()
        options = {} if tls is None else {"tls_context": tls, "authenticator": self._authenticate}
        self._controller = _OnFreePort(self, hostname="127.0.0.1", port=0, enable_SMTPUTF8=False, **options)

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self.open.set()
        self._controller.stop()

    @property
    def port(self) -> int:
        return self._controller.port

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def _authenticate(self, _: SMTP, __: Session, ___: Envelope, ____: str, data: LoginPassword) -> AuthResult:
        login = (data.login.decode(), data.password.decode())
        self.logins.append(login)
        return AuthResult(success=login == ("nyumba", "p@ss:word"), handled=False)

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        while not self.open.is_set():
            await server.loop.run_in_executor(None, self.open.wait, 0.05)
        if self.data_refusals:
            return self.data_refusals.pop(0)
        message = BytesParser(policy=POLICY).parsebytes(cast("bytes", envelope.content))
        self.recipients += envelope.rcpt_tos
        self.encrypted.append(session.ssl is not None)
        self.messages.append(cast("EmailMessage", message))
        self.on_message(cast("EmailMessage", message))
        return "250 OK"


class _OnFreePort(Controller):
    """Port 0, where the original waits for a connection to a port it does not know yet.

    Closes its connections before it ends. The original leaves those open that say goodbye in TLS at that time, and the
    garbage collector would warn of them in some later test.
    """

    def factory(self) -> SMTP:
        connection = _Connection(self.handler, **self.SMTP_kwargs)
        self._connections.append(connection)
        return connection

    def start(self) -> None:
        self._connections: list[_Connection] = []
        super().start()

    def stop(self, no_assert: bool = False) -> None:  # noqa: FBT001, FBT002
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result()
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        for connection in self._connections:
            if connection.opened is not None:
                connection.opened.abort()
        await asyncio.sleep(0)  # until they have heard of it

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _Connection(SMTP):
    """Remembers the transport it came with, as TLS puts another one over it."""

    opened: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None:
            self.opened = cast("asyncio.Transport", transport)
        super().connection_made(transport)


def read_text(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
