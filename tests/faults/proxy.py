"""A proxy before Elasticsearch that fails as networks and busy clusters do: on request, and only there.

A fault is a function that sees each request before it goes on, and may hold it, answer it, lose it, or spoil its
answer.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession, ClientTimeout, web

Forward = Callable[[], Awaitable[web.Response]]
Fault = Callable[[web.Request, Forward], Awaitable[web.StreamResponse]]
Spoil = Callable[[Forward], Awaitable[web.StreamResponse]]

PLAIN = {"Accept-Encoding": "identity"}
KEPT_HEADERS = ("Content-Type", "X-Elastic-Product")
LARGEST_BODY = 100 * 1024**2


class ConnectionLost(Exception):
    """The client gets no answer."""


@dataclass
class Proxy:
    """Passes requests on to `target`, but for what `fault` does to them. `seen` counts them by their last path part."""

    target: str
    port: int = 0
    fault: Fault | None = None
    seen: dict[str, int] = field(default_factory=dict)
    _session: ClientSession | None = None
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Listen, at the same port as before."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._session = ClientSession(timeout=ClientTimeout(total=120))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Refuse connections, and cut those that there are."""
        if self._runner is not None and self._session is not None:
            await self._runner.cleanup()
            await self._session.close()
            self._runner = self._session = None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        self.seen[name] = self.seen.get(name, 0) + 1
        body = await request.read()

        async def forward() -> web.Response:
            assert self._session is not None
            headers = {name: value for name, value in request.headers.items() if name != "Host"} | PLAIN
            url = f"{self.target}{request.raw_path}"
            async with self._session.request(request.method, url, data=body, headers=headers) as answer:
                kept = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)

        try:
            return await (self.fault(request, forward) if self.fault else forward())
        except ConnectionLost:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)


@asynccontextmanager
async def run_proxy(target: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(target)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()


def is_bulk(request: web.Request) -> bool:
    return request.path.endswith("/_bulk")


def meet_bulks(every: int, spoil: Spoil) -> Fault:
    """A fault that each n-th bulk meets; all else passes."""
    count = 0

    async def fault(request: web.Request, forward: Forward) -> web.StreamResponse:
        nonlocal count
        count += is_bulk(request)
        is_met = is_bulk(request) and count % every == 0
        return await (spoil(forward) if is_met else forward())

    return fault


def refuse_bulks(status: int, every: int) -> Fault:
    """Answer each n-th bulk with an error of the whole cluster, without doing it."""

    async def refuse(_: Forward) -> web.StreamResponse:
        error = {"type": "es_rejected_execution_exception", "reason": "rejected"}
        return _answer({"error": error, "status": status}, status)

    return meet_bulks(every, refuse)


def lose_answers(every: int) -> Fault:
    """Do each n-th bulk, and never say so."""
    return hang(every, 0)


def hang(every: int, seconds: float) -> Fault:
    """Do each n-th bulk, and answer when nobody waits any more."""

    async def lose(forward: Forward) -> web.StreamResponse:
        await forward()
        await asyncio.sleep(seconds)
        raise ConnectionLost

    return meet_bulks(every, lose)


def reject_items(every: int) -> Fault:
    """Say of some items of each n-th bulk that there was no room for them; they were written all the same."""

    async def reject(forward: Forward) -> web.StreamResponse:
        answer = await forward()
        assert isinstance(answer.body, bytes)
        content = json.loads(answer.body)
        error = {"type": "es_rejected_execution_exception", "reason": "rejected execution of coordinating operation"}
        for item in content["items"][::10]:
            item["index"] = {"_id": item["index"]["_id"], "status": 429, "error": error}
        return _answer(content | {"errors": True}, 200)

    return meet_bulks(every, reject)


def _answer(content: object, status: int) -> web.Response:
    headers = {"X-Elastic-Product": "Elasticsearch"}
    return web.json_response(content, status=status, headers=headers)
