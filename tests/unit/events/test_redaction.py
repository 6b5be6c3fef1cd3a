"""Typed text does not carry addresses and telephone numbers into the records."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nyumba.events.redaction import LONGEST, redact

words = st.sampled_from(["nyumba", "kilimani", "two bedroom", "call", "(near the mall)", "KES", "", "…"])
gaps = st.sampled_from(["", " ", "-", ". "])
digits = st.text("0123456789", min_size=8, max_size=8)


@given(words, st.sampled_from(["0", "+254", "254", "00254"]), st.sampled_from("17"), digits, gaps, words)
@settings(max_examples=200)
def test_telephone_number_is_taken_out(before: str, code: str, first: str, rest: str, gap: str, after: str) -> None:
    number = f"{code}{gap}{first}{rest[:2]}{gap}{rest[2:5]}{gap}{rest[5:]}"
    redacted = redact(f"{before} {number} {after}")
    assert redacted == f"{before} [phone] {after}".replace("…", "...")


@given(words, st.emails(), words)
@settings(max_examples=200)
def test_address_is_taken_out(before: str, address: str, after: str) -> None:
    redacted = redact(f"{before} {address} {after}")
    assert "@" not in redacted
    assert address.rpartition("@")[2] not in redacted


@pytest.mark.parametrize(
    "text",
    [
        "2 bedroom apartment in kilimani under 80k",
        "10000 20000",
        "50x100 plot ruiru",
        "house 12500000",
        "1,250,000 plot",
    ],
)
def test_numbers_of_a_search_stay(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=1000))
@settings(max_examples=200)
def test_anything_can_be_redacted(text: str) -> None:
    redacted = redact(text)
    assert len(redacted) <= LONGEST


def test_other_forms_of_digits_are_digits() -> None:
    assert redact("＋254 ７１２ 345 678") == "[phone]"
