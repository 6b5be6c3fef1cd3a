"""Reading one's own write: with `Prefer: wait=2`, the answer to a change comes when searches show it (RFC 7240).

Invariant: the wait begins after the commit and holds no connection of the database, and a change that was made is
answered as such, whether or not a search has shown it in time.
"""

import asyncio
import re
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.params import HeaderParameter
from litestar.types import Message, Scope
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from nyumba.db import describe_absence
from nyumba.elastic import SearchEngine
from nyumba.errors import SearchUnavailable
from nyumba.properties.vocabulary import PUBLIC_STATUSES
from nyumba.queries import describe_header

LONGEST_WAIT_S = 10
LOOK_INTERVAL_S = 0.1
MOST_WAITING = 50

_NOTE = "search_wait"
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)
_SELECT_ROW = text("SELECT search_version, status FROM properties WHERE id = :id")
_SELECT_PENDING = text("SELECT EXISTS (SELECT FROM search_outbox WHERE property_id = :id)")

Prefer = Annotated[
    str | None,
    HeaderParameter(
        name="Prefer",
        description="`wait=2` answers when searches show the change, or after so many seconds, at most "
        f"{LONGEST_WAIT_S}; `Preference-Applied` says that they do. The change is made in any case",
        schema_extra=describe_header(),
    ),
]


class _Hit(msgspec.Struct):
    version: int = msgspec.field(name="_version")


class _Hits(msgspec.Struct):
    hits: list[_Hit]


class _Answer(msgspec.Struct):
    hits: _Hits


class Wanted(msgspec.Struct, frozen=True):
    """What searches have to show of a property: at least this version, or nothing at all."""

    property_id: UUID
    version: int | None


class SearchWatch:
    """Looks whether searches show a change. So many may wait at once; the others are not kept."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], engine: SearchEngine) -> None:
        self._sessions = sessions
        self._engine = engine
        self._waiting = 0

    async def wait(self, property_id: UUID, seconds: float) -> bool:
        """Wait until searches show a property as PostgreSQL holds it now; False when the time is over before."""
        if self._waiting >= MOST_WAITING:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                return await self._look(property_id)
        except TimeoutError:
            return False
        except Exception as error:
            if describe_absence(error) is not None:
                return False
            raise
        finally:
            self._waiting -= 1

    async def _look(self, property_id: UUID) -> bool:
        wanted = await self._read_wanted(property_id)
        while True:
            if await self._is_shown(wanted):
                return True
            await asyncio.sleep(LOOK_INTERVAL_S)

    async def _read_wanted(self, property_id: UUID) -> Wanted:
        async with self._sessions() as session:
            row = (await session.execute(_SELECT_ROW, {"id": property_id})).one_or_none()
        is_public = row is not None and row.status in PUBLIC_STATUSES
        return Wanted(property_id, row.search_version if row is not None and is_public else None)

    async def _is_shown(self, wanted: Wanted) -> bool:
        """A search that finds nothing is no proof while a change is under way to the index: it may be yet to come."""
        if wanted.version is None and await self._is_pending(wanted.property_id):
            return False
        version = await self._find_version(wanted.property_id)
        if wanted.version is None:
            return version == 0
        return version >= wanted.version

    async def _is_pending(self, property_id: UUID) -> bool:
        async with self._sessions() as session:
            return bool((await session.execute(_SELECT_PENDING, {"id": property_id})).scalar_one())

    async def _find_version(self, property_id: UUID) -> int:
        """The version that a search finds: 0 when it finds nothing, -1 when it fails."""
        query = {"query": {"ids": {"values": [property_id]}}, "version": True, "_source": False, "size": 1}
        try:
            answer = await self._engine.search(msgspec.json.encode(query))
        except SearchUnavailable:
            return -1
        return max((hit.version for hit in msgspec.json.decode(answer, type=_Answer).hits.hits), default=0)


class Waiting:
    """What a handler that changes a property asks for."""

    def __init__(self, request: Request[Any, Any, Any], seconds: int | None) -> None:
        self._request = request
        self._seconds = seconds

    def note(self, property_id: UUID) -> None:
        """Have the answer wait for this property, if the client prefers that."""
        if self._seconds:
            self._request.state[_NOTE] = (property_id, self._seconds)


async def provide_waiting(request: Request[Any, Any, Any], prefer: Prefer = None) -> Waiting:
    """The dependency `waiting`."""
    return Waiting(request, read_wait(prefer))


def read_wait(prefer: str | None) -> int | None:
    """The seconds to wait; None where the client says nothing of the kind. What cannot be read is no preference."""
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), LONGEST_WAIT_S) if found else None


async def answer_when_shown(message: Message, scope: Scope) -> None:
    """The application's `before_send`: the transaction is committed by now."""
    note = scope.get("state", {}).pop(_NOTE, None) if message["type"] == "http.response.start" else None
    if note is None or message["type"] != "http.response.start" or message["status"] >= 300:
        return
    property_id, seconds = note
    watch: SearchWatch = scope["litestar_app"].state.search_watch
    if await watch.wait(property_id, seconds):
        MutableScopeHeaders.from_message(message)["Preference-Applied"] = f"wait={seconds}"
