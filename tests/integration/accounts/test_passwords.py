"""Logging in, and setting another password."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from nyumba.accounts.passwords import Passwords
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import PASSWORD, Accounts, Person, serve

NEW = "mlima-mrefu-77"


@pytest.fixture
async def person(accounts: Accounts) -> Person:
    return await accounts.add_logged_in()


async def logs_in(accounts: Accounts, person: Person, password: str) -> bool:
    return (await accounts.post("login", email=person.email, password=password)).status_code == 200


async def ask_for_link(accounts: Accounts, person: Person) -> str:
    assert (await accounts.post("forgot-password", email=person.email)).status_code == 202
    return await accounts.read_link("reset_password")


async def test_failed_logins_cannot_be_told_apart(accounts: Accounts, hashed: list[int]) -> None:
    """Same answer and same work, whether the account is unknown, imported, deactivated or has another password."""
    known, inactive, imported = [await accounts.add() for _ in range(3)]
    await accounts.sql("UPDATE users SET is_active = false WHERE id = :id", id=inactive.id)
    await accounts.sql("UPDATE users SET password_hash = '!' WHERE id = :id", id=imported.id)
    tries = [
        (known.email, "wrong"),
        ("nobody@example.com", PASSWORD),
        (inactive.email, PASSWORD),
        (imported.email, "!"),
        (imported.email, PASSWORD),
    ]
    hashed.clear()
    answers = [await accounts.post("login", email=email, password=password) for email, password in tries]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"date"})) for answer in answers}) == 1
    assert hashed == [4] * len(tries)


async def test_address_may_be_typed_in_any_case(accounts: Accounts, person: Person) -> None:
    assert (await accounts.post("login", email=f" {person.email.upper()}", password=PASSWORD)).status_code == 200


async def test_hash_is_brought_to_the_cost_of_today(accounts: Accounts) -> None:
    person = await accounts.add(cost=5)
    await accounts.log_in(person)
    ((stored,),) = await accounts.sql("SELECT password_hash FROM users")
    assert stored.startswith("v1$2b$04$")
    session = await accounts.log_in(person)
    assert (await accounts.read_me(session.access_token)).status_code == 200


async def test_parallel_logins_survive_a_change_of_the_cost(accounts: Accounts) -> None:
    person = await accounts.add(cost=5)
    assert all(await asyncio.gather(*(logs_in(accounts, person, PASSWORD) for _ in range(8))))


async def test_changing_the_password_logs_out_everywhere(accounts: Accounts, person: Person) -> None:
    other = await accounts.log_in(person)
    link = await ask_for_link(accounts, person)
    response = await accounts.post("change-password", headers=person.headers, current_password=PASSWORD, password=NEW)
    assert response.status_code == 204
    for session in (person, other):
        assert (await accounts.read_me(session.access_token)).status_code == 401
        assert (await accounts.post("refresh", refresh_token=session.refresh_token)).status_code == 401
    assert (await accounts.post("reset-password", token=link, password=PASSWORD)).status_code == 400
    assert not await logs_in(accounts, person, PASSWORD)
    assert await logs_in(accounts, person, NEW)
    assert [kind for kind, _ in await accounts.read_mail()][-1] == "password_changed"


@pytest.mark.parametrize(
    ("current", "new", "pointer"), [("wrong", NEW, "/current_password"), (PASSWORD, "short", "/password")]
)
async def test_password_is_not_changed_by_a_wrong_form(
    accounts: Accounts, person: Person, current: str, new: str, pointer: str
) -> None:
    response = await accounts.post("change-password", headers=person.headers, current_password=current, password=new)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, pointer)
    assert (await accounts.read_me(person.access_token)).status_code == 200


async def test_reset_logs_out_everywhere_and_verifies(accounts: Accounts, person: Person) -> None:
    link = await ask_for_link(accounts, person)
    second = await ask_for_link(accounts, person)
    assert (await accounts.post("reset-password", token=link, password=NEW)).status_code == 204
    assert (await accounts.read_me(person.access_token)).status_code == 401
    assert await accounts.read_columns(person.id, "is_verified") == (True,)
    assert (await accounts.post("reset-password", token=second, password=PASSWORD)).status_code == 400
    assert await logs_in(accounts, person, NEW)


async def test_parallel_resets_with_one_token_succeed_once(accounts: Accounts, person: Person) -> None:
    link = await ask_for_link(accounts, person)
    choices = [f"{NEW}-{number}" for number in range(20)]
    answers = await asyncio.gather(*(accounts.post("reset-password", token=link, password=p) for p in choices))
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 19
    (winner,) = [p for p, answer in zip(choices, answers, strict=True) if answer.status_code == 204]
    assert await logs_in(accounts, person, winner)


async def test_parallel_resets_with_several_tokens_succeed_once(accounts: Accounts, person: Person) -> None:
    links = [await ask_for_link(accounts, person) for _ in range(8)]
    answers = await asyncio.gather(*(accounts.post("reset-password", token=link, password=NEW) for link in links))
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 7


async def test_link_survives_a_password_that_will_not_do(accounts: Accounts, person: Person) -> None:
    link = await ask_for_link(accounts, person)
    refused = await accounts.post("reset-password", token=link, password="password1234")  # noqa: S106
    assert refused.json()["errors"][0]["pointer"] == "/password"
    assert (await accounts.post("reset-password", token=link, password=NEW)).status_code == 204


@pytest.mark.parametrize(("kind", "minutes"), [("reset_password", 30), ("verify_email", 24 * 60)])
async def test_link_lives_for_its_time_and_is_stored_as_a_hash(accounts: Accounts, kind: str, minutes: int) -> None:
    await accounts.post("register", email="a@example.com", password=PASSWORD, full_name="A")
    await accounts.post("forgot-password", email="a@example.com")
    token = await accounts.read_link(kind)
    assert len(token) == 43  # 256 bits
    rows = await accounts.sql(
        "SELECT length(token_hash), round(extract(epoch FROM expires_at - now()) / 60)::int FROM one_time_tokens"
        " WHERE kind = :kind",
        kind=kind,
    )
    assert rows == [(32, minutes)]
    await accounts.sql("UPDATE one_time_tokens SET expires_at = now()")
    path, body = {
        "reset_password": ("reset-password", {"password": NEW}),
        "verify_email": ("verify-email", {}),
    }[kind]
    response = await accounts.post(path, token=token, **body)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/token")


async def test_link_of_one_kind_is_no_use_for_the_other(accounts: Accounts) -> None:
    await accounts.post("register", email="a@example.com", password=PASSWORD, full_name="A")
    await accounts.post("forgot-password", email="a@example.com")
    verify, reset = await accounts.read_link("verify_email"), await accounts.read_link("reset_password")
    assert (await accounts.post("reset-password", token=verify, password=NEW)).status_code == 400
    assert (await accounts.post("verify-email", token=reset)).status_code == 400


async def test_forgotten_passwords_are_answered_the_same(accounts: Accounts, person: Person) -> None:
    inactive = await accounts.add()
    await accounts.sql("UPDATE users SET is_active = false WHERE id = :id", id=inactive.id)
    addresses = (person.email, "nobody@example.com", inactive.email)
    answers = [await accounts.post("forgot-password", email=email) for email in addresses]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert len(await accounts.read_mail()) == 1
    assert await accounts.sql("SELECT user_id FROM one_time_tokens") == [(person.id,)]


async def test_deactivated_account_cannot_use_its_link(accounts: Accounts, person: Person) -> None:
    link = await ask_for_link(accounts, person)
    await accounts.sql("UPDATE users SET is_active = false WHERE id = :id", id=person.id)
    assert (await accounts.post("reset-password", token=link, password=NEW)).status_code == 400


async def test_reset_waits_for_the_user_before_it_takes_the_link(accounts: Accounts, person: Person) -> None:
    """As the trigger of a deactivation does. In the other order, each would wait for the other."""
    link = await ask_for_link(accounts, person)
    async with accounts.world.engine.begin() as connection:
        await connection.execute(text("UPDATE users SET full_name = 'Halima'"))
        resetting = asyncio.create_task(accounts.post("reset-password", token=link, password=NEW))
        await accounts.wait_until_blocked()
        await connection.execute(text("DELETE FROM one_time_tokens"))
    assert (await resetting).status_code == 400


async def test_login_that_a_reset_overtakes_is_refused(
    accounts: Accounts, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was right when it was verified, and is not when the tokens would be made."""
    link = await ask_for_link(accounts, person)
    verify = Passwords.verify

    async def verify_slowly(self: Passwords, password: str, stored: str | None) -> bool:
        matches = await verify(self, password, stored)
        monkeypatch.setattr(Passwords, "verify", verify)
        assert (await accounts.post("reset-password", token=link, password=NEW)).status_code == 204
        return matches

    monkeypatch.setattr(Passwords, "verify", verify_slowly)
    assert not await logs_in(accounts, person, PASSWORD)
    assert await accounts.sql("SELECT * FROM token_families") == []


async def test_minimum_length_is_a_setting(world: World, settings: Settings) -> None:
    async with serve(replace(settings, password_min_length=16)) as api:
        body = {"email": "a@example.com", "password": PASSWORD, "full_name": "A"}
        response = await api.post("/api/v1/auth/register", json=body)
    assert response.json()["errors"] == [{"pointer": "/password", "detail": "must have 16 characters or more"}]


async def test_flood_of_logins_is_turned_away_and_leaves_the_rest_alone(
    accounts: Accounts, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nyumba.accounts.passwords.LONGEST_QUEUE", 2)
    answers = await asyncio.gather(
        *(accounts.post("login", email=person.email, password=PASSWORD) for _ in range(40)),
        *(accounts.read_me(person.access_token) for _ in range(40)),
    )
    logins, reads = answers[:40], answers[40:]
    assert {answer.status_code for answer in logins} == {200, 503}
    assert {answer.headers.get("retry-after") for answer in logins if answer.status_code == 503} == {"5"}
    assert {answer.status_code for answer in reads} == {200}
