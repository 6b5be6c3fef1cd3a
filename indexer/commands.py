"""What the operator's commands have in common: both stores, and JSON on request."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import click
import msgspec
from elasticsearch import AsyncElasticsearch
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.db import close_engine, create_engine
from nyumba.elastic import create_client
from nyumba.settings import Settings

REQUEST_TIMEOUT_S = 60.0
LOOK_TIMEOUT_S = 5.0

T = TypeVar("T")
Work = Callable[[AsyncEngine, AsyncElasticsearch, str], Awaitable[T]]

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@asynccontextmanager
async def connect(
    settings: Settings, timeout_s: float = REQUEST_TIMEOUT_S
) -> AsyncIterator[tuple[AsyncEngine, AsyncElasticsearch]]:
    """Clients of both stores."""
    engine = create_engine(settings.require_database_url())
    client = create_client(
        settings.require_elasticsearch_url(), timeout_s=timeout_s, api_key=settings.elasticsearch_api_key
    )
    try:
        yield engine, client
    finally:
        await client.close()
        await close_engine(engine)


def work_on(settings: Settings, work: Work[T], timeout_s: float = REQUEST_TIMEOUT_S) -> T:
    """Run one piece of work on both stores; no request to Elasticsearch takes longer."""

    async def run() -> T:
        async with connect(settings, timeout_s) as (engine, client):
            return await work(engine, client, settings.search_alias)

    return asyncio.run(run())


def look_at(settings: Settings, look: Work[T]) -> T:
    """Look at both stores, for an operator who waits: one that hangs is down, and the look itself says what is."""
    logging.getLogger("elastic_transport.node_pool").setLevel(logging.ERROR)
    return work_on(settings, look, LOOK_TIMEOUT_S)


def print_json(value: object) -> None:
    """For programs."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())
