"""Profiles: what an agent may say, and what is refused."""

import asyncio
from typing import Any

import pytest
from httpx import Response

from tests.integration.accounts.conftest import Accounts, Person
from tests.integration.agents.conftest import AGENTS, AddAgent

PROFILE = {
    "company_name": "Kamau Homes",
    "license": "EARB/NAIROBI-7",
    "specializations": ["land", "rentals"],
    "bio": "Karibu!\nTalk to us.",
    "website": "https://kamau.example/homes?from=nyumba#top",
    "facebook": "https://facebook.example/kamau",
    "twitter": "http://twitter.example:8080/kamau",
    "linkedin": None,
}


async def write(accounts: Accounts, method: str, agent: Person, **profile: object) -> Response:
    return await accounts.api.request(method, f"{AGENTS}/profile", json=profile, headers=agent.headers)


async def test_published_profile_is_what_everyone_reads(accounts: Accounts, add_agent: AddAgent) -> None:
    agent = await add_agent(**PROFILE)
    shown = (await accounts.api.get(f"{AGENTS}/{agent.id}")).json()
    assert {name: shown[name] for name in PROFILE} == PROFILE
    assert (shown["id"], shown["name"]) == (str(agent.id), "Amina Ali")
    assert (shown["rating"], shown["review_count"], shown["properties_sold"]) == (None, 0, 0)


async def test_answer_names_the_place_of_a_new_profile(accounts: Accounts) -> None:
    agent = await accounts.add_logged_in("agent")
    answer = await write(accounts, "POST", agent)
    assert (answer.status_code, answer.headers["location"]) == (201, f"{AGENTS}/{agent.id}")
    assert (await accounts.api.get(answer.headers["location"])).json() == answer.json()


async def test_what_is_left_out_stays_and_null_empties(accounts: Accounts, add_agent: AddAgent) -> None:
    agent = await add_agent(**PROFILE)
    answer = await write(accounts, "PUT", agent, company_name="  Kamau & Daughters ", website=None)
    shown = answer.json()
    expected = {**PROFILE, "company_name": "Kamau & Daughters", "website": None}
    assert {name: shown[name] for name in PROFILE} == expected
    assert (await write(accounts, "PUT", agent)).json() == shown


async def test_private_contacts_are_in_no_answer(accounts: Accounts, add_agent: AddAgent) -> None:
    agent = await add_agent()
    await accounts.sql("UPDATE users SET phone = '+254 712 345 678' WHERE id = :id", id=agent.id)
    for path in ("", f"/{agent.id}", f"/{agent.id}/reviews", f"/{agent.id}/properties"):
        text = (await accounts.api.get(AGENTS + path)).text
        assert agent.email not in text
        assert "712" not in text


async def test_second_profile_is_refused(accounts: Accounts, agent: Person) -> None:
    answer = await write(accounts, "POST", agent, bio="another")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:nyumba:problem:profile-exists")


