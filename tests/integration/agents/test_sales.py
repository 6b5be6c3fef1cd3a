"""`properties_sold`: the properties of an agent that are sold, whoever sold them and however many at once."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from tests.conftest import World
from tests.integration.accounts.conftest import Accounts, Person
from tests.integration.agents.conftest import AddAgent, count_figures, read_figures


async def read_sold(accounts: Accounts, agent_id: UUID) -> int:
    return int((await read_figures(accounts, agent_id))[2])


async def test_sale_counts_and_makes_one_event(accounts: Accounts, agent: Person) -> None:
    property_id = await accounts.world.add_property(agent.id, listing_type="sale")
    await accounts.world.add_property(agent.id, listing_type="sale")
    await accounts.sql("DELETE FROM search_outbox")
    await accounts.sql("UPDATE properties SET status = 'sold' WHERE id = :id", id=property_id)
    assert await read_sold(accounts, agent.id) == 1
    assert await accounts.sql("SELECT property_id, op, reason FROM search_outbox") == [
        (property_id, "unindex", "update")
    ]


@pytest.mark.parametrize("status", ["active", "under_offer", "let", "withdrawn", "expired", "draft"])
async def test_only_sales_count(accounts: Accounts, agent: Person, status: str) -> None:
    await accounts.world.add_property(agent.id, status=status)
    assert await read_sold(accounts, agent.id) == 0


async def test_sale_that_is_undone_or_deleted_counts_no_more(accounts: Accounts, agent: Person) -> None:
    undone, deleted, _ = [await accounts.world.add_property(agent.id, status="sold") for _ in range(3)]
    assert await read_sold(accounts, agent.id) == 3
    await accounts.sql("UPDATE properties SET status = 'active' WHERE id = :id", id=undone)
    await accounts.sql("DELETE FROM properties WHERE id = :id", id=deleted)
    assert await read_sold(accounts, agent.id) == 1


async def test_parallel_sales_all_count(accounts: Accounts, agent: Person) -> None:
    ids = [await accounts.world.add_property(agent.id) for _ in range(20)]
    sales = (accounts.sql("UPDATE properties SET status = 'sold' WHERE id = :id", id=one) for one in ids)
    await asyncio.gather(*sales)
    assert await read_sold(accounts, agent.id) == 20


async def test_profile_that_comes_later_counts_earlier_sales(accounts: Accounts, world: World) -> None:
    user_id = await world.add_user()
    await world.add_property(user_id, status="sold")
    await world.add_property(user_id)
    await world.sql("INSERT INTO agent_profiles (user_id, rating, review_count) VALUES (:id, 5, 99)", id=user_id)
    assert await read_figures(accounts, user_id) == (None, 0, 1)


@pytest.mark.parametrize("figure", ["rating", "review_count", "properties_sold"])
async def test_figures_cannot_be_set(accounts: Accounts, agent: Person, figure: str) -> None:
    with pytest.raises(DBAPIError, match="counted, not set"):
        await accounts.sql(f"UPDATE agent_profiles SET {figure} = 5 WHERE user_id = :id", id=agent.id)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "set", "move", "delete", "set all", "touch", "profile"]),
        st.integers(0, 1),
        st.integers(0, 3),
        st.sampled_from(["active", "sold", "let"]),
    ),
    min_size=1,
    max_size=12,
)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_sales_equal_what_sql_counts_after_any_changes(
    accounts: Accounts, add_agent: AddAgent, steps: Sequence[tuple[str, int, int, str]]
) -> None:
    agents = [(await add_agent()).id for _ in range(2)]
    properties: list[UUID] = [await accounts.world.add_property(agents[n % 2]) for n in range(4)]
    for step, agent, number, status in steps:
        await change_properties(accounts, step, agents[agent], properties[number], status)
        for one in agents:
            assert await read_figures(accounts, one) == await count_figures(accounts, one)


async def change_properties(accounts: Accounts, step: str, agent: UUID, property_id: UUID, status: str) -> None:
    ids: dict[str, object] = {"agent": agent, "id": property_id, "status": status}
    match step:
        case "insert":
            await accounts.world.add_property(agent, status=status)
        case "set":
            await accounts.sql("UPDATE properties SET status = :status WHERE id = :id", id=property_id, status=status)
        case "move":
            await accounts.sql("UPDATE properties SET user_id = :agent, status = :status WHERE id = :id", **ids)
        case "delete":
            await accounts.sql("DELETE FROM properties WHERE id = :id", id=property_id)
        case "set all":
            await accounts.sql("UPDATE properties SET status = :status", status=status)
        case "touch":
            await accounts.sql("UPDATE properties SET price = price + 1 WHERE user_id = :agent", agent=agent)
        case "profile":
            await accounts.sql("DELETE FROM agent_profiles WHERE user_id = :agent", agent=agent)
            await accounts.sql("INSERT INTO agent_profiles (user_id) VALUES (:agent)", agent=agent)
