"""Serving until told to stop, and then stopping so that no request fails.

Invariant: from SIGTERM on, readiness is refused and answers close their connections; only when the drain is over does
the server stop accepting. A load balancer that watches readiness has turned away by then, and clients hold no
connection that could close under a request.
"""

import logging
import signal
import time
from types import FrameType

import msgspec
import uvicorn
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from nyumba.problems import MEDIA_TYPE, Problem

logger = logging.getLogger(__name__)

READY_PATH = "/health/ready"
LONGEST_REQUEST_S = 30
DRAINING = Problem(
    type="urn:nyumba:problem:stopping", title="Stopping", status=503, detail="this process is being stopped"
)


class Gate:
    """The application, and whether it still wants to be asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.is_closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; once closing, refuse readiness and let each answer be the last on its connection.

        HEAD is passed on as GET: the server keeps a scope of its own, and sends no body.
        """
        if scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        if scope["type"] != ScopeType.HTTP or not self.is_closing:
            await self._app(scope, receive, send)
        elif scope["path"] == READY_PATH:
            await _refuse(send)
        else:
            await self._app(scope, receive, _closing(send))


class DrainingServer(uvicorn.Server):
    """A server that drains on SIGTERM. SIGINT, or a second signal, ends it without waiting for others to turn away."""

    def __init__(self, config: uvicorn.Config, gate: Gate, drain_s: float) -> None:
        super().__init__(config)
        self._gate = gate
        self._drain_s = drain_s
        self._stops_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  (the signature is Python's)
        """Begin the end. Requests in flight are finished in any case."""
        if self._gate.is_closing or sig != signal.SIGTERM:
            self.should_exit = True
        else:
            self._stops_at = time.monotonic() + self._drain_s
            logger.info("draining for %.0f s", self._drain_s)
        self._gate.is_closing = True

    async def on_tick(self, counter: int) -> bool:
        """Called ten times in a second: whether it is time to stop."""
        is_over = await super().on_tick(counter)
        return is_over or (self._stops_at is not None and time.monotonic() >= self._stops_at)


async def _refuse(send: Send) -> None:
    body = msgspec.json.encode(DRAINING)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _closing(send: Send) -> Send:
    async def send_last(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"connection", b"close")]
        await send(message)

    return send_last
