"""Transactions that meet in the worst moment: no figure is missed, and none waits for another for ever.

Each test stops one transaction half-way, lets another run into it, and then lets both end.
"""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.conftest import World
from tests.integration.accounts.conftest import Accounts, Person
from tests.integration.agents.conftest import AGENTS, AddAgent, read_figures
from tests.locks import wait_until_done_or_blocked

REVIEW = "INSERT INTO agent_reviews (agent_id, client_id, rating) VALUES (:agent, :client, :rating)"
SELL = "UPDATE properties SET status = 'sold' WHERE id = :id"
SELL_ALL = "UPDATE properties SET status = 'sold' WHERE user_id = :id"
ADD_SOLD = """
    INSERT INTO properties (user_id, title, property_type, listing_type, price, status)
    VALUES (:id, 'Plot', 'land', 'sale', 1, 'sold')"""


async def test_review_that_waited_for_another_counts_both(accounts: Accounts, world: World, agent: Person) -> None:
    first, second = [await world.add_user(role="buyer") for _ in range(2)]
    async with world.engine.connect() as connection:
        await connection.execute(text(REVIEW), {"agent": agent.id, "client": first, "rating": 1})
        other = asyncio.create_task(world.sql(REVIEW, agent=agent.id, client=second, rating=5))
        await wait_until_done_or_blocked(world, other)
        await connection.commit()
    await other
    assert await read_figures(accounts, agent.id) == (3, 2, 0)


async def test_sale_that_waited_for_another_counts_both(accounts: Accounts, world: World, agent: Person) -> None:
    first, second = [await world.add_property(agent.id) for _ in range(2)]
    async with world.engine.connect() as connection:
        await connection.execute(text(SELL), {"id": first})
        other = asyncio.create_task(world.sql(SELL, id=second))
        await wait_until_done_or_blocked(world, other)
        await connection.commit()
    await other
    assert await read_figures(accounts, agent.id) == (None, 0, 2)


@pytest.mark.parametrize("sale", [SELL_ALL, ADD_SOLD], ids=["update", "insert"])
async def test_sale_that_commits_while_the_profile_is_made_is_not_missed(
    accounts: Accounts, world: World, sale: str
) -> None:
    user_id = await world.add_user()
    await world.add_property(user_id)
    async with world.engine.connect() as connection:
        await connection.execute(text(sale), {"id": user_id})
        insert = world.sql("INSERT INTO agent_profiles (user_id) VALUES (:id)", id=user_id)
        profile = asyncio.create_task(insert)
        await wait_until_done_or_blocked(world, profile)
        await connection.commit()
    await profile
    assert await read_figures(accounts, user_id) == (None, 0, 1)


async def test_new_name_of_a_company_and_a_sale_never_deadlock(accounts: Accounts, world: World, agent: Person) -> None:
    """The name is stopped at the first property, before it comes to the one that is sold."""
    first, last = [await world.add_property(agent.id, id=UUID(int=number)) for number in (1, 2)]
    async with world.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM properties WHERE id = :id FOR UPDATE"), {"id": first})
        put = accounts.api.put(f"{AGENTS}/profile", json={"company_name": "Kamau Homes"}, headers=agent.headers)
        name = asyncio.create_task(put)
        await wait_until_done_or_blocked(world, name)
        sale = asyncio.create_task(world.sql(SELL, id=last))
        await wait_until_done_or_blocked(world, name, sale)
        await connection.commit()
    assert (await name).status_code == 200
    await sale
    assert await read_figures(accounts, agent.id) == (None, 0, 1)


async def test_new_names_of_company_and_agent_never_deadlock(accounts: Accounts, world: World, agent: Person) -> None:
    """Both write all properties of the agent, one in the order of their ids, the other in the order of the table."""
    first, _ = [await world.add_property(agent.id, id=UUID(int=number)) for number in (2, 1)]
    async with world.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM properties WHERE id = :id FOR UPDATE"), {"id": first})
        changes = []
        for path, body in (("/api/v1/users/me", {"full_name": "B"}), (f"{AGENTS}/profile", {"company_name": "C"})):
            changes.append(asyncio.create_task(accounts.api.put(path, json=body, headers=agent.headers)))
            await wait_until_done_or_blocked(world, *changes)
        await connection.commit()
    assert [(await change).status_code for change in changes] == [200, 200]


async def test_name_that_a_company_gets_back_and_a_new_one_never_deadlock(
    accounts: Accounts, world: World, add_agent: AddAgent
) -> None:
    """The first name seems to be that of the profile already, until the name between them is committed."""
    agent = await add_agent(company_name="A")
    async with world.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users WHERE id = :id FOR NO KEY UPDATE"), {"id": agent.id})
        await connection.execute(text("UPDATE agent_profiles SET company_name = 'B'"))
        changes = []
        for name in ("A", "C"):
            put = accounts.api.put(f"{AGENTS}/profile", json={"company_name": name}, headers=agent.headers)
            changes.append(asyncio.create_task(put))
            await wait_until_done_or_blocked(world, *changes)
        await connection.commit()
    assert [(await change).status_code for change in changes] == [200, 200]


async def test_new_license_and_a_review_never_deadlock(accounts: Accounts, world: World, agent: Person) -> None:
    """The review has found its agent, and is not counted yet."""
    client = await world.add_user(role="buyer")
    async with world.engine.connect() as connection:
        held = "SELECT id FROM agent_profiles WHERE user_id = :id FOR KEY SHARE"
        await connection.execute(text(held), {"id": agent.id})
        put = accounts.api.put(f"{AGENTS}/profile", json={"license": "EARB/7"}, headers=agent.headers)
        change = asyncio.create_task(put)
        await wait_until_done_or_blocked(world, change)
        await connection.execute(text(REVIEW), {"agent": agent.id, "client": client, "rating": 4})
        await connection.commit()
    assert (await change).status_code == 200
    assert await read_figures(accounts, agent.id) == (4, 1, 0)


async def test_change_that_a_deadlock_ends_may_be_repeated(accounts: Accounts, world: World, agent: Person) -> None:
    """As somebody at psql can bring it about. Whoever waits first looks first for a deadlock, and gives up."""
    prop = await world.add_property(agent.id, listing_type="sale")
    async with world.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM agent_profiles FOR UPDATE"))
        put = accounts.api.put(f"/api/v1/properties/{prop}", json={"status": "sold"}, headers=agent.headers)
        sale = asyncio.create_task(put)
        await wait_until_done_or_blocked(world, sale)
        await connection.execute(text("SET LOCAL deadlock_timeout = '1min'"))
        await connection.execute(text("SELECT id FROM properties FOR UPDATE"))
    answer = await sale
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:nyumba:problem:database-unavailable")
    assert answer.headers["Retry-After"] == "5"
