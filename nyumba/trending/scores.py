"""Trending in log space: what the database computes, as arithmetic.

Invariant: these are the constants and formulas of the functions `trend_exponent` and `log2_add` in PostgreSQL; a test
compares them. Order by score is the order by the decayed sum of weights at any later time.
"""

import math
from collections.abc import Iterable
from datetime import date

EPOCH = date(2020, 1, 1)
HALF_LIFE_DAYS = 3.0
WEIGHTS = {"view": 1.0, "save": 4.0, "contact": 8.0}
FURTHEST = 64.0  # what is so many doublings smaller changes nothing


def find_exponent(kind: str, day: date) -> float:
    """What one event adds, as an exponent of 2: a later day and a heavier kind are more."""
    return math.log2(WEIGHTS[kind]) + (day - EPOCH).days / HALF_LIFE_DAYS


def add(first: float, second: float) -> float:
    """log2(2^first + 2^second), without computing either power."""
    return max(first, second) + math.log2(1 + 2 ** -min(abs(first - second), FURTHEST))


def score(events: Iterable[tuple[str, date]]) -> float | None:
    """The score of a property from all its events; None when there are none."""
    total: float | None = None
    for kind, day in events:
        exponent = find_exponent(kind, day)
        total = exponent if total is None else add(total, exponent)
    return total
