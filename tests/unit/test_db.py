"""Which errors say that the database is away, and which that the same may succeed next time."""

import asyncpg
import pytest
from sqlalchemy import QueuePool, create_engine
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from nyumba.db import is_conflict, is_database_outage


def wrap(error: asyncpg.PostgresError) -> DBAPIError:
    """As SQLAlchemy raises it when a connection cannot be made."""
    return DBAPIError(None, None, AsyncAdapt_asyncpg_dbapi.Error(str(error), error))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.CrashShutdownError("terminating connection because of crash of another server process"),
    ],
)
def test_server_that_starts_or_stops_is_an_outage(error: asyncpg.PostgresError) -> None:
    assert is_database_outage(wrap(error))


def test_pool_without_a_free_connection_is_an_outage() -> None:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0)
    with engine.connect(), pytest.raises(PoolTimeoutError) as caught:
        engine.connect()
    assert is_database_outage(caught.value)


def test_wrong_statement_is_no_outage() -> None:
    assert not is_database_outage(wrap(asyncpg.UndefinedColumnError("column does not exist")))


@pytest.mark.parametrize("error", [asyncpg.DeadlockDetectedError("deadlock"), asyncpg.SerializationError("conflict")])
def test_transaction_that_another_was_in_the_way_of_is_a_conflict(error: asyncpg.PostgresError) -> None:
    assert is_conflict(wrap(error))
    assert not is_database_outage(wrap(error))


def test_wrong_value_is_no_conflict() -> None:
    assert not is_conflict(wrap(asyncpg.UniqueViolationError("duplicate key")))
