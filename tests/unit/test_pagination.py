"""Cursors: what was signed comes back, and nothing else is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nyumba.errors import InvalidRequest
from nyumba.pagination import decode_cursor, encode_cursor

SECRET = "a secret of the test"  # noqa: S105
POSITIONS = st.lists(st.integers(-(2**53), 2**53) | st.text() | st.floats(allow_nan=False, allow_infinity=False))


@given(query=st.binary(), position=POSITIONS)
def test_cursor_comes_back_as_it_was(query: bytes, position: list[object]) -> None:
    assert decode_cursor(SECRET, query, encode_cursor(SECRET, query, position)) == position


@given(position=POSITIONS, at=st.integers(0), char=st.sampled_from("AZaz09-_"))
def test_altered_cursor_is_refused(position: list[object], at: int, char: str) -> None:
    cursor = encode_cursor(SECRET, b"q", position)
    at %= len(cursor) - 1  # the last character may carry bits that mean nothing
    altered = cursor[:at] + char + cursor[at + 1 :]
    if altered != cursor:
        with pytest.raises(InvalidRequest, match="cursor"):
            decode_cursor(SECRET, b"q", altered)


@given(text=st.text(max_size=200))
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_cursor(SECRET, b"q", text)


def test_cursor_of_another_query_or_secret_is_refused() -> None:
    cursor = encode_cursor(SECRET, b"q", [1])
    for secret, query in ((SECRET, b"p"), ("another", b"q")):
        with pytest.raises(InvalidRequest):
            decode_cursor(secret, query, cursor)
