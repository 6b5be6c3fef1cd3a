"""The judged sets of typed queries: one in two halves, and one that was written after the rules.

Invariant: which half a query is in depends on its text alone, so a query that is added never moves another one.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

Half = Literal["rules", "held_out"]
Part = Half | Literal["second"]

QUERIES = Path(__file__).with_name("typed_queries.toml")
SECOND = Path(__file__).with_name("typed_queries_second.toml")


class JudgedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody types, the parameters that it should become, and the words that should stay text."""

    q: str
    kind: str
    want: dict[str, Any]
    rest: str

    @property
    def half(self) -> Half:
        """Rules are written against the one half, and measured with the other."""
        return "rules" if hashlib.sha256(self.q.encode()).digest()[0] % 2 else "held_out"


def load_queries(part: Part) -> list[JudgedQuery]:
    """The queries of one half, or of the second set, in the order of the file."""
    if part == "second":
        return _read(SECOND)
    return [query for query in _read(QUERIES) if query.half == part]


def _read(path: Path) -> list[JudgedQuery]:
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8"))["query"], list[JudgedQuery])
