"""Where records cannot be written, searches and events go on as ever, and what is lost is counted in the open."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from nyumba.elastic import create_client
from nyumba.events import recorder as module
from nyumba.events.query_ids import QueryIds
from nyumba.events.recorder import Recorder
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import serve
from tests.integration.events.test_events import PATH, name_event

CAPACITY = 5
SEARCHES = 20


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a request and never answer it."""
    while await reader.read(65_536):
        pass
    writer.close()


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be too busy, whatever is asked."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    await writer.drain()
    writer.close()


async def fail(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Drop the connection."""
    writer.close()


@pytest.fixture(params=[hang, refuse, fail], ids=lambda serve: serve.__name__)
async def writer_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    server = await asyncio.start_server(request.param, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_searches_and_events_go_on_and_what_is_lost_is_counted(
    world: World, settings: Settings, writer_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    property_id = await world.add_property(title="Sunny flat")
    await world.reindex()
    monkeypatch.setattr(module, "INTERVAL_S", 0.01)
    monkeypatch.setattr(module, "LAST_FLUSH_S", 0.01)

    def make_recorder(*_: object) -> Recorder:
        return Recorder(client, "test-of-away", capacity=CAPACITY)

    monkeypatch.setattr("nyumba.app.Recorder", make_recorder)
    async with create_client(writer_url, timeout_s=60) as client, serve(settings) as api:
        for _ in range(SEARCHES):
            answer = await api.get("/api/v1/properties", params={"search": "sunny"})
            assert answer.json()["total"]["value"] == 1
        event = name_event(QueryIds(settings.secret_key).make(), property_id)
        posted = await api.post(PATH, json={"events": [event]})
        assert (posted.status_code, posted.json()["accepted"]) == (202, 1)
        ready = (await api.get("/health/ready")).json()
    assert ready["status"] == "ok"
    assert ready["records"] == {"waiting": CAPACITY, "recorded": 0, "dropped": SEARCHES + 1 - CAPACITY}
