"""Whatever writers, workers and operators do in whichever order: no index is wrong without an event that says so.

A state machine runs the real processor, reindex, rollback, sweep and repair, each from pause to pause. In between,
others write, commit late, work, are not answered, lose their connections or are killed; leases and days pass. After
each step, whatever has no pending event is in every index as its row asks for, and no document ever goes back.
"""

import asyncio
from collections.abc import Iterator

import pytest
from elasticsearch import AsyncElasticsearch
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.processor import Processor
from indexer.verify import Report, verify
from nyumba.db import create_engine
from nyumba.elastic import create_client
from nyumba.local.services import ServiceUrls
from nyumba.settings import Settings
from tests.conftest import World
from tests.faults import actors
from tests.faults.conftest import Size
from tests.faults.machine import Machine

NEVER = 10**6


async def verify_alone(engine: AsyncEngine, client: AsyncElasticsearch, _: Processor, index: str) -> Report:
    """An actor does one thing at a time; others work meanwhile."""
    return await verify(engine, client, index, lambda _: None, "fast")


@pytest.fixture
def machine(database_url: str, services: ServiceUrls, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Machine]]:
    """The machine, with one loop, engine and client for all its runs; the clock does not count, nor do a few dead."""
    for name, value in {
        "asyncio.sleep": actors.sleep,
        "indexer.backfill.CHUNK_SIZE": 1,
        "indexer.backfill.BULKS_IN_FLIGHT": 1,
        "indexer.breaker.FIRST_PAUSE_S": 0,
        "indexer.outbox.MOST_ATTEMPTS": NEVER,
        "indexer.processor.MOST_ATTEMPTS": NEVER,
        "indexer.refusals.MOST_IN_A_ROW": NEVER,
        "indexer.refusals.MOST_IN_WINDOW": NEVER,
        "indexer.reindex.LEAST_SHARE": 0,
        "indexer.reindex.MOST_DEAD_SHARE": 1,
        "indexer.reindex._verify_under_way": verify_alone,
        "indexer.verify.SETTLE_S": 0,
    }.items():
        monkeypatch.setattr(name, value)
    settings = Settings(env="test", database_url=database_url, elasticsearch_url=services.elasticsearch_url)
    with asyncio.Runner() as runner:
        engine = create_engine(database_url, pool_size=20)
        client = create_client(services.elasticsearch_url, timeout_s=30)

        class Running(Machine):
            pass

        Running.runner = runner
        Running.world = World(engine, client, settings)
        yield Running
        runner.run(client.close())
        runner.run(engine.dispose())


def test_no_order_of_events_makes_the_index_wrong(machine: type[Machine], size: Size) -> None:
    """Guards external versions, leases, tombstones, dual writes, dead letters and the swap, all at once."""
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(
            max_examples=15 if size.is_short else 200,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
