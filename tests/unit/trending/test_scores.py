"""Scores in log space: the order of decayed sums, whenever and in whatever order they are computed."""

import math
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from nyumba.trending.scores import EPOCH, HALF_LIFE_DAYS, WEIGHTS, add, find_exponent, score

days = st.dates(date(2024, 1, 1), date(2035, 1, 1))
events = st.lists(st.tuples(st.sampled_from(sorted(WEIGHTS)), days), min_size=1, max_size=30)
exponents = st.floats(min_value=-2000, max_value=2000)


def decay(happened: list[tuple[str, date]], now: date) -> float:
    """The sum that the score stands for, computed plainly."""
    return math.fsum(WEIGHTS[kind] * 2 ** ((day - now).days / HALF_LIFE_DAYS) for kind, day in happened)


@given(events, st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_order_of_arrival_does_not_matter(happened: list[tuple[str, date]], chance: object) -> None:
    shuffled = list(happened)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = score(happened), score(shuffled)
    assert first is not None
    assert second is not None
    assert math.isclose(first, second, abs_tol=1e-9)


@given(events, events, st.integers(min_value=0, max_value=4000))
@settings(max_examples=200)
def test_order_is_that_of_the_decayed_sum_at_any_later_time(
    first: list[tuple[str, date]], second: list[tuple[str, date]], later: int
) -> None:
    now = max(day for _, day in first + second) + timedelta(days=later % 200)
    ours = (score(first) or 0) - (score(second) or 0)
    sums = decay(first, now), decay(second, now)
    if min(sums) > 0 and abs(math.log2(sums[0] / sums[1])) > 1e-6:
        assert (ours > 0) == (sums[0] > sums[1])


@given(exponents, exponents, exponents)
@settings(max_examples=200)
def test_adding_is_commutative_and_associative_and_never_loses(a: float, b: float, c: float) -> None:
    assert add(a, b) == add(b, a)
    assert math.isclose(add(add(a, b), c), add(a, add(b, c)), abs_tol=1e-9)
    assert add(a, b) >= max(a, b)


def test_half_life_halves() -> None:
    day = EPOCH + timedelta(days=2000)
    later = day + timedelta(days=HALF_LIFE_DAYS)
    assert math.isclose(score([("view", day)] * 2) or 0, find_exponent("view", later))
