"""Refreshing and logging out: one login is one chain of tokens, and it ends when it should."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from nyumba.accounts.families import RETRY_WINDOW
from nyumba.settings import Settings
from tests.integration.accounts.conftest import PASSWORD, Accounts, Person, serve

OLD_SECRET = "an-old-secret-of-more-than-32-characters"  # noqa: S105
NEW_SECRET = "a-new-secret-of-more-than-32-characters!"  # noqa: S105
A_WHILE = int(RETRY_WINDOW.total_seconds()) + 1


@pytest.fixture
async def person(accounts: Accounts) -> Person:
    return await accounts.add_logged_in()


async def refresh(accounts: Accounts, token: str) -> dict[str, str]:
    response = await accounts.post("refresh", refresh_token=token)
    assert response.status_code == 200, response.text
    answer: dict[str, str] = response.json()
    return answer


async def is_refused(accounts: Accounts, token: str) -> bool:
    return (await accounts.post("refresh", refresh_token=token)).status_code == 401


async def test_answer_has_the_shape_that_clients_rely_on(accounts: Accounts, person: Person) -> None:
    response = await accounts.post("refresh", refresh_token=person.refresh_token)
    answer = response.json()
    assert response.headers["cache-control"] == "no-store"
    assert answer.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 1800)


async def test_each_refresh_gives_other_tokens_that_work(accounts: Accounts, person: Person) -> None:
    seen = {person.refresh_token}
    token = person.refresh_token
    for _ in range(4):
        answer = await refresh(accounts, token)
        token = answer["refresh_token"]
        assert (await accounts.read_me(answer["access_token"])).json()["id"] == str(person.id)
        seen.add(token)
    assert len(seen) == 5


async def test_lost_answer_can_be_asked_for_again(accounts: Accounts, person: Person) -> None:
    lost = await refresh(accounts, person.refresh_token)
    await accounts.make_older(A_WHILE - 2)
    again = await refresh(accounts, person.refresh_token)
    assert again["refresh_token"] != person.refresh_token
    after = await refresh(accounts, again["refresh_token"])
    assert (await accounts.read_me(after["access_token"])).status_code == 200
    assert (await accounts.read_me(lost["access_token"])).status_code == 200


async def test_replay_ends_the_family(accounts: Accounts, person: Person) -> None:
    answer = await refresh(accounts, person.refresh_token)
    await accounts.make_older(A_WHILE)
    assert await is_refused(accounts, person.refresh_token)
    assert await is_refused(accounts, answer["refresh_token"])
    assert (await accounts.read_me(answer["access_token"])).status_code == 401
    assert await accounts.sql("SELECT * FROM token_families") == []


async def test_token_before_the_previous_one_is_a_replay_at_once(accounts: Accounts, person: Person) -> None:
    second = await refresh(accounts, person.refresh_token)
    third = await refresh(accounts, second["refresh_token"])
    assert await is_refused(accounts, person.refresh_token)
    assert await is_refused(accounts, third["refresh_token"])


async def test_replay_ends_no_other_login(accounts: Accounts, person: Person) -> None:
    other = await accounts.log_in(person)
    await refresh(accounts, person.refresh_token)
    await accounts.make_older(A_WHILE)
    assert await is_refused(accounts, person.refresh_token)
    assert (await accounts.read_me(other.access_token)).status_code == 200


async def test_parallel_refreshes_leave_one_living_chain(accounts: Accounts, person: Person) -> None:
    answers = await asyncio.gather(*(refresh(accounts, person.refresh_token) for _ in range(20)))
    successors = {answer["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert len(await accounts.sql("SELECT * FROM token_families")) == 1
    await accounts.make_older(A_WHILE)
    grandchildren = await asyncio.gather(*(refresh(accounts, token) for token in successors for _ in range(20)))
    assert len({answer["refresh_token"] for answer in grandchildren}) == 1


async def test_parallel_replays_are_all_refused(accounts: Accounts, person: Person) -> None:
    await refresh(accounts, person.refresh_token)
    await accounts.make_older(A_WHILE)
    assert all(await asyncio.gather(*(is_refused(accounts, person.refresh_token) for _ in range(20))))


async def test_only_hashes_are_stored(accounts: Accounts, person: Person) -> None:
    await refresh(accounts, person.refresh_token)
    rows = await accounts.sql("SELECT token_hash, previous_hash FROM token_families")
    assert [len(value) for value in rows[0]] == [32, 32]
    assert rows[0][0] != rows[0][1]


async def test_logout_ends_the_family_and_nothing_else(accounts: Accounts, person: Person) -> None:
    other = await accounts.log_in(person)
    response = await accounts.post("logout", refresh_token=person.refresh_token)
    assert (response.status_code, response.content) == (204, b"")
    assert (await accounts.read_me(person.access_token)).status_code == 401
    assert await is_refused(accounts, person.refresh_token)
    assert (await accounts.read_me(other.access_token)).status_code == 200
    assert (await accounts.post("logout", refresh_token=person.refresh_token)).status_code == 204


async def test_an_older_token_can_still_log_out(accounts: Accounts, person: Person) -> None:
    answer = await refresh(accounts, person.refresh_token)
    await accounts.make_older(A_WHILE)
    await accounts.post("logout", refresh_token=person.refresh_token)
    assert (await accounts.read_me(answer["access_token"])).status_code == 401


async def test_logout_in_the_middle_of_a_refresh_wins(accounts: Accounts, person: Person) -> None:
    async with accounts.world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM token_families"))
        refreshing = asyncio.create_task(is_refused(accounts, person.refresh_token))
        await accounts.wait_until_blocked()
    assert await refreshing


async def test_deactivation_alone_stops_all_tokens(accounts: Accounts, person: Person) -> None:
    await accounts.sql("ALTER TABLE users DISABLE TRIGGER users_deactivate")
    await accounts.sql("UPDATE users SET is_active = false WHERE id = :id", id=person.id)
    assert (await accounts.read_me(person.access_token)).status_code == 401
    assert await is_refused(accounts, person.refresh_token)


async def test_deactivation_stops_all_tokens_for_good(accounts: Accounts, person: Person) -> None:
    await accounts.sql("UPDATE users SET is_active = false WHERE id = :id", id=person.id)
    assert (await accounts.read_me(person.access_token)).status_code == 401
    assert await is_refused(accounts, person.refresh_token)
    await accounts.sql("UPDATE users SET is_active = true WHERE id = :id", id=person.id)
    assert (await accounts.read_me(person.access_token)).status_code == 401
    assert (await accounts.post("login", email=person.email, password=PASSWORD)).status_code == 200


async def test_deletion_stops_all_tokens(accounts: Accounts, person: Person) -> None:
    await accounts.sql("DELETE FROM users WHERE id = :id", id=person.id)
    assert (await accounts.read_me(person.access_token)).status_code == 401
    assert await is_refused(accounts, person.refresh_token)


async def test_role_is_read_at_each_request(accounts: Accounts, person: Person) -> None:
    await accounts.sql("UPDATE users SET role = 'agent' WHERE id = :id", id=person.id)
    assert (await accounts.read_me(person.access_token)).json()["role"] == "agent"


async def test_expired_families_are_swept_by_later_logins(accounts: Accounts, person: Person) -> None:
    await accounts.make_older(8 * 24 * 3600)
    await accounts.add_logged_in()
    assert await accounts.sql("SELECT * FROM token_families WHERE user_id = :id", id=person.id) == []


async def test_previous_secret_is_good_until_it_is_removed(accounts: Accounts, settings: Settings) -> None:
    before = replace(settings, secret_key=OLD_SECRET)
    both = replace(settings, secret_key=NEW_SECRET, secret_key_previous=OLD_SECRET)
    after = replace(settings, secret_key=NEW_SECRET)
    person = await accounts.add()
    async with serve(before) as accounts.api:
        person = await accounts.log_in(person)
        lost = await refresh(accounts, person.refresh_token)
    async with serve(both) as accounts.api:
        assert (await accounts.read_me(lost["access_token"])).status_code == 200
        again = await refresh(accounts, person.refresh_token)
        fresh = await refresh(accounts, again["refresh_token"])
    async with serve(after) as accounts.api:
        assert (await accounts.read_me(lost["access_token"])).status_code == 401
        assert (await accounts.read_me(fresh["access_token"])).status_code == 200
        await refresh(accounts, fresh["refresh_token"])
