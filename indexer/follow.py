"""`nyumba-indexer run`: workers, and what watches them.

Invariant: the workers share one breaker, and the first that needs an operator stops them all.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import AsyncElasticsearch
from prometheus_client import start_http_server
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.breaker import Breaker, is_any_outage, wait
from indexer.errors import MetricsAddressUnusable
from indexer.generations import read_generations
from indexer.heartbeat import Heartbeat
from indexer.metrics import Metrics, Sample
from indexer.outbox import begin
from indexer.processor import Processor
from indexer.readings import Readings, read_readings

logger = logging.getLogger(__name__)

READING_INTERVAL_S = 5.0
LOOK_INTERVAL_S = 0.05
LONGEST_LOOK_S = 60.0


@contextmanager
def serve_metrics(metrics: Metrics, host: str, port: int) -> Iterator[None]:
    """Answer Prometheus at `/metrics`, from a thread of its own. Port 0 serves nothing.

    Raises:
        MetricsAddressUnusable: another program listens there, or the address is none of this machine's.
    """
    if port == 0:
        yield
        return
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except OSError as error:
        raise MetricsAddressUnusable(host, port, error) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Follower:
    """One process that follows the database with several workers."""

    def __init__(self, engine: AsyncEngine, client: AsyncElasticsearch, alias: str, metrics: Metrics) -> None:
        self._engine = engine
        self._client = client
        self._alias = alias
        self._metrics = metrics
        self._breaker = Breaker()

    async def run(self, stop: asyncio.Event, workers: int) -> None:
        """Work until told to stop.

        Raises:
            ExceptionGroup: of what the workers raise, when an operator has to act; status shows it, too.
        """
        heartbeat = Heartbeat(self._engine, self._alias, self._breaker, workers)
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as watching:
                works = (heartbeat.run(stop), self._read(stop), self._watch_samples())
                tasks = [watching.create_task(work) for work in works]
                async with asyncio.TaskGroup() as working:
                    for _ in range(workers):
                        working.create_task(self._make_processor().run(stop))
                for task in tasks:
                    task.cancel()
        except BaseException as error:
            failure = error
            raise
        finally:
            await _say_goodbye(heartbeat, failure)

    def _make_processor(self) -> Processor:
        return Processor(self._engine, self._client, self._alias, breaker=self._breaker, metrics=self._metrics)

    async def _read(self, stop: asyncio.Event) -> None:
        """Keep the gauges up to date."""
        while not stop.is_set():
            self._metrics.show_breaker(self._breaker.state)
            self._metrics.show(await self._read_or_none())
            await wait(stop, READING_INTERVAL_S)

    async def _read_or_none(self) -> Readings | None:
        try:
            async with begin(self._engine) as connection:
                return await read_readings(connection, self._alias)
        except Exception as error:
            if is_any_outage(error):
                return None
            raise

    async def _watch_samples(self) -> None:
        """See when searches show a change, for one change after the other; one that takes a minute counts as that."""
        while True:
            sample = await self._metrics.samples.get()
            try:
                await self._watch(sample)
            except Exception as error:
                if not is_any_outage(error):
                    raise
                logger.info("a change could not be followed to its search: there is an outage")

    async def _watch(self, sample: Sample) -> None:
        async with begin(self._engine) as connection:
            generations = await read_generations(connection, self._alias)
        serving = next((g.index for g in generations if g.state == "serving"), None)
        deadline = time.monotonic() + LONGEST_LOOK_S
        if serving is None:
            return
        while True:
            if await self._is_shown(serving, sample) or time.monotonic() > deadline:
                break
            await asyncio.sleep(LOOK_INTERVAL_S)
        self._metrics.commit_to_searchable.observe(time.monotonic() - sample.committed_at)

    async def _is_shown(self, index: str, sample: Sample) -> bool:
        """Whether a search of the index finds the change or a later one; tombstones are found here as well."""
        answer = await self._client.search(
            index=index,
            query={"ids": {"values": [str(sample.property_id)]}},
            version=True,
            source=False,
            ignore_unavailable=True,
        )
        return any(hit["_version"] >= sample.version for hit in answer["hits"]["hits"])


async def _say_goodbye(heartbeat: Heartbeat, failure: BaseException | None) -> None:
    try:
        await heartbeat.end(failure)
    except Exception as error:
        if not is_any_outage(error):
            raise
        logger.warning("PostgreSQL is unavailable: status shows this process for a while yet")
