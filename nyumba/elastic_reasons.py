"""What may be said of why Elasticsearch refuses a document: the kind of error and the fields, never the values.

Invariant: a reason is kept up to the first thing in it that is neither Elasticsearch's own word nor a name of the
mapping, since what it quotes may be what somebody typed. So reasons can be logged, stored and shown.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_HARMLESS = re.compile(rf"\d+:\d+|{_UUID}")  # a place in the request, a document
_QUOTES = re.compile(r"""\[([^\[\]]*)\]|(?<!\w)'([^']*)'|"([^"]*)"|\.? Preview of |[\[\]"(){}<>\d]|(?<!\w)'""")


def list_names(mappings: Mapping[str, Any]) -> frozenset[str]:
    """The fields of a mapping, by their paths, and their types."""
    return frozenset(_list_names(mappings, ""))


def _list_names(mapping: Mapping[str, Any], path: str) -> Iterator[str]:
    if path:
        yield path
    if "type" in mapping:
        yield mapping["type"]
    for name, field in (mapping.get("properties", {}) | mapping.get("fields", {})).items():
        yield from _list_names(field, f"{path}.{name}" if path else name)


def describe_refusal(kind: str, reason: str | None, names: frozenset[str]) -> str:
    """The type of an error and its reason, as far as that is harmless; what is left out shows as an ellipsis."""
    if reason is None:
        return kind
    for quote in _QUOTES.finditer(reason):
        quoted = next((group for group in quote.groups() if group is not None), "")
        if quoted not in names and not _HARMLESS.fullmatch(quoted):
            return f"{kind}: {reason[: quote.start()].rstrip()} …"
    return f"{kind}: {reason}"
