"""Pages and signed cursors.

Invariant: a cursor is only good for the query that made it; anything else is refused, never misread.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from nyumba.errors import FieldError, InvalidRequest

SIGNATURE_BYTES = 16
LONGEST_CURSOR = 2000

T = TypeVar("T")


class Total(msgspec.Struct, frozen=True):
    """How many there are in all; `relation` is `eq` when that is exact."""

    value: int
    relation: str = "eq"


class PageInfo(msgspec.Struct, frozen=True):
    """Where this page ends. `next_cursor` is null on the last page."""

    limit: int
    next_cursor: Annotated[str | None, msgspec.Meta(description="pass it as `cursor` to get the next page")] = None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """What every list answers."""

    items: list[T]
    total: Total
    page: PageInfo


class PageParameters(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters that every list has."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST_CURSOR)] | None,
        Meta(description="`page.next_cursor` of the page before"),
    ] = None


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is asked for, and the key that signs cursors."""

    limit: int
    cursor: str | None
    secret: str = field(repr=False)


def encode_cursor(secret: str, query: bytes, position: list[Any]) -> str:
    """Sign the sort values of a page's last item together with the query that they belong to."""
    payload = msgspec.json.encode(position)
    return base64.urlsafe_b64encode(_sign(secret, query, payload) + payload).decode().rstrip("=")


def decode_cursor(secret: str, query: bytes, cursor: str) -> list[Any]:
    """Read a cursor back.

    Raises:
        InvalidRequest: it was altered, or made for another query or sort.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(secret, query, payload)):
        detail = "is not a cursor of this query; take `page.next_cursor` and leave the other parameters as they were"
        raise InvalidRequest([FieldError(detail, parameter="cursor")])
    return msgspec.json.decode(payload, type=list[Any])


def _sign(secret: str, query: bytes, payload: bytes) -> bytes:
    message = len(query).to_bytes(4, "big") + query + payload
    return hmac.digest(_derive_key(secret), message, "sha256")[:SIGNATURE_BYTES]


@lru_cache(maxsize=1)
def _derive_key(secret: str) -> bytes:
    return hashlib.sha256(b"nyumba/cursor/" + secret.encode()).digest()
