"""Registering, verifying an address, and one's own account: what is stored, and what nobody can set."""

import asyncio

import pytest

from tests.integration.accounts.conftest import PASSWORD, Accounts

OTHER = "another-pass-99"
GOOD = {"email": "amina@example.com", "password": PASSWORD, "full_name": "Amina Ali", "role": "seller"}


async def test_account_is_stored_as_asked_for_but_unverified(accounts: Accounts) -> None:
    response = await accounts.post("register", **GOOD)
    assert response.status_code == 202
    rows = await accounts.sql("SELECT email, full_name, role, is_verified, is_active FROM users")
    assert rows == [("amina@example.com", "Amina Ali", "seller", False, True)]
    ((stored,),) = await accounts.sql("SELECT password_hash FROM users")
    assert stored.startswith("v1$2b$04$")
    assert (await accounts.post("login", email="amina@example.com", password=PASSWORD)).status_code == 200


async def test_answer_is_the_same_for_an_address_that_is_taken(accounts: Accounts, hashed: list[int]) -> None:
    first = await accounts.post("register", **GOOD)
    work = hashed.copy()
    again = await accounts.post("register", **{**GOOD, "email": "AMINA@Example.COM", "password": OTHER})
    hide = {"date", "ratelimit"}
    assert again.content == first.content
    assert {k: v for k, v in again.headers.items() if k not in hide} == {
        k: v for k, v in first.headers.items() if k not in hide
    }
    assert hashed == work * 2
    assert [kind for kind, _ in await accounts.read_mail()] == ["verify_email", "already_registered"]
    assert len(await accounts.sql("SELECT token_hash FROM one_time_tokens")) == 1
    assert (await accounts.post("login", email=GOOD["email"], password=OTHER)).status_code == 401


async def test_parallel_registrations_make_one_account(accounts: Accounts) -> None:
    answers = await asyncio.gather(*(accounts.post("register", **GOOD) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(await accounts.sql("SELECT * FROM users")) == 1
    assert sorted(kind for kind, _ in await accounts.read_mail()) == ["already_registered"] * 7 + ["verify_email"]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Amina.Ali+Nyumba@Example.COM", "amina.ali+nyumba@example.com"),
        (" amina@example.com ", "amina@example.com"),
        ("amina@bücher.example.com", "amina@xn--bcher-kva.example.com"),
        ("amina@xn--bcher-kva.example.com", "amina@xn--bcher-kva.example.com"),
        ("amina@\uff25xample.com", "amina@example.com"),
    ],
)
async def test_address_is_stored_in_one_form(accounts: Accounts, typed: str, stored: str) -> None:
    assert (await accounts.post("register", **{**GOOD, "email": typed})).status_code == 202
    assert await accounts.sql("SELECT email FROM users") == [(stored,)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "amina"),
        ("email", "amina@localhost"),
        ("email", "a@b@example.com"),
        ("email", "amina@example.com\r\nBcc: eve@example.com"),
        ("email", "amina@example.com\u0000"),
        ("email", "\u0430mina@example.com"),
        ("email", "amina@[127.0.0.1]"),
        ("email", f"{'a' * 65}@example.com"),
        ("email", f"amina@{'a.' * 200}com"),
        ("email", None),
        ("email", ["amina@example.com"]),
        ("password", "short"),
        ("password", "a" * 257),
        ("password", "password1234"),
        ("password", "PASSWORD1234"),
        ("password", "abcabcabcabc"),
        ("password", "amina@example.com"),
        ("password", None),
        ("password", 1234567890123),
        ("full_name", ""),
        ("full_name", "  "),
        ("full_name", "Amina\nAli"),
        ("full_name", "Amina\u0000"),
        ("full_name", "Amina Ali\n"),
        ("full_name", "a" * 201),
        ("role", "admin"),
        ("role", "ADMIN"),
        ("role", ["seller"]),
        ("is_verified", True),
        ("is_active", False),
        ("id", "00000000-0000-0000-0000-000000000000"),
        ("password_hash", "!"),
        ("a/b~c", 1),
    ],
)
async def test_wrong_field_is_named_and_nothing_happens(accounts: Accounts, field: str, value: object) -> None:
    response = await accounts.post("register", **{**GOOD, field: value})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert await accounts.sql("SELECT id FROM users") == []


