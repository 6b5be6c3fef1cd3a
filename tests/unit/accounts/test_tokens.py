"""Tokens as values: which key signs what, and who can read it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from nyumba.accounts.errors import InvalidToken
from nyumba.accounts.tokens import TokenKeys, Use, draw_id

OLD, NEW = "old " * 10, "new " * 10


def sign(keys: TokenKeys, use: Use = "access", later: timedelta = timedelta()) -> str:
    return keys.sign(use, "1", user_id=uuid4(), family_id=uuid4(), at=datetime.now(UTC) + later)


def read_kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def test_token_says_what_it_is() -> None:
    user_id, family_id = uuid4(), uuid4()
    claims = TokenKeys(NEW).read(
        "access", TokenKeys(NEW).sign("access", "1", user_id=user_id, family_id=family_id, at=datetime.now(UTC))
    )
    assert (claims.typ, claims.sub, claims.sid, claims.jti) == ("access", user_id, family_id, "1")
    assert (claims.iss, claims.aud, claims.exp - claims.iat) == ("nyumba", "nyumba-api", 30 * 60)


def test_refresh_token_lives_for_seven_days() -> None:
    claims = TokenKeys(NEW).read("refresh", sign(TokenKeys(NEW), "refresh"))
    assert claims.exp - claims.iat == 7 * 24 * 3600


def test_each_use_and_each_secret_has_a_key_of_its_own() -> None:
    tokens = [sign(TokenKeys(secret), use) for secret in (OLD, NEW) for use in ("access", "refresh")]  # type: ignore[arg-type]
    assert len({read_kid(token) for token in tokens}) == 4


def test_new_tokens_are_signed_with_the_new_secret() -> None:
    assert read_kid(sign(TokenKeys(NEW, OLD))) == read_kid(sign(TokenKeys(NEW)))


def test_previous_secret_is_read_while_it_is_given() -> None:
    token = sign(TokenKeys(OLD))
    TokenKeys(NEW, OLD).read("access", token)
    with pytest.raises(InvalidToken):
        TokenKeys(NEW).read("access", token)


@pytest.mark.parametrize(("use", "other"), [("access", "refresh"), ("refresh", "access")])
def test_token_of_one_use_is_no_other(use: Use, other: Use) -> None:
    with pytest.raises(InvalidToken):
        TokenKeys(NEW).read(other, sign(TokenKeys(NEW), use))


def test_token_ends_when_it_says() -> None:
    keys = TokenKeys(NEW)
    keys.read("access", sign(keys, later=-timedelta(minutes=29)))
    with pytest.raises(InvalidToken):
        keys.read("access", sign(keys, later=-timedelta(minutes=30, seconds=1)))


def test_clock_of_another_machine_may_be_a_little_ahead() -> None:
    keys = TokenKeys(NEW)
    keys.read("access", sign(keys, later=timedelta(seconds=30)))
    with pytest.raises(InvalidToken):
        keys.read("access", sign(keys, later=timedelta(minutes=5)))


def test_successor_follows_from_the_secret_and_the_id_alone() -> None:
    assert TokenKeys(NEW).derive_successors("1") == TokenKeys(NEW).derive_successors("1")
    assert TokenKeys(NEW, OLD).derive_successors("1") == [
        *TokenKeys(NEW).derive_successors("1"),
        *TokenKeys(OLD).derive_successors("1"),
    ]
    assert TokenKeys(NEW).derive_successors("1") != TokenKeys(NEW).derive_successors("2")


def test_ids_have_256_bits() -> None:
    assert len(draw_id()) == 43
    assert draw_id() != draw_id()
