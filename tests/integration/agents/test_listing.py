"""Finding agents: filters, order, pages, and who is not shown."""

import random
from uuid import uuid4

import pytest

from tests.integration.accounts.conftest import Accounts, Person
from tests.integration.agents.conftest import AGENTS, AddAgent
from tests.statements import record_statements


async def find(accounts: Accounts, **parameters: object) -> list[str]:
    answer = await accounts.api.get(AGENTS, params=parameters)
    assert answer.status_code == 200, answer.text
    listing = answer.json()
    assert listing["total"] == {"value": len(listing["items"]), "relation": "eq"}
    return [item["id"] for item in listing["items"]]


async def rate(accounts: Accounts, agent: Person, *ratings: int) -> None:
    for rating in ratings:
        client = await accounts.world.add_user(role="buyer")
        await accounts.sql(
            "INSERT INTO agent_reviews (agent_id, client_id, rating) VALUES (:agent, :client, :rating)",
            agent=agent.id,
            client=client,
            rating=rating,
        )


async def test_city_is_where_an_agent_has_something_on_the_market(accounts: Accounts, add_agent: AddAgent) -> None:
    nairobi, mombasa, retired = [await add_agent() for _ in range(3)]
    await accounts.world.add_property(nairobi.id, city="Nairobi")
    await accounts.world.add_property(nairobi.id, city="Nairobi")
    await accounts.world.add_property(mombasa.id, city="Mombasa", status="under_offer")
    for status in ("draft", "sold", "let", "withdrawn", "expired"):
        await accounts.world.add_property(retired.id, city="Nairobi", status=status)
    assert await find(accounts, city="nairobi") == [str(nairobi.id)]
    assert await find(accounts, city="MOMBASA") == [str(mombasa.id)]
    assert await find(accounts, city="Kisumu") == []


async def test_specialization_is_found_whole_and_in_any_case(accounts: Accounts, add_agent: AddAgent) -> None:
    agent = await add_agent(specializations=["Family homes", "land"])
    await add_agent(specializations=["family"])
    assert await find(accounts, specialization="family HOMES") == [str(agent.id)]
    assert await find(accounts, specialization="homes") == []


async def test_least_rating_leaves_out_the_unrated(accounts: Accounts, add_agent: AddAgent) -> None:
    good, poor, _ = [await add_agent() for _ in range(3)]
    await rate(accounts, good, 5, 4)
    await rate(accounts, poor, 2)
    assert await find(accounts, rating_min=4.5) == [str(good.id)]
    assert await find(accounts, rating_min=1) == [str(good.id), str(poor.id)]
    assert await find(accounts, rating_min=4.51) == []


async def test_filters_hold_at_once(accounts: Accounts, add_agent: AddAgent) -> None:
    agent, other = await add_agent(specializations=["land"]), await add_agent(specializations=["land"])
    await accounts.world.add_property(agent.id, city="Nyeri")
    await rate(accounts, other, 5)
    assert await find(accounts, specialization="land", city="Nyeri") == [str(agent.id)]
    assert await find(accounts, specialization="land", city="Nyeri", rating_min=2) == []


async def test_pages_give_everyone_once_and_the_best_first(accounts: Accounts, add_agent: AddAgent) -> None:
    chance = random.Random(5)
    for _ in range(14):
        await rate(accounts, await add_agent(), *chance.choices([3, 4], k=chance.choice([0, 0, 1, 2])))
    rows = await accounts.sql(
        "SELECT user_id FROM agent_profiles ORDER BY coalesce(rating, 0) DESC, review_count DESC, user_id DESC"
    )
    expected = [str(row[0]) for row in rows]
    for limit in (1, 3, 14):
        found: list[str] = []
        parameters = {"limit": limit}
        while len(found) < 14:
            page = (await accounts.api.get(AGENTS, params=parameters)).json()
            assert page["total"]["value"] == 14
            found += [item["id"] for item in page["items"]]
            parameters["cursor"] = page["page"]["next_cursor"]
        assert found == expected
        assert parameters["cursor"] is None


@pytest.mark.parametrize("change", [{"rating_min": 2}, {"cursor": "rubbish"}])
async def test_cursor_of_another_search_is_refused(
    accounts: Accounts, add_agent: AddAgent, change: dict[str, object]
) -> None:
    await add_agent()
    await add_agent()
    cursor = (await accounts.api.get(AGENTS, params={"limit": 1})).json()["page"]["next_cursor"]
    answer = await accounts.api.get(AGENTS, params={"cursor": cursor, **change})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "cursor")


@pytest.mark.parametrize(
    "parameters",
    [{"limit": 0}, {"limit": 101}, {"rating_min": 0}, {"rating_min": 5.1}, {"city": ""}, {"city": "\0"}, {"town": "x"}],
)
async def test_bad_parameter_is_named(accounts: Accounts, parameters: dict[str, object]) -> None:
    answer = await accounts.api.get(AGENTS, params=parameters)
    assert answer.status_code == 400
    assert [error["parameter"] for error in answer.json()["errors"]] == list(parameters)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET is_active = false WHERE id = :id",
        "UPDATE users SET role = 'seller' WHERE id = :id",
        "DELETE FROM agent_profiles WHERE user_id = :id",
        "DELETE FROM users WHERE id = :id",
    ],
)
async def test_who_is_no_agent_any_more_is_as_if_never_there(
    accounts: Accounts, agent: Person, client: Person, change: str
) -> None:
    await accounts.world.add_property(agent.id)
    paths = ("", "/properties", "/reviews")
    assert {(await accounts.api.get(f"{AGENTS}/{agent.id}{path}")).status_code for path in paths} == {200}
    await accounts.sql(change, id=agent.id)
    assert await find(accounts) == []
    nobody = uuid4()
    for path in paths:
        gone, missing = [await accounts.api.get(f"{AGENTS}/{one}{path}") for one in (agent.id, nobody)]
        assert gone.status_code == missing.status_code == 404
        assert gone.text.replace(str(agent.id), str(nobody)) == missing.text
    answer = await accounts.api.post(f"{AGENTS}/{agent.id}/reviews", json={"rating": 1}, headers=client.headers)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:nyumba:problem:agent-not-found")


async def test_properties_of_an_agent_are_those_on_the_market(accounts: Accounts, agent: Person) -> None:
    shown = [await accounts.world.add_property(agent.id, status=status) for status in ("active", "under_offer")]
    await accounts.world.add_property(agent.id, status="draft")
    await accounts.world.add_property()
    listing = (await accounts.api.get(f"{AGENTS}/{agent.id}/properties", headers=agent.headers)).json()
    assert [item["id"] for item in listing["items"]] == [str(one) for one in reversed(shown)]
    assert listing["total"]["value"] == 2


@pytest.mark.parametrize("path", ["?limit=50", "/{id}/properties", "/{id}/reviews"])
async def test_list_takes_as_many_statements_for_many_as_for_few(
    accounts: Accounts, add_agent: AddAgent, path: str
) -> None:
    agent = await add_agent()
    counts = []
    for _ in range(2):
        for _ in range(5):
            property_id = await accounts.world.add_property(agent.id)
            for table in ("amenities", "features"):
                await accounts.sql(f"INSERT INTO {table} (property_id, name) VALUES (:id, 'pool')", id=property_id)
            await add_agent(specializations=["land"])
        await rate(accounts, agent, 1, 2, 3)
        with record_statements() as statements:
            answer = await accounts.api.get(AGENTS + path.format(id=agent.id))
        assert len(answer.json()["items"]) >= 3
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 3
