"""Reviews: one for each client and agent, and figures that are always true."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from nyumba.agents.reviews import shorten_name
from tests.integration.accounts.conftest import Accounts, Person
from tests.integration.agents.conftest import AGENTS, AddAgent, count_figures, read_figures, review


async def test_review_is_shown_with_a_first_name_and_an_initial(
    accounts: Accounts, agent: Person, client: Person
) -> None:
    answer = await review(accounts, client, agent.id, rating=4, comment="Punctual.\nKind.")
    assert answer.status_code == 201
    listing = (await accounts.api.get(f"{AGENTS}/{agent.id}/reviews")).json()
    assert listing["items"] == [answer.json()]
    assert (answer.json()["reviewer"], answer.json()["rating"]) == ("Amina A.", 4)
    assert answer.json().keys() == {"id", "reviewer", "rating", "comment", "created_at", "updated_at"}


@pytest.mark.parametrize(
    ("full_name", "shown"),
    [
        ("Wanjiku Kamau", "Wanjiku K."),
        ("Madonna", "Madonna"),
        (" Ali  bin  Saïd ", "Ali S."),
        ("A. B", "A. B."),
        (" ", ""),
    ],
)
def test_name_is_shortened(full_name: str, shown: str) -> None:
    assert shorten_name(full_name) == shown


@pytest.mark.parametrize("role", ["buyer", "seller", "agent", "admin"])
async def test_every_role_may_review(accounts: Accounts, agent: Person, role: str) -> None:
    assert (await review(accounts, await accounts.add_logged_in(role), agent.id, rating=5)).status_code == 201


async def test_nobody_reviews_themselves(accounts: Accounts, agent: Person) -> None:
    assert (await review(accounts, agent, agent.id, rating=5)).status_code == 403
    with pytest.raises(DBAPIError, match="ck_agent_reviews_client_id"):
        await accounts.sql("INSERT INTO agent_reviews (agent_id, client_id, rating) VALUES (:id, :id, 5)", id=agent.id)


async def test_second_review_is_refused_and_changes_nothing(accounts: Accounts, agent: Person, client: Person) -> None:
    await review(accounts, client, agent.id, rating=4)
    answer = await review(accounts, client, agent.id, rating=1)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:nyumba:problem:review-exists")
    assert await read_figures(accounts, agent.id) == (4, 1, 0)


async def test_parallel_reviews_of_one_client_leave_one(accounts: Accounts, agent: Person, client: Person) -> None:
    answers = await asyncio.gather(*(review(accounts, client, agent.id, rating=3) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert await read_figures(accounts, agent.id) == (3, 1, 0)


async def test_what_is_left_out_of_a_change_stays(accounts: Accounts, agent: Person, client: Person) -> None:
    await review(accounts, client, agent.id, rating=4, comment="fine")
    mine = f"{AGENTS}/{agent.id}/reviews/mine"
    changed = (await accounts.api.put(mine, json={"rating": 2}, headers=client.headers)).json()
    assert (changed["rating"], changed["comment"]) == (2, "fine")
    changed = (await accounts.api.put(mine, json={"comment": None}, headers=client.headers)).json()
    assert (changed["rating"], changed["comment"]) == (2, None)
    assert changed["updated_at"] > changed["created_at"]
    assert await read_figures(accounts, agent.id) == (2, 1, 0)


async def test_review_taken_back_is_gone(accounts: Accounts, agent: Person, client: Person) -> None:
    await review(accounts, client, agent.id, rating=4)
    mine = f"{AGENTS}/{agent.id}/reviews/mine"
    assert (await accounts.api.delete(mine, headers=client.headers)).status_code == 204
    assert await read_figures(accounts, agent.id) == (None, 0, 0)
    assert (await accounts.api.delete(mine, headers=client.headers)).status_code == 404
    assert (await accounts.api.put(mine, json={"rating": 1}, headers=client.headers)).status_code == 404
    assert (await review(accounts, client, agent.id, rating=5)).status_code == 201


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_review_of_somebody_else_is_out_of_reach(
    accounts: Accounts, agent: Person, client: Person, method: str
) -> None:
    """Nor does the answer tell whether there is such an agent."""
    await review(accounts, await accounts.add_logged_in(), agent.id, rating=5)
    body = {"rating": 1} if method == "PUT" else None
    answers = [
        await accounts.api.request(method, f"{AGENTS}/{one}/reviews/mine", json=body, headers=client.headers)
        for one in (agent.id, uuid4())
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert await read_figures(accounts, agent.id) == (5, 1, 0)


@pytest.mark.parametrize(
    "body", [{}, {"rating": 0}, {"rating": 6}, {"rating": 4.5}, {"rating": "5"}, {"rating": None}, {"rating": True}]
)
async def test_rating_is_a_whole_number_from_one_to_five(
    accounts: Accounts, agent: Person, client: Person, body: dict[str, object]
) -> None:
    answer = await review(accounts, client, agent.id, **body)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/rating"]


@pytest.mark.parametrize("comment", ["a" * 2001, "\0", "\x1b[2J", 5])
async def test_comment_that_will_not_do_is_refused(
    accounts: Accounts, agent: Person, client: Person, comment: object
) -> None:
    answer = await review(accounts, client, agent.id, rating=5, comment=comment)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/comment"]


async def test_newest_come_first_page_by_page(accounts: Accounts, agent: Person) -> None:
    made = [(await review(accounts, await accounts.add_logged_in(), agent.id, rating=5)).json()["id"] for _ in range(5)]
    path = f"{AGENTS}/{agent.id}/reviews"
    first = (await accounts.api.get(path, params={"limit": 3})).json()
    rest = (await accounts.api.get(path, params={"limit": 3, "cursor": first["page"]["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert (rest["page"]["next_cursor"], rest["total"]["value"]) == (None, 5)


async def test_figures_are_true_after_parallel_reviews(accounts: Accounts, agent: Person) -> None:
    clients = [await accounts.add_logged_in() for _ in range(20)]
    await asyncio.gather(*(review(accounts, one, agent.id, rating=1 + n % 5) for n, one in enumerate(clients)))
    assert await read_figures(accounts, agent.id) == (3, 20, 0)
    mine = f"{AGENTS}/{agent.id}/reviews/mine"
    await asyncio.gather(
        *(accounts.api.put(mine, json={"rating": 5}, headers=one.headers) for one in clients[:10]),
        *(accounts.api.delete(mine, headers=one.headers) for one in clients[10:]),
    )
    assert await read_figures(accounts, agent.id) == (5, 10, 0)


async def test_average_has_two_decimals(accounts: Accounts, agent: Person) -> None:
    for rating in (5, 4, 4):
        await review(accounts, await accounts.add_logged_in(), agent.id, rating=rating)
    assert (await read_figures(accounts, agent.id))[0] == Decimal("4.33")
    assert (await accounts.api.get(f"{AGENTS}/{agent.id}")).json()["rating"] == 4.33


async def test_reviews_make_no_work_for_the_indexer(accounts: Accounts, agent: Person, client: Person) -> None:
    await accounts.world.add_property(agent.id)
    await accounts.sql("DELETE FROM search_outbox")
    await review(accounts, client, agent.id, rating=4)
    mine = f"{AGENTS}/{agent.id}/reviews/mine"
    await accounts.api.put(mine, json={"rating": 1}, headers=client.headers)
    await accounts.api.delete(mine, headers=client.headers)
    assert await accounts.sql("SELECT * FROM search_outbox") == []


@pytest.mark.parametrize("change", ["TRUNCATE agent_reviews", "DELETE FROM users WHERE role = 'buyer'"])
async def test_figures_follow_when_all_reviews_go(
    accounts: Accounts, agent: Person, client: Person, change: str
) -> None:
    await review(accounts, client, agent.id, rating=4)
    await accounts.sql(change)
    assert await read_figures(accounts, agent.id) == (None, 0, 0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "move", "delete", "insert many", "client gone"]),
        st.integers(0, 1),
        st.integers(0, 3),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=12,
)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_figures_equal_what_sql_counts_after_any_changes(
    accounts: Accounts, add_agent: AddAgent, steps: Sequence[tuple[str, int, int, int]]
) -> None:
    agents = [(await add_agent()).id for _ in range(2)]
    clients = [await accounts.world.add_user(role="buyer") for _ in range(4)]
    for step, agent, client, rating in steps:
        await change_reviews(accounts, step, agents[agent], clients[client], rating)
        for one in agents:
            assert await read_figures(accounts, one) == await count_figures(accounts, one)


async def change_reviews(accounts: Accounts, step: str, agent: UUID, client: UUID, rating: int) -> None:
    """Raw SQL, as somebody at psql would."""
    statements = {
        "insert": "INSERT INTO agent_reviews (agent_id, client_id, rating)"
        " SELECT :agent, id, :rating FROM users WHERE id = :client ON CONFLICT DO NOTHING",
        "update": "UPDATE agent_reviews SET rating = :rating WHERE client_id = :client AND :agent <> :client",
        "move": "UPDATE agent_reviews r SET agent_id = :agent, rating = :rating WHERE client_id = :client"
        " AND NOT EXISTS (SELECT FROM agent_reviews o WHERE o.client_id = :client AND o.agent_id = :agent)",
        "delete": "DELETE FROM agent_reviews WHERE client_id = :client AND :agent <> :client AND :rating > 0",
        "insert many": "INSERT INTO agent_reviews (agent_id, client_id, rating)"
        " SELECT :agent, id, :rating FROM users WHERE role = 'buyer' AND id <> :client ON CONFLICT DO NOTHING",
        "client gone": "DELETE FROM users WHERE id = :client AND :agent <> :client AND :rating > 0",
    }
    await accounts.sql(statements[step], agent=agent, client=client, rating=rating)
