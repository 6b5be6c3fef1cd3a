"""Bulk requests, and from their answers to outcomes.

Invariant: every write carries its row's version as an external one, so that a late write can never undo a newer one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from elasticsearch import ApiError, AsyncElasticsearch

from indexer.errors import ElasticsearchBusy, ElasticsearchUnavailable, IndexMissing
from nyumba.elastic import BLOCKS, OUTAGE_STATUSES, is_blocked
from nyumba.elastic_reasons import describe_refusal, list_names
from nyumba.search.document import MAPPINGS

WHOLE_REFUSALS = frozenset({400, 413})
BUSY = 429
NAMES = list_names(MAPPINGS)
ANSWER_FIELDS = (
    "errors",
    "error.type",
    *(f"items.*.{name}" for name in ("_id", "status", "error.type", "error.reason")),
)


@dataclass(frozen=True, slots=True)
class Action:
    """One write: the lines of the bulk request that make a document equal to its row at `version`.

    `op` is unindex where no public row was found.
    """

    property_id: UUID
    version: int
    lines: str
    op: Literal["index", "unindex"] = "index"


def build_tombstone(property_id: UUID, version: int) -> Action:
    """The write that hides a property and outlives a crash of Elasticsearch, as a delete would not."""
    head = f'{{"index":{{"_id":"{property_id}","version":{version},"version_type":"external_gte"}}}}'
    body = f'{{"tombstoned_at":"{datetime.now(UTC).isoformat()}"}}'
    return Action(property_id, version, f"{head}\n{body}\n", "unindex")


class _Head(msgspec.Struct):
    id: UUID = msgspec.field(name="_id")
    version: int


def read_actions(lines: str) -> list[Action]:
    """The single writes of a bulk request."""
    heads, documents = lines.split("\n")[:-1:2], lines.split("\n")[1::2]
    actions = []
    for head, document in zip(heads, documents, strict=True):
        written = msgspec.json.decode(head, type=dict[str, _Head])["index"]
        actions.append(Action(written.id, written.version, f"{head}\n{document}\n"))
    return actions


class _ItemError(msgspec.Struct):
    type: str
    reason: str | None = None


class _Item(msgspec.Struct):
    id: UUID = msgspec.field(name="_id")
    status: int
    error: _ItemError | None = None


class _BulkAnswer(msgspec.Struct):
    items: list[dict[str, _Item]]
    errors: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of a bulk request, by id where it was not taken, with the reason.

    `refused` ones never will be. `failing` ones broke something within Elasticsearch, alone among others that it took.
    """

    superseded: int = 0
    refused: dict[UUID, str] = field(default_factory=dict)
    failing: dict[UUID, str] = field(default_factory=dict)

    def add(self, other: "Outcome") -> "Outcome":
        """That of both."""
        refused, failing = self.refused | other.refused, self.failing | other.failing
        return Outcome(self.superseded + other.superseded, refused, failing)


async def send_lines(client: AsyncElasticsearch, index: str, lines: str) -> bool:
    """Write to one physical index, the short way for the usual case: say only whether all of it was taken.

    What was not taken can be told by sending it again, as actions.
    """
    body: Any = lines.encode()
    try:
        answer = await client.bulk(index=write_alias(index), body=body, require_alias=True, filter_path=["errors"])
    except ApiError as error:
        if error.status_code in WHOLE_REFUSALS | {BUSY}:
            return False
        raise
    return not answer["errors"]


async def send_actions(client: AsyncElasticsearch, index: str, actions: Sequence[Action]) -> Outcome:
    """Write to one physical index. A newer document that is there already stays: that is no failure.

    What there is no room for is sent again in halves: documents together can be larger than Elasticsearch ever takes.

    Raises:
        ElasticsearchUnavailable: some or all of it was not written for now; sending it again is safe.
        IndexMissing: the index was taken away; nothing is created in its place.
    """
    try:
        return await _send(client, index, actions)
    except ElasticsearchBusy:
        if len(actions) == 1:
            raise
    return await _send_halves(client, index, actions)


async def _send_halves(client: AsyncElasticsearch, index: str, actions: Sequence[Action]) -> Outcome:
    middle = len(actions) // 2
    first = await send_actions(client, index, actions[:middle])
    return first.add(await send_actions(client, index, actions[middle:]))


async def _send(client: AsyncElasticsearch, index: str, actions: Sequence[Action]) -> Outcome:
    body = "".join(action.lines for action in actions).encode()
    try:
        answer = await client.bulk(
            index=write_alias(index),
            body=body,  # type: ignore[arg-type]  # the serializer passes lines that are made already
            require_alias=True,
            filter_path=ANSWER_FIELDS,
        )
    except ApiError as error:
        if error.status_code == BUSY:
            raise ElasticsearchBusy(str(error.error)) from error
        if error.status_code not in WHOLE_REFUSALS or is_blocked(error):
            raise
        return await _isolate(client, index, actions, error)
    return _classify(index, msgspec.convert(answer.body, _BulkAnswer, strict=False))


async def _isolate(client: AsyncElasticsearch, index: str, actions: Sequence[Action], error: ApiError) -> Outcome:
    """Find out whose fault it is that a whole request was refused, by halving it."""
    if len(actions) == 1:
        return Outcome(refused={actions[0].property_id: f"{error.error}: status {error.status_code}"})
    return await _send_halves(client, index, actions)


def write_alias(index: str) -> str:
    """The name that writes go to: with `require_alias`, an index that is gone is never created by a write."""
    return f"{index}-write"


def _classify(index: str, answer: _BulkAnswer) -> Outcome:
    outcome = Outcome()
    for item in _failures(answer.items):
        error = item.error
        reason = describe_refusal(error.type, error.reason, NAMES) if error else f"status {item.status}"
        if item.status == 409:
            outcome.superseded += 1
        elif item.status == 500:
            outcome.failing[item.id] = reason
        elif item.status == BUSY:
            raise ElasticsearchBusy(reason)
        elif item.status in OUTAGE_STATUSES or (error and error.type in BLOCKS):
            raise ElasticsearchUnavailable(error.type if error else reason)
        elif item.status == 404:
            raise IndexMissing(index)
        else:
            outcome.refused[item.id] = reason
    if len(outcome.failing) == len(answer.items) > 1:
        raise ElasticsearchUnavailable("status 500 for all")
    return outcome


def _failures(items: Iterable[dict[str, _Item]]) -> Iterable[_Item]:
    return (item for wrapped in items for item in wrapped.values() if item.status >= 300)
