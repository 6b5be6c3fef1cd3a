"""Whether services that the settings name answer: nothing is known of them here but their URLs."""

import asyncio

from sqlalchemy import text

from nyumba.commands import explain
from nyumba.db import create_engine
from nyumba.elastic import create_client, is_denied
from nyumba.errors import SettingError
from nyumba.settings import Settings

TIMEOUT_S = 5.0


def answers(settings: Settings, setting: str) -> bool:
    """Ask the service whose URL this setting holds.

    Raises:
        SettingInvalid: that is no URL.
    """
    return asyncio.run(_answers(settings, setting))


async def _answers(settings: Settings, setting: str) -> bool:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await (_ask_postgresql(settings) if setting == "database_url" else _ask_elasticsearch(settings))
    except SettingError:
        raise
    except Exception as error:
        if explain(error) is None:
            raise
        return is_denied(error)  # it does answer, and many a key may search and not ask what it searches in
    return True


async def _ask_postgresql(settings: Settings) -> None:
    engine = create_engine(settings.require_database_url(), pool_size=1)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    finally:
        await engine.dispose()


async def _ask_elasticsearch(settings: Settings) -> None:
    url, key = settings.require_elasticsearch_url(), settings.elasticsearch_api_key
    async with create_client(url, timeout_s=TIMEOUT_S, api_key=key) as client:
        await client.info()
