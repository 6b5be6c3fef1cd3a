"""Which refusals are single documents, and which are a broken index."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import TooManyRefused
from indexer.refusals import RefusalWatch


def test_ten_in_a_row_are_too_many_and_nine_are_not() -> None:
    RefusalWatch().check(["no"] * 9 + [None] + ["no"] * 9)
    watch = RefusalWatch()
    watch.check(["no"] * 9)
    with pytest.raises(TooManyRefused, match="why"):
        watch.check(["why"])


def test_scattered_ones_are_too_many_from_150_in_a_thousand() -> None:
    watch = RefusalWatch()
    watch.check([None, None, "no", None] * 149)
    with pytest.raises(TooManyRefused):
        watch.check(["no"])


@given(gaps=st.lists(st.integers(100, 300), max_size=30))
def test_one_in_a_hundred_is_never_too_many(gaps: list[int]) -> None:
    watch = RefusalWatch()
    for gap in gaps:
        watch.check(["no", *[None] * gap])
