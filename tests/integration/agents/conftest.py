"""Agents with profiles, and clients who review them."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from tests.integration.accounts.conftest import Accounts, Person, accounts, api, settings

__all__ = ["accounts", "api", "settings"]

AGENTS = "/api/v1/agents"

AddAgent = Callable[..., Awaitable[Person]]


@pytest.fixture
def add_agent(accounts: Accounts) -> AddAgent:
    """Make an account that has published a profile."""

    async def add(**profile: object) -> Person:
        agent = await accounts.add_logged_in("agent")
        answer = await accounts.api.post(f"{AGENTS}/profile", json=profile, headers=agent.headers)
        assert answer.status_code == 201, answer.text
        return agent

    return add


@pytest.fixture
async def agent(add_agent: AddAgent) -> Person:
    return await add_agent()


@pytest.fixture
async def client(accounts: Accounts) -> Person:
    return await accounts.add_logged_in("buyer")


async def review(accounts: Accounts, client: Person, agent_id: UUID, **body: object) -> Response:
    return await accounts.api.post(f"{AGENTS}/{agent_id}/reviews", json=body, headers=client.headers)


async def read_figures(accounts: Accounts, agent_id: UUID) -> tuple[Any, ...]:
    """Rating, number of reviews and number of sales, as the profile has them."""
    columns = "rating, review_count, properties_sold"
    return (await accounts.sql(f"SELECT {columns} FROM agent_profiles WHERE user_id = :id", id=agent_id))[0]


async def count_figures(accounts: Accounts, agent_id: UUID) -> tuple[Any, ...]:
    """The same, counted."""
    return (
        await accounts.sql(
            "SELECT (SELECT round(avg(rating), 2) FROM agent_reviews WHERE agent_id = :id),"
            " (SELECT count(*) FROM agent_reviews WHERE agent_id = :id),"
            " (SELECT count(*) FROM properties WHERE user_id = :id AND status = 'sold')",
            id=agent_id,
        )
    )[0]
