"""What clients tell of the results that people saw and used, in the names of the User Behavior Insights schema.

Invariant: there is no place for who it was. A client that sends a field of its own is told so.
"""

import re
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from nyumba.bodies import StrictBody, read_json, read_number
from nyumba.errors import FieldError, InvalidRequest

MOST_EVENTS = 100
LAST_ORDINAL = 10_000

ActionName = Literal["impression", "click", "save", "contact"]

_ALLOWED = {
    "events": f"a list of 1 to {MOST_EVENTS} events",
    "query_id": "the `query_id` that a search answered",
    "action_name": "one of impression, click, save, contact",
    "object_id": "the id of a property",
    "object_id_field": "`id`",
    "ordinal": f"a whole number from 1 to {LAST_ORDINAL:,}",
}

T = TypeVar("T", bound=msgspec.Struct)

_JSON = msgspec.json.Decoder(float_hook=read_number)


class EventObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The property that something was done with."""

    object_id: UUID
    object_id_field: Literal["id"] = "id"


class EventPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it stood in the results, from 1."""

    ordinal: Annotated[int, Meta(ge=1, le=LAST_ORDINAL)]


class EventAttributes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an event is about."""

    object: EventObject
    position: EventPosition | None = None


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody saw a result (`impression`), opened it (`click`), saved it, or got in touch about it (`contact`)."""

    query_id: UUID
    action_name: ActionName
    event_attributes: EventAttributes


class EventBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events, in any order. One that comes again counts once."""

    events: Annotated[list[Event], Meta(min_length=1, max_length=MOST_EVENTS)]


class EventsAccepted(msgspec.Struct, frozen=True):
    """What became of a batch. Ignored is what names a search that is not known (any more), or no property on show."""

    accepted: int
    ignored: int


class NestedBody(StrictBody[T]):
    """A body whose faults lie deeper than its own fields: the first of them is named."""

    def decode_bytes(self, value: bytes) -> Any:  # noqa: ANN401  (as Litestar declares it)
        """Read the body."""
        try:
            return msgspec.convert(read_json(_JSON, value), self.model_type)
        except msgspec.ValidationError as error:
            raise InvalidRequest([_explain(str(error))]) from None


def _explain(message: str) -> FieldError:
    """From msgspec's words to ours: `… - at `$.events[3].query_id``."""
    what, _, path = message.partition(" - at ")
    pointer = "".join(f"/{part}" for part in re.findall(r"[A-Za-z_]\w*|\d+", path))
    if missing := re.search(r"missing required field `(\w+)`", what):
        return FieldError("is missing", pointer=f"{pointer}/{missing[1]}")
    if unknown := re.search(r"unknown field `(.{1,100})", what):
        return FieldError("is not a field here", pointer=f"{pointer}/{unknown[1].rstrip('`')}")
    name = pointer.rpartition("/")[2]
    return FieldError(f"must be {_ALLOWED.get(name, 'a JSON object')}", pointer=pointer)
