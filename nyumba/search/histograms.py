"""Histograms of money, whose steps are round numbers that suit the result.

The index keeps each amount cut to two significant digits. However wide the range of a result is, those few steps tell
how many there are in each, and the round interval that fits is added up from them: so one request does.

Invariant: every interval is a multiple of the widest step in its range, so steps never straddle a bucket.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from nyumba.search.answers import HistogramFacet, RangeBucket
from nyumba.search.asking import Counted

MOST_BUCKETS = 20
MOST_STEPS = 2_000


def build_histogram(field: str) -> dict[str, Any]:
    """What a histogram is added up from."""
    return {
        "steps": {"terms": {"field": f"{field}_step", "size": MOST_STEPS}},
        "least": {"min": {"field": field}},
        "most": {"max": {"field": field}},
    }


def read_histogram(parts: Mapping[str, Counted]) -> HistogramFacet:
    """Add the steps up, in cents."""
    if parts["least"].value is None or parts["most"].value is None:
        return HistogramFacet(None, None, None, [])
    least, most = round(parts["least"].value * 100), round(parts["most"].value * 100)
    interval = choose_interval(least, most)
    first = least // interval
    counts = [0] * (most // interval - first + 1)
    for step in parts["steps"].buckets:
        counts[_read_cents(step.key) // interval - first] += step.count
    starts = range(first * interval, most + 1, interval)
    buckets = [
        RangeBucket(start / 100, (start + interval - 1) / 100, count)
        for start, count in zip(starts, counts, strict=True)
    ]
    return HistogramFacet(least / 100, most / 100, interval / 100, buckets)


def choose_interval(least: int, most: int) -> int:
    """The narrowest round interval that makes MOST_BUCKETS or fewer. It is one, two, five or ten steps of `most`.

    All of them are in cents.
    """
    step: int = max(10, 10 ** max(0, len(str(most)) - 2))
    fitting = (step * times for times in (1, 2, 5) if most // (step * times) - least // (step * times) < MOST_BUCKETS)
    return next(fitting, step * 10)


@lru_cache(maxsize=4_096)  # every answer has some of the same few hundred steps
def _read_cents(step: str | float) -> int:
    return round(float(step) * 100)
