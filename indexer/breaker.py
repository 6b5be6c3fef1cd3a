"""The breaker: while a dependency is down, one worker at a time asks whether it is back, ever more rarely.

Invariant: an outage is nobody's fault. Work that meets one is given back as it was, and costs no attempt. However long
it lasts, it is waited for; but statements that PostgreSQL interrupts each time end the work, for nothing else would.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from elasticsearch import ApiError

from indexer.errors import ElasticsearchUnavailable, StatementsInterrupted
from nyumba.db import MOST_INTERRUPTIONS, is_interrupted, may_pass, read_sqlstate
from nyumba.elastic import is_blocked, is_outage

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 15.0

T = TypeVar("T")
State = Literal["closed", "open", "half_open"]


class Breaker:
    """Shared by all that work with the same dependencies in a process.

    Closed, all work goes through. An outage opens it: then all wait, until a pause is over and one of them tries, while
    it is half open. `reason` says what is down, for as long as it is.
    """

    def __init__(self) -> None:
        self._probing = asyncio.Lock()
        self._is_trying = False
        self._failures = 0
        self._interruptions = 0
        self._retry_at = 0.0
        self._opened_at = 0.0
        self._error: Exception | None = None

    @property
    def state(self) -> State:
        """Closed while all is well."""
        if self._error is None:
            return "closed"
        return "half_open" if self._is_trying else "open"

    @property
    def reason(self) -> str | None:
        """What is down; None while nothing is."""
        return None if self._error is None else describe_outage(self._error)

    async def run(self, work: Callable[[], Awaitable[T]], stop: asyncio.Event) -> T | None:
        """Do the work once, when the breaker lets it through; None if it met an outage, or `stop` came first."""
        if self._error is None:
            return await self._try(work)
        async with self._probing:
            if self._error is not None:
                await wait(stop, self._retry_at - time.monotonic())
            if stop.is_set():
                return None
            self._is_trying = True
            try:
                return await self._try(work)
            finally:
                self._is_trying = False

    async def insist(self, work: Callable[[], Awaitable[T]], *, longest_s: float) -> T:
        """Do the work, again and again while there is an outage; once it lasts for longer, raise what it raised."""
        never = asyncio.Event()
        while (result := await self.run(work, never)) is None:
            if self._error is not None and time.monotonic() - self._opened_at > longest_s:
                raise self._error
        return result

    async def _try(self, work: Callable[[], Awaitable[T]]) -> T | None:
        seen = self._failures
        try:
            result = await work()
        except Exception as error:
            if not is_any_outage(error):
                raise
            if seen == self._failures:  # workers that meet the same outage at the same time count once
                self._count_interruption(error)
                self._open(error)
            return None
        self._close()
        return result

    def _count_interruption(self, error: Exception) -> None:
        """Waiting helps a statement that others are in the way of, and not one that always takes too long."""
        self._interruptions = self._interruptions + 1 if is_interrupted(error) else 0
        if self._interruptions >= MOST_INTERRUPTIONS:
            raise StatementsInterrupted(self._interruptions, read_sqlstate(error)) from error

    def _open(self, error: Exception) -> None:
        now = time.monotonic()
        self._opened_at = now if self._error is None else self._opened_at
        self._error = error
        pause = compute_pause(self._failures)
        self._failures += 1
        self._retry_at = now + pause
        logger.warning("%s; next try in %.1f s", describe_outage(error), pause)

    def _close(self) -> None:
        if self._error is not None:
            logger.warning("it is back after %.1f s", time.monotonic() - self._opened_at)
        self._error = None
        self._failures = 0
        self._interruptions = 0


def compute_pause(failures: int) -> float:
    """Seconds to wait after so many failures before: doubling, at most LONGEST_PAUSE_S, and never the same for all."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311


def is_any_outage(error: Exception) -> bool:
    """Whether an error says that one of the two stores cannot be reached or does not take work now."""
    return isinstance(error, ElasticsearchUnavailable) or is_outage(error) or may_pass(error)


def describe_outage(error: Exception) -> str:
    """One sentence, without anything that the error may quote."""
    if isinstance(error, ElasticsearchUnavailable):
        return str(error)
    if may_pass(error):
        state = read_sqlstate(error)
        return f"PostgreSQL is unavailable (SQLSTATE {state})" if state else "PostgreSQL is unavailable"
    if isinstance(error, ApiError) and is_blocked(error):
        return f"Elasticsearch is unavailable ({error.error})"
    return "Elasticsearch is unavailable"


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not past `stop`."""
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