async def test_parallel_posts_make_one_profile(accounts: Accounts) -> None:
    agent = await accounts.add_logged_in("agent")
    answers = await asyncio.gather(*(write(accounts, "POST", agent, license="A-1") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert await accounts.sql("SELECT count(*) FROM agent_profiles") == [(1,)]


async def test_change_without_a_profile_is_refused(accounts: Accounts) -> None:
    answer = await write(accounts, "PUT", await accounts.add_logged_in("agent"), bio="hello")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:nyumba:problem:profile-not-found")


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("license_", ["EARB/7", "earb/7"])
async def test_license_of_another_agent_is_refused(
    accounts: Accounts, add_agent: AddAgent, method: str, license_: str
) -> None:
    await add_agent(license="EARB/7")
    other = await (add_agent() if method == "PUT" else accounts.add_logged_in("agent"))
    answer = await write(accounts, method, other, license=license_)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:nyumba:problem:license-taken")
    assert answer.json()["errors"] == [{"detail": "belongs to another agent", "pointer": "/license"}]


async def test_license_taken_by_many_at_once_goes_to_one(accounts: Accounts, add_agent: AddAgent) -> None:
    agents = [await add_agent() for _ in range(8)]
    answers = await asyncio.gather(*(write(accounts, "PUT", agent, license="EARB/7") for agent in agents))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7


async def test_own_license_may_be_sent_again(accounts: Accounts, add_agent: AddAgent) -> None:
    agent = await add_agent(license="EARB/7")
    assert (await write(accounts, "PUT", agent, license="earb/7")).json()["license"] == "EARB/7"


async def test_license_has_single_spaces(accounts: Accounts, agent: Person) -> None:
    assert (await write(accounts, "PUT", agent, license="EARB   7 b")).json()["license"] == "EARB 7 B"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_all_that_is_wrong_is_named_at_once(accounts: Accounts, agent: Person, method: str) -> None:
    wrong: dict[str, Any] = {
        "company_name": " ",
        "license": "A\n",
        "specializations": ["land", ""],
        "bio": "a\x00b",
        "website": "javascript:alert(1)",
        "rating": 5,
        "review_count": 99,
        "user_id": str(agent.id),
    }
    answer = await write(accounts, method, agent, **wrong)
    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {f"/{name}" for name in wrong}


@pytest.mark.parametrize(
    "address",
    [
        "ftp://a.example",
        "//a.example",
        "a.example",
        "https://",
        "https://good.example@evil.example",
        "https://-a.example",
        "https://a.example/<script>",
        'https://a.example/"x',
        "https://a.example/ x",
        "https://a.example/\n",
        "https://a.example\\b",
        "https://ä.example",
        "https://a.example:123456",
        "data:text/html,x",
        "https://a.example/" + "a" * 500,
    ],
)
async def test_address_that_is_none_is_refused(accounts: Accounts, agent: Person, address: str) -> None:
    answer = await write(accounts, "PUT", agent, website=address)
    assert answer.status_code == 400
    assert "must be an address that begins with https://" in answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company_name", "a" * 201),
        ("license", "a" * 65),
        ("license", "ß"),
        ("specializations", ["a" * 61]),
        ("specializations", [f"s{n}" for n in range(21)]),
        ("specializations", None),
        ("specializations", "land"),
        ("specializations", [None]),
        ("bio", "a" * 2001),
    ],
)
async def test_too_long_or_of_the_wrong_kind_is_refused(
    accounts: Accounts, agent: Person, field: str, value: object
) -> None:
    assert (await write(accounts, "PUT", agent, **{field: value})).status_code == 400


async def test_longest_values_fit(accounts: Accounts, agent: Person) -> None:
    longest = {
        "company_name": "é" * 200,
        "license": "a" * 64,
        "specializations": [f"{n:02}" + "é" * 58 for n in range(20)],
        "bio": "😀" * 2000,
        "website": "https://a.example/" + "a" * 482,
    }
    assert (await write(accounts, "PUT", agent, **longest)).status_code == 200


async def test_repeated_specializations_count_once(accounts: Accounts, agent: Person) -> None:
    answer = await write(accounts, "PUT", agent, specializations=["Land", "rentals", " land ", "LAND"])
    assert answer.json()["specializations"] == ["Land", "rentals"]


async def test_only_a_new_name_of_the_company_makes_work_for_the_indexer(
    accounts: Accounts, add_agent: AddAgent
) -> None:
    agent = await add_agent(company_name="Kamau Homes")
    property_id = await accounts.world.add_property(agent.id)
    await accounts.sql("DELETE FROM search_outbox")
    await write(accounts, "PUT", agent, company_name="Kamau Homes", bio="new", license="EARB/7", specializations=["x"])
    assert await accounts.sql("SELECT * FROM search_outbox") == []
    await write(accounts, "PUT", agent, company_name="Kamau & Daughters")
    assert await accounts.sql("SELECT property_id, op, reason FROM search_outbox") == [
        (property_id, "index", "related")
    ]
