"""What handlers ask for by name: database sessions and the search engine. This is where sessions come from."""

from collections.abc import AsyncIterator

from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from nyumba.elastic import SearchEngine
from nyumba.errors import NyumbaError


async def provide_session(state: State) -> AsyncIterator[AsyncSession]:
    """One request is one transaction: committed when the handler is done, rolled back when it fails.

    An error that `keeps_changes` commits too: a refusal can have an effect of its own.
    """
    async with state.session_factory() as session, session.begin() as transaction:
        try:
            yield session
        except NyumbaError as error:
            if error.keeps_changes:
                await transaction.commit()
            raise


async def provide_session_factory(state: State) -> async_sessionmaker[AsyncSession]:
    """For the few handlers that must not hold a connection while they compute."""
    factory: async_sessionmaker[AsyncSession] = state.session_factory
    return factory


async def provide_search_engine(state: State) -> SearchEngine:
    """The engine that the application made at start-up."""
    engine: SearchEngine = state.search_engine
    return engine
