"""Asking Elasticsearch, and reading of its answer no more than whoever asks needs.

Invariant: an answer that is cut short by its time limit is never passed on as if it were whole.
"""

from typing import Any, Generic, TypeVar

import msgspec

from nyumba.elastic import SearchEngine
from nyumba.errors import SearchTimedOut
from nyumba.pagination import Total
from nyumba.search.answers import SearchItem

H = TypeVar("H")
C = TypeVar("C")
A = TypeVar("A", bound="Answer[Any, Any]")


class Hit(msgspec.Struct):
    """One found property, of which most is passed on as it came."""

    id: str = msgspec.field(name="_id")
    source: msgspec.Raw = msgspec.field(name="_source")
    sort: msgspec.Raw
    score: float | None = msgspec.field(name="_score", default=None)
    highlight: dict[str, list[str]] = {}
    explanation: Any = msgspec.field(name="_explanation", default=None)
    fields: dict[str, list[float]] = {}

    def read_sort(self) -> list[Any]:
        """The values that its place in the order comes from."""
        return msgspec.json.decode(self.sort, type=list[Any])


class ItemHit(msgspec.Struct):
    """One found property, read as an item."""

    source: SearchItem = msgspec.field(name="_source")


class Hits(msgspec.Struct, Generic[H]):
    """Those that were asked for, and how many there are in all."""

    total: Total
    hits: list[H]


class Answer(msgspec.Struct, Generic[H, C]):
    """What Elasticsearch found, and what it counted, by the name of each aggregation."""

    hits: Hits[H]
    timed_out: bool
    aggregations: dict[str, C] = {}


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """What one bucket of an aggregation holds. It is in no cycle, and the garbage collector need not visit hundreds."""

    count: int = msgspec.field(name="doc_count")
    key: str | int | float = ""
    start: float = msgspec.field(name="from", default=0)
    shown: "Counted | None" = None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What one aggregation of a search counted: a value, buckets, or what stands within it."""

    count: int = msgspec.field(name="doc_count", default=0)
    value: float | None = None
    listed: list[Bucket] | dict[str, Bucket] = msgspec.field(name="buckets", default_factory=list)
    other_count: int = msgspec.field(name="sum_other_doc_count", default=0)
    values: "Counted | None" = None
    spellings: "Counted | None" = None
    selected: "Counted | None" = None
    steps: "Counted | None" = None
    least: "Counted | None" = None
    most: "Counted | None" = None
    without: "Counted | None" = None
    found: "Counted | None" = None
    advertisers: msgspec.Raw = msgspec.Raw(b'{"buckets":[]}')

    @property
    def buckets(self) -> list[Bucket]:
        """Those of an aggregation that has them in an order."""
        return self.listed if isinstance(self.listed, list) else []

    @property
    def named(self) -> dict[str, Bucket]:
        """Those of an aggregation that gave them names."""
        return self.listed if isinstance(self.listed, dict) else {}


ITEMS = msgspec.json.Decoder(Answer[ItemHit, Any])


async def ask(
    engine: SearchEngine, body: dict[str, Any], decoder: msgspec.json.Decoder[A], *, belonging: bytes = b""
) -> A:
    """Ask Elasticsearch, and the same copies for all that belongs together.

    Raises:
        SearchUnavailable: it is down, too slow, or nothing has been indexed yet.
    """
    answer = decoder.decode(await engine.search(msgspec.json.encode(body), belonging=belonging))
    if answer.timed_out:
        raise SearchTimedOut
    return answer
