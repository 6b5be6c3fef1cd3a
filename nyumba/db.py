"""Engine, session factory and the declarative base.

Invariant: every constraint gets its name from the convention below, so that migrations can drop what they made.
"""

from datetime import datetime
from socket import gaierror
from uuid import UUID

import asyncpg
from asyncpg.exceptions import DeadlockDetectedError, SerializationError, UndefinedColumnError, UndefinedTableError
from sqlalchemy import DateTime, MetaData, func, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

CONNECTION_STATES = "08"  # the class of what goes wrong with connections
SHUTDOWN_STATES = {
    error.sqlstate for error in (asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.CannotConnectNowError)
}
CONFLICT_STATES = {error.sqlstate for error in (DeadlockDetectedError, SerializationError)}
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all tables. Times always carry a zone."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012  (SQLAlchemy reads it from the class)


class HasId:
    """A UUID key made by the server."""

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))


class HasTimes:
    """`created_at` and `updated_at`; the database keeps both, raw SQL included."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


def create_engine(database_url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine whose connections are checked before use, so that a restarted database is not an error."""
    return create_async_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged, and parameters hold what people typed
        connect_args={"timeout": 5, "server_settings": {"application_name": "nyumba", "timezone": "UTC"}},
    )


def create_session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions whose objects stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


def is_database_outage(error: Exception) -> bool:
    """Whether an error says that PostgreSQL cannot be reached, as against that a statement was wrong.

    Nor can it when no connection of the pool comes free in time. A server that starts, stops or crashes says so by its
    state, which SQLAlchemy has no class for.
    """
    if isinstance(error, DBAPIError):
        is_cut = error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))
        state = str(getattr(error.orig, "sqlstate", None))
        return is_cut or state in SHUTDOWN_STATES or state.startswith(CONNECTION_STATES)
    if isinstance(error, FileNotFoundError):
        return error.filename is None  # a socket that is not there, as against a file
    unreachable = (ConnectionError, TimeoutError, PoolTimeoutError, gaierror, asyncpg.PostgresConnectionError)
    return isinstance(error, (*unreachable, asyncpg.CannotConnectNowError))


def is_conflict(error: Exception) -> bool:
    """Whether a transaction failed because of another alone, so that the same may succeed when it is repeated."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in CONFLICT_STATES


def is_schema_missing(error: Exception) -> bool:
    """Whether a statement failed because a table or column of this release is not there."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return state in (UndefinedTableError.sqlstate, UndefinedColumnError.sqlstate)
