"""What Prometheus is told about an indexer.

Invariant: a number that could not be read is NaN, never the last one that could.
"""

import asyncio
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram

from indexer.actions import Outcome
from indexer.breaker import State
from indexer.compare import KINDS
from indexer.outbox import Batch
from indexer.readings import Readings

LATENCIES = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 1800)
BULK_SIZES = (1, 5, 20, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True)
class Sample:
    """A change that Elasticsearch has taken, of which it is to be seen when searches show it."""

    property_id: UUID
    version: int
    committed_at: float
    """On the monotonic clock."""


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.samples: asyncio.Queue[Sample] = asyncio.Queue(maxsize=1)
        self._make_counts()
        self._make_gauges()

    def _make_counts(self) -> None:
        registry = self.registry
        self.commit_to_searchable = Histogram(
            "nyumba_indexer_commit_to_searchable_seconds",
            "From the commit of a change to the first search that shows it, for one change at a time",
            buckets=LATENCIES,
            registry=registry,
        )
        self._bulk_size = Histogram(
            "nyumba_indexer_bulk_size", "Documents in a bulk request", buckets=BULK_SIZES, registry=registry
        )
        self._bulk_seconds = Histogram(
            "nyumba_indexer_bulk_seconds", "How long a bulk request took", buckets=LATENCIES, registry=registry
        )
        self._items = Counter("nyumba_indexer_items", "Documents sent, by outcome", ["outcome"], registry=registry)

    def _make_gauges(self) -> None:
        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"nyumba_indexer_{name}", what, labels, registry=self.registry)

        self._pending = gauge("outbox_pending", "Changes that wait")
        self._age = gauge("outbox_oldest_age_seconds", "Age of the oldest change that waits")
        self._dead = gauge("dead", "Documents that Elasticsearch refused and that were set aside")
        self._drift = gauge("drift", "Differences that the last verify found, by kind", "kind")
        self._drift_age = gauge("drift_age_seconds", "Time since the last verify ended")
        self._progress = gauge("reindex_progress_ratio", "How far the reindex has come that is under way")
        self._breaker = Enum(
            "nyumba_indexer_breaker",
            "Open while a dependency is down",
            states=get_args(State),
            registry=self.registry,
        )

    @contextmanager
    def time_bulk(self, size: int) -> Iterator[None]:
        """Measure one bulk request of so many documents."""
        self._bulk_size.observe(size)
        with self._bulk_seconds.time():
            yield

    def count_items(self, sent: int, outcome: Outcome) -> None:
        """What became of the documents of one bulk request."""
        counts = {
            "superseded": outcome.superseded,
            "refused": len(outcome.refused),
            "failing": len(outcome.failing),
        }
        for name, count in counts.items():
            self._items.labels(name).inc(count)
        self._items.labels("written").inc(sent - sum(counts.values()))

    def offer_sample(self, batch: Batch) -> None:
        """Have the oldest change of a written batch watched, unless another one is being watched."""
        if self.samples.empty():
            property_id, event = max(batch.events.items(), key=lambda item: item[1].age_s)
            self.samples.put_nowait(Sample(property_id, event.version, batch.claimed_at - event.age_s))

    def show_breaker(self, state: State) -> None:
        """Say how the breaker stands."""
        self._breaker.state(state)

    def show(self, readings: Readings | None) -> None:
        """Say how the stores stand; None where that could not be read."""
        verified = readings.verified if readings else None
        self._pending.set(readings.pending if readings else math.nan)
        self._age.set(readings.lag_s if readings else math.nan)
        self._dead.set(readings.dead if readings else math.nan)
        self._progress.set(readings.progress if readings and readings.progress is not None else math.nan)
        self._drift_age.set(time.time() - verified.finished_at.timestamp() if verified else math.nan)
        drift: Mapping[str, int] = verified.drift if verified else {}
        for kind in KINDS:
            self._drift.labels(kind).set(drift.get(kind, 0) if verified else math.nan)
