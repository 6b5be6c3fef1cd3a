"""Telling a poisoned document from a broken index.

Invariant: single documents that Elasticsearch refuses are set aside and the rest goes on; when most are refused, the
fault is not theirs, and nothing more is set aside.
"""

from collections import deque
from collections.abc import Iterable

from indexer.errors import TooManyRefused

WINDOW = 1000
MOST_IN_A_ROW = 10
MOST_IN_WINDOW = 150


class RefusalWatch:
    """Remembers how the last documents fared."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._in_a_row = 0

    def check(self, refusals: Iterable[str | None]) -> None:
        """Take in what became of some documents, in order: None, or why one was refused.

        Raises:
            TooManyRefused: ten in a row were, or 15 % of the last thousand.
        """
        for reason in refusals:
            self._recent.append(reason is not None)
            self._in_a_row = self._in_a_row + 1 if reason is not None else 0
            if reason is not None and (self._in_a_row >= MOST_IN_A_ROW or sum(self._recent) >= MOST_IN_WINDOW):
                raise TooManyRefused(reason)
