"""Engine, session factory and the declarative base.

Invariant: every constraint gets its name from the convention below, so that migrations can drop what they made.
"""

import asyncio
import inspect
from contextlib import suppress
from datetime import datetime
from socket import gaierror
from uuid import UUID

import asyncpg
from asyncpg.exceptions import (
    DeadlockDetectedError,
    InsufficientPrivilegeError,
    InvalidCatalogNameError,
    LockNotAvailableError,
    QueryCanceledError,
    ReadOnlySQLTransactionError,
    SerializationError,
    UndefinedColumnError,
    UndefinedTableError,
)
from sqlalchemy import URL, DateTime, MetaData, func, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nyumba.errors import SettingInvalid

OUTAGE_CLASSES = ("08", "53")  # what goes wrong with connections, and what the server has too little of
SHUTDOWN_STATES = {
    error.sqlstate for error in (asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.CannotConnectNowError)
}
CANCELLED_STATE = QueryCanceledError.sqlstate
OUTAGE_STATES = {*SHUTDOWN_STATES, CANCELLED_STATE, ReadOnlySQLTransactionError.sqlstate}
CONFLICT_STATES = {error.sqlstate for error in (DeadlockDetectedError, SerializationError, LockNotAvailableError)}
LOGIN_CLASS = "28"
LAST_PORT = 65_535
LONGEST_GOODBYE_S = 5.0
TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
MOST_INTERRUPTIONS = 10  # in a row, before whoever repeats its work gives up
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


def parse_url(database_url: str) -> URL:
    """The parts of a database URL.

    Raises:
        SettingInvalid: it has none, a port that is no port, or an option that is none, as libpq's `sslmode`.
    """
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError) as error:
        raise _invalid_url() from error
    if url.port is not None and not 0 < url.port <= LAST_PORT:
        raise _invalid_url()
    known = {"prepared_statement_cache_size", *inspect.signature(asyncpg.connect).parameters}
    unknown = sorted(url.query.keys() - known)
    if unknown or url.query.get("ssl", "disable") not in TLS_MODES:
        what = f"says {unknown[0]}, which is no option" if unknown else "has a value of ssl that is none"
        raise SettingInvalid("NYUMBA_DATABASE_URL", f"{what}; for TLS, end it with ?ssl=require or ?ssl=verify-full")
    return url


def _invalid_url() -> SettingInvalid:
    return SettingInvalid("NYUMBA_DATABASE_URL", "must be postgresql+asyncpg://user:password@host:port/database")


def create_engine(database_url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine whose connections are checked before use, so that a restarted database is not an error."""
    return create_async_engine(
        parse_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged, and parameters hold what people typed
        connect_args={"timeout": 5, "server_settings": {"application_name": "nyumba", "timezone": "UTC"}},
    )


async def close_engine(engine: AsyncEngine) -> None:
    """Close its connections. Those to a server that hangs end with the process."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_GOODBYE_S):
            await engine.dispose()


def create_session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions whose objects stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


def read_sqlstate(error: Exception) -> str:
    """The SQLSTATE that PostgreSQL gave an error; empty where there is none.

    SQLAlchemy wraps what statements raise, and not what connecting does.
    """
    return str(getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None) or "")


def is_database_outage(error: Exception) -> bool:
    """Whether an error says that PostgreSQL does not serve now, as against that a statement was wrong.

    Nor does it when no connection of the pool comes free in time. A server that starts, stops or crashes, that lacks
    room or connections, is a standby or cancels a statement says so by its state, which SQLAlchemy has no class for.
    """
    state = read_sqlstate(error)
    if state in OUTAGE_STATES or state.startswith(OUTAGE_CLASSES):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))
    if isinstance(error, FileNotFoundError):
        return error.filename is None  # a socket that is not there, as against a file
    return isinstance(error, (ConnectionError, TimeoutError, PoolTimeoutError, gaierror))


def is_conflict(error: Exception) -> bool:
    """Whether a transaction failed because of another alone, so that the same may succeed when it is repeated."""
    return read_sqlstate(error) in CONFLICT_STATES


def is_interrupted(error: Exception) -> bool:
    """Whether a statement was cancelled, or its transaction failed because of another.

    The same may succeed when it is repeated, or never: as when it takes longer than a time limit of its role.
    """
    return is_conflict(error) or read_sqlstate(error) == CANCELLED_STATE


def may_pass(error: Exception) -> bool:
    """Whether work that met this error in PostgreSQL may succeed when it is done again later."""
    return is_database_outage(error) or is_interrupted(error)


def is_login_refused(error: Exception) -> bool:
    """Whether PostgreSQL knows no such user, or not by this password."""
    return read_sqlstate(error).startswith(LOGIN_CLASS)


def is_privilege_missing(error: Exception) -> bool:
    """Whether PostgreSQL does not let the user do what a statement does."""
    return read_sqlstate(error) == InsufficientPrivilegeError.sqlstate


def is_database_unknown(error: Exception) -> bool:
    """Whether PostgreSQL has no database of this name."""
    return read_sqlstate(error) == InvalidCatalogNameError.sqlstate


def is_access_refused(error: Exception) -> bool:
    """Whether PostgreSQL answers and does not let us in, or do this. Waiting does not help, so whoever can end does."""
    return is_login_refused(error) or is_database_unknown(error) or is_privilege_missing(error)


def describe_absence(error: Exception) -> str | None:
    """What keeps the API from PostgreSQL, for the log; None for any other error."""
    if is_privilege_missing(error):
        return "PostgreSQL does not let the user of NYUMBA_DATABASE_URL do this; `nyumba setup-roles` gives rights"
    if is_access_refused(error):
        state = read_sqlstate(error)
        return f"PostgreSQL refuses the user, the password or the database of NYUMBA_DATABASE_URL (SQLSTATE {state})"
    return "PostgreSQL is unavailable" if is_database_outage(error) else None


def is_read_only(error: Exception) -> bool:
    """Whether PostgreSQL answers and takes no changes: it is a standby, or was told so."""
    return read_sqlstate(error) == ReadOnlySQLTransactionError.sqlstate


def is_schema_missing(error: Exception) -> bool:
    """Whether a statement failed because a table or column of this release is not there."""
    return read_sqlstate(error) in (UndefinedTableError.sqlstate, UndefinedColumnError.sqlstate)
