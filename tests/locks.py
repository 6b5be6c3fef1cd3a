"""Transactions that meet: stop one half-way, let another run into it, and then let both end."""

import asyncio
from typing import Any

from tests.conftest import World

TIMEOUT_S = 30


async def wait_until_done_or_blocked(world: World, *tasks: asyncio.Task[Any]) -> None:
    """Until each task has ended or waits for a lock."""
    async with asyncio.timeout(TIMEOUT_S):
        while running := [task for task in tasks if not task.done()]:
            rows = await world.sql(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if len(rows) >= len(running):
                return
