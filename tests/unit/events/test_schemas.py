"""A fault of a batch is named by its place, with what is allowed there."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from nyumba.errors import InvalidRequest, MalformedBody
from nyumba.events.schemas import EventBatch, NestedBody


def parse(body: bytes) -> EventBatch:
    reader: Any = NestedBody[EventBatch]
    return NestedBody.decode_bytes(reader.__new__(reader), body)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"action_name": "buy"}, "/events/0/action_name", "must be one of impression, click, save, contact"),
        ({"query_id": "x"}, "/events/0/query_id", "must be the `query_id` that a search answered"),
        ({"client_id": "me"}, "/events/0/client_id", "is not a field here"),
        ({"event_attributes": {}}, "/events/0/event_attributes/object", "is missing"),
    ],
)
def test_fault_is_named(change: dict[str, object], pointer: str, detail: str) -> None:
    event = {"query_id": uuid4(), "action_name": "click", "event_attributes": {"object": {"object_id": uuid4()}}}
    with pytest.raises(InvalidRequest) as caught:
        parse(msgspec.json.encode({"events": [event | change]}))
    assert [(error.pointer, error.detail) for error in caught.value.errors] == [(pointer, detail)]


def test_batch_is_refused_however_deep_it_is() -> None:
    with pytest.raises(MalformedBody):
        parse(b'{"events": ' + b"[" * 50_000)
