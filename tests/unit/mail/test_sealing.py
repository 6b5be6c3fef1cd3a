"""Sealed tokens open with the secret that sealed them, and with nothing else."""

import pytest

from nyumba.mail.sealing import SealBroken, TokenSeal


def test_what_was_sealed_opens_again() -> None:
    seal = TokenSeal("one secret")
    assert seal.open(seal.seal("token")) == "token"


def test_seal_hides_the_token_and_differs_each_time() -> None:
    seal = TokenSeal("one secret")
    sealed = {seal.seal("token") for _ in range(3)}
    assert len(sealed) == 3
    assert "token" not in "".join(sealed)


def test_another_secret_does_not_open_it() -> None:
    with pytest.raises(SealBroken, match="NYUMBA_SECRET_KEY"):
        TokenSeal("another secret").open(TokenSeal("one secret").seal("token"))


def test_previous_secret_still_opens_what_it_sealed() -> None:
    sealed = TokenSeal("old secret").seal("token")
    assert TokenSeal("new secret", previous="old secret").open(sealed) == "token"


def test_new_secret_seals() -> None:
    sealed = TokenSeal("new secret", previous="old secret").seal("token")
    assert TokenSeal("new secret").open(sealed) == "token"


def test_changed_seal_is_broken() -> None:
    seal = TokenSeal("one secret")
    sealed = seal.seal("token")
    with pytest.raises(SealBroken):
        seal.open(sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:])


def test_sealed_token_fits_its_column() -> None:
    assert len(TokenSeal("one secret").seal("x" * 200)) <= 500
