"""Sends searches and events to their data streams in the background.

Invariant: noting neither waits nor fails. What does not fit into the buffer is dropped and counted, so a slow or absent
Elasticsearch costs records and never a search.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

from elasticsearch import AsyncElasticsearch

from nyumba.elastic import OUTAGE_STATUSES, is_denied, is_outage
from nyumba.elastic_reasons import describe_refusal, list_names
from nyumba.events.streams import MAPPINGS, Record, name_stream

logger = logging.getLogger(__name__)

CAPACITY = 10_000
BATCH = 500
INTERVAL_S = 1.0
LONGEST_PAUSE_S = 30.0
LAST_FLUSH_S = 2.0


class Recorder:
    """A bounded buffer in front of the streams. `recorded` and `dropped` count since the start of the process."""

    def __init__(self, client: AsyncElasticsearch, prefix: str, *, capacity: int = CAPACITY) -> None:
        self._client = client
        self._prefix = prefix
        self._capacity = capacity
        self._waiting: deque[Record] = deque()
        self._told_dropped = 0
        self.recorded = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """How many records the buffer holds."""
        return len(self._waiting)

    def note(self, record: Record) -> None:
        """Keep a record until the next flush, or drop it when too many wait."""
        if len(self._waiting) >= self._capacity:
            self.dropped += 1
        else:
            self._waiting.append(record)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[None]:
        """Flush every second for as long as the context lasts, and once more at its end, within a bound."""
        task = asyncio.create_task(self._flush_regularly())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self._flush_last()

    async def flush(self) -> None:
        """Send what waits. What could not be sent for now goes on waiting; what never can be is dropped and counted.

        Raises:
            elastic_transport.TransportError, ApiError: Elasticsearch does not answer.
        """
        while batch := list(islice(self._waiting, BATCH)):
            refused, postponed = await self._send(batch)
            for _ in batch:
                self._waiting.popleft()
            self._waiting.extendleft(reversed(postponed))
            self.recorded += len(batch) - len(refused) - len(postponed)
            if refused:
                self.dropped += len(refused)
                logger.warning("Elasticsearch refuses %d records of searches: %s", len(refused), refused[0])
            if postponed:
                return

    async def _send(self, batch: Sequence[Record]) -> tuple[list[str], list[Record]]:
        """The reasons for those that are refused, and those that Elasticsearch is too busy for."""
        lines: list[Any] = []
        for record in batch:
            lines += [{"create": {"_index": name_stream(self._prefix, record.stream), "_id": record.id}}]
            lines += [record.document]
        answer = await self._client.bulk(
            operations=lines,
            require_data_stream=True,
            filter_path=["errors", "items.*.status", "items.*.error.type", "items.*.error.reason"],
        )
        refused: list[str] = []
        postponed: list[Record] = []
        for record, item in zip(batch, answer["items"] if answer["errors"] else [], strict=False):
            status = item["create"]["status"]
            if status in OUTAGE_STATUSES:
                postponed.append(record)
            elif status >= 300 and status != 409:  # 409: it is there already
                error = item["create"]["error"]
                names = list_names(MAPPINGS[record.stream])
                refused.append(describe_refusal(error["type"], error.get("reason"), names))
        return refused, postponed

    async def _flush_regularly(self) -> None:
        pause_s = INTERVAL_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self.flush()
                pause_s = INTERVAL_S
            except Exception as error:  # no failure may end the recording while the API lives on
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                if (absence := _describe_absence(error)) is not None:
                    logger.warning("%s; %d records wait for it", absence, len(self._waiting))
                else:
                    logger.exception("records of searches could not be sent; the next try is in %.0f s", pause_s)
            self._tell_dropped()

    async def _flush_last(self) -> None:
        try:
            async with asyncio.timeout(LAST_FLUSH_S):
                await self.flush()
        except Exception as error:  # the process ends, whatever Elasticsearch does
            if (absence := _describe_absence(error)) is not None:
                logger.warning("%s; the last records of searches are lost", absence)
            else:
                logger.exception("the last records of searches could not be sent")
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._tell_dropped()

    def _tell_dropped(self) -> None:
        if self.dropped > self._told_dropped:
            logger.warning("%d records of searches were dropped", self.dropped - self._told_dropped)
            self._told_dropped = self.dropped


def _describe_absence(error: Exception) -> str | None:
    """What keeps records from Elasticsearch for now; None for a bug."""
    if is_denied(error):
        return "Elasticsearch refuses NYUMBA_ELASTICSEARCH_EVENTS_API_KEY, or what is used in its place"
    return "Elasticsearch is unavailable" if is_outage(error) or isinstance(error, TimeoutError) else None
