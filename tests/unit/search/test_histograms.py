"""Histograms against amounts that are counted one by one."""

from collections import Counter
from decimal import ROUND_DOWN, Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from nyumba.search.asking import Bucket, Counted
from nyumba.search.histograms import MOST_BUCKETS, read_histogram

CENTS = st.integers(1, 10**12 - 1)


def _cut(cents: int) -> str:
    """The step of an amount, as PostgreSQL makes it: two significant digits, and no more than one decimal."""
    amount = Decimal(cents) / 100
    digits = 2 - len(str(int(amount)))
    return f"{amount.quantize(Decimal(1).scaleb(-digits), ROUND_DOWN):f}"


def _count(cents: list[int]) -> dict[str, Counted]:
    steps = Counter(map(_cut, cents))
    return {
        "steps": Counted(listed=[Bucket(count, key) for key, count in steps.items()]),
        "least": Counted(value=min(cents) / 100),
        "most": Counted(value=max(cents) / 100),
    }


@settings(max_examples=300)
@given(st.lists(CENTS, min_size=1, max_size=60) | st.lists(st.integers(1, 5_000), min_size=1, max_size=60))
def test_every_bucket_holds_what_lies_between_its_bounds(cents: list[int]) -> None:
    facet = read_histogram(_count(cents))
    assert 1 <= len(facet.buckets) <= MOST_BUCKETS
    assert sum(bucket.count for bucket in facet.buckets) == len(cents)
    for bucket in facet.buckets:
        start, end = round(bucket.start * 100), round(bucket.end * 100)
        assert bucket.count == sum(start <= amount <= end for amount in cents)


@given(st.lists(CENTS, min_size=1, max_size=60))
def test_buckets_follow_each_other_without_a_gap(cents: list[int]) -> None:
    facet = read_histogram(_count(cents))
    assert facet.interval is not None
    starts = [round(bucket.start * 100) for bucket in facet.buckets]
    step = round(facet.interval * 100)
    assert starts == list(range(starts[0], starts[0] + step * len(starts), step))
    assert starts[0] <= min(cents)
    assert max(cents) <= round(facet.buckets[-1].end * 100)


def test_nothing_has_no_histogram() -> None:
    nothing = {"steps": Counted(), "least": Counted(), "most": Counted()}
    assert read_histogram(nothing).buckets == []
