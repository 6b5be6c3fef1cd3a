"""How long a client prefers to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nyumba.properties.waiting import LONGEST_WAIT_S, read_wait


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None),
        ("", None),
        ("wait=2", 2),
        ("Wait = 3", 3),
        ('wait="4"', 4),
        ("respond-async, wait=5", 5),
        ("wait=6, return=minimal", 6),
        ("wait=600", LONGEST_WAIT_S),
        ("await=2", None),
        ("wait=-1", None),
        ("wait=2s", None),
        ("return=minimal", None),
    ],
)
def test_preference_is_read(prefer: str | None, seconds: int | None) -> None:
    assert read_wait(prefer) == seconds


@given(prefer=st.text(max_size=40))
def test_what_cannot_be_read_is_no_preference(prefer: str) -> None:
    seconds = read_wait(prefer)
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT_S
