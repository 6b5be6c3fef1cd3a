"""The two data streams: searches, and what people did with their results, as User Behavior Insights names it.

Invariant: a document says nothing of who searched. There is no address, no account and no session in it, and what was
typed passes `redact`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from nyumba.events.redaction import redact

APPLICATION = "nyumba"
SEARCHES = "searches"
EVENTS = "events"

_KEYWORD = {"type": "keyword", "ignore_above": 256}
_IDENTITY = {"@timestamp": {"type": "date"}, "query_id": _KEYWORD, "application": _KEYWORD}

MAPPINGS: dict[str, dict[str, Any]] = {
    SEARCHES: {
        "dynamic": False,
        "properties": {
            **_IDENTITY,
            "user_query": {**_KEYWORD, "fields": {"text": {"type": "text"}}},
            "query_attributes": {
                "properties": {
                    **dict.fromkeys(
                        ("filters", "city", "neighborhood", "listing_type", "property_type", "sort"), _KEYWORD
                    ),
                    **{name: {"type": "long"} for name in ("total", "page")},
                    **{name: {"type": "double"} for name in ("took_ms", "index_lag_ms")},
                    **{name: {"type": "boolean"} for name in ("degraded", "zero_results")},
                }
            },
            "query_response_object_ids": _KEYWORD,
        },
    },
    EVENTS: {
        "dynamic": False,
        "properties": {
            **_IDENTITY,
            "action_name": _KEYWORD,
            "event_attributes": {
                "properties": {
                    "object": {"properties": {"object_id": _KEYWORD, "object_id_field": _KEYWORD}},
                    "position": {"properties": {"ordinal": {"type": "integer"}}},
                }
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Record:
    """One document for one of the streams. The id makes sending it twice the same as sending it once."""

    stream: str
    id: str
    document: Mapping[str, Any]


def name_stream(prefix: str, stream: str) -> str:
    """What the stream is called in Elasticsearch."""
    return f"{prefix}-{stream}"


def build_search_record(
    query_id: UUID, text: str | None, attributes: Mapping[str, Any], object_ids: Sequence[str]
) -> Record:
    """A search that was answered. `attributes` are those of `query_attributes`; what is None is left out."""
    places = {
        name: [redact(place) for place in attributes[name]]
        for name in ("city", "neighborhood")
        if attributes.get(name) is not None
    }
    known = {name: value for name, value in attributes.items() if value is not None}
    document = {
        "user_query": redact(text) if text else None,
        "query_attributes": known | places,
        "query_response_object_ids": list(object_ids),
    }
    return Record(SEARCHES, str(query_id), _identify(query_id) | document)


def build_event_record(query_id: UUID, action_name: str, object_id: UUID, ordinal: int | None) -> Record:
    """Something that was done with one result. Doing it again with the same result of the same search adds nothing."""
    attributes: dict[str, Any] = {"object": {"object_id": str(object_id), "object_id_field": "id"}}
    if ordinal is not None:
        attributes["position"] = {"ordinal": ordinal}
    done = hashlib.sha256(f"{query_id}/{action_name}/{object_id}".encode()).hexdigest()[:32]
    return Record(EVENTS, done, _identify(query_id) | {"action_name": action_name, "event_attributes": attributes})


def _identify(query_id: UUID) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"@timestamp": now, "query_id": str(query_id), "application": APPLICATION}