async def test_all_wrong_fields_are_named_at_once(accounts: Accounts) -> None:
    form = await accounts.post("register", email=7, full_name="", role="owner", is_admin=True)
    assert [error["pointer"] for error in form.json()["errors"]] == [
        "/email",
        "/full_name",
        "/is_admin",
        "/password",
        "/role",
    ]


@pytest.mark.parametrize("password", ["short", "password1234"])
async def test_senseless_values_are_named_together_with_those_of_a_wrong_form(
    accounts: Accounts, password: str
) -> None:
    body = {"email": "amina", "password": password, "full_name": "", "role": "admin"}
    faults = (await accounts.post("register", **body)).json()["errors"]
    assert [fault["pointer"] for fault in faults] == ["/email", "/full_name", "/password", "/role"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"email": "\\ud800"}', b"[" * 9000])
async def test_body_that_is_no_object_is_refused_in_a_sentence(accounts: Accounts, body: bytes) -> None:
    response = await accounts.api.post(
        "/api/v1/auth/register", content=body, headers={"Content-Type": "application/json"}
    )
    problem = response.json()
    assert (response.status_code, problem["type"]) == (400, "urn:nyumba:problem:malformed-body")
    assert problem["detail"] == "the body must be a JSON object, in UTF-8"


async def test_huge_body_is_refused(accounts: Accounts) -> None:
    response = await accounts.post("register", **{**GOOD, "full_name": "a" * 100_000})
    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")


async def test_mailed_link_verifies_once(accounts: Accounts) -> None:
    await accounts.post("register", **GOOD)
    token = await accounts.read_link("verify_email")
    answers = await asyncio.gather(*(accounts.post("verify-email", token=token) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 19
    assert await accounts.sql("SELECT is_verified FROM users") == [(True,)]


async def test_own_account_is_read_and_changed(accounts: Accounts) -> None:
    person = await accounts.add_logged_in("seller")
    changes = {"full_name": " Amina Ali ", "phone": "+254 712 345 678", "avatar": "https://example.com/a.jpg"}
    changed = await accounts.api.put("/api/v1/users/me", json=changes, headers=person.headers)
    assert (changed.status_code, changed.headers["cache-control"]) == (200, "no-store")
    read = await accounts.api.get("/api/v1/users/me", headers=person.headers)
    assert read.json() == changed.json() == (await accounts.read_me(person.access_token)).json()
    assert read.json() | {**changes, "full_name": "Amina Ali"} == read.json()
    assert read.json().keys() == {
        *("id", "email", "full_name", "phone", "avatar", "role", "is_verified", "created_at", "updated_at")
    }


async def test_what_is_left_out_stays_and_null_empties(accounts: Accounts) -> None:
    person = await accounts.add_logged_in()
    await accounts.sql("UPDATE users SET phone = '0712345678', avatar = 'https://example.com/a'")
    await accounts.api.put("/api/v1/users/me", json={"phone": None}, headers=person.headers)
    assert await accounts.read_columns(person.id, "full_name, phone, avatar") == (
        "Amina Ali",
        None,
        "https://example.com/a",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "admin"),
        ("is_verified", True),
        ("is_active", False),
        ("email", "eve@example.com"),
        ("password_hash", "!"),
        ("password", PASSWORD),
        ("id", "00000000-0000-0000-0000-000000000000"),
        ("full_name", None),
        ("phone", "call me"),
        ("phone", "0712345678\n"),
        ("avatar", "javascript:alert(1)"),
        ("avatar", "https://example.com/ a"),
        ("avatar", "http://example.com/a"),
        ("avatar", 'https://example.com/"><script>'),
    ],
)
async def test_update_of_what_is_not_theirs_changes_nothing(accounts: Accounts, field: str, value: object) -> None:
    person = await accounts.add_logged_in()
    before = await accounts.read_columns(person.id, "*")
    response = await accounts.api.put(
        "/api/v1/users/me", json={"full_name": "Eve", field: value}, headers=person.headers
    )
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [f"/{field}"]
    assert await accounts.read_columns(person.id, "*") == before
