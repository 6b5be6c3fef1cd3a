"""The ids of searches. An id proves by itself that this service gave it out, and when.

Invariant: nothing is looked up to check one: it is a UUID of version 8 made of the time, chance, and a keyed digest of
both.
"""

import hashlib
import hmac
import secrets
import time
from uuid import UUID

GOOD_FOR_S = 2 * 86_400
TAG_BYTES = 5
CHANCE_BYTES = 5


class QueryIds:
    """Gives ids out, and tells those that it gave out from others."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"nyumba/query-ids/" + secret.encode()).digest()

    def make(self, now_s: float | None = None) -> UUID:
        """A new id."""
        milliseconds = int((time.time() if now_s is None else now_s) * 1000)
        head = bytearray(milliseconds.to_bytes(6, "big") + secrets.token_bytes(CHANCE_BYTES))
        head[6] = head[6] & 0x0F | 0x80
        head[8] = head[8] & 0x3F | 0x80
        return UUID(bytes=bytes(head) + self._digest(bytes(head)))

    def is_known(self, query_id: UUID, now_s: float | None = None) -> bool:
        """Whether it was given out here within the last two days."""
        head, tag = query_id.bytes[:-TAG_BYTES], query_id.bytes[-TAG_BYTES:]
        age_s = (time.time() if now_s is None else now_s) - int.from_bytes(head[:6], "big") / 1000
        return hmac.compare_digest(tag, self._digest(head)) and age_s <= GOOD_FOR_S

    def _digest(self, head: bytes) -> bytes:
        return hmac.digest(self._key, head, "sha256")[:TAG_BYTES]
