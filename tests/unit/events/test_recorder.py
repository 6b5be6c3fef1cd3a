"""Noting never waits and never fails; what does not fit is counted."""

import asyncio
from uuid import uuid4

import pytest

from nyumba.elastic import create_client, is_outage
from nyumba.events import recorder as module
from nyumba.events.recorder import Recorder
from nyumba.events.streams import build_search_record

NOBODY_LISTENS = "http://127.0.0.1:1"


async def test_full_buffer_drops_and_counts() -> None:
    async with create_client(NOBODY_LISTENS, timeout_s=1) as client:
        recorder = Recorder(client, "nyumba", capacity=10)
        for _ in range(25):
            recorder.note(build_search_record(uuid4(), "kilimani", {}, []))
        assert recorder.dropped == 15


async def test_records_wait_while_elasticsearch_is_down_and_are_counted_at_the_end() -> None:
    async with create_client(NOBODY_LISTENS, timeout_s=1) as client:
        recorder = Recorder(client, "nyumba")
        async with recorder.work():
            recorder.note(build_search_record(uuid4(), "kilimani", {}, []))
            with pytest.raises(Exception) as caught:  # noqa: PT011  (which of them it is, the next line says)
                await recorder.flush()
            assert is_outage(caught.value)
            assert (recorder.recorded, recorder.dropped) == (0, 0)
        assert (recorder.recorded, recorder.dropped) == (0, 1)


async def test_last_flush_gives_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAST_FLUSH_S", 0.2)

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hung.wait()
        writer.close()

    hung = asyncio.Event()
    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, create_client(f"http://127.0.0.1:{port}", timeout_s=60) as client:
        recorder = Recorder(client, "nyumba")
        async with asyncio.timeout(10), recorder.work():
            recorder.note(build_search_record(uuid4(), None, {}, []))
        hung.set()
    assert recorder.dropped == 1


async def test_key_that_was_revoked_is_named_without_a_stack_and_records_wait_for_another(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "INTERVAL_S", 0.01)
    body = b'{"error": {"type": "security_exception", "reason": "unable to authenticate"}, "status": 401}'
    head = b"HTTP/1.1 401 Unauthorized\r\nX-Elastic-Product: Elasticsearch\r\nContent-Type: application/json\r\n"

    async def refuse_key(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse_key, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, create_client(f"http://127.0.0.1:{port}", timeout_s=60) as client:
        recorder = Recorder(client, "nyumba")
        async with recorder.work(), asyncio.timeout(30):
            recorder.note(build_search_record(uuid4(), "kilimani", {}, []))
            while "NYUMBA_ELASTICSEARCH_EVENTS_API_KEY" not in caplog.text:
                await asyncio.sleep(0.01)
            assert (recorder.waiting, recorder.dropped) == (1, 0)
    assert "Traceback" not in caplog.text


def test_document_has_no_more_than_was_agreed() -> None:
    query_id, object_id = uuid4(), uuid4()
    attributes = {"city": ["call 0712 345 678"], "total": 1, "sort": None}
    document = build_search_record(query_id, "me@example.com", attributes, [str(object_id)]).document
    assert document["user_query"] == "[email]"
    assert document["query_attributes"] == {"city": ["call [phone]"], "total": 1}
    assert document["query_response_object_ids"] == [str(object_id)]
    assert document.keys() == {
        "@timestamp",
        "query_id",
        "application",
        "user_query",
        "query_attributes",
        "query_response_object_ids",
    }
