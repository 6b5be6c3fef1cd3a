"""Figures, and the statistics that they are made of.

Invariant: a ratio is to a baseline that was measured in turns with it, in the same run on the same machine.
"""

import statistics
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

Better = Literal["lower", "higher"]
ROUNDS = 3


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was measured.

    `baseline` is what else was measured in turns with it. `bound` is what the ratio, or, where there is none, the value
    is to keep to: `better` says on which side. `best` is the ratio of the best round: as long as one round keeps up
    with what is kept, chance may have made the others worse. `noise` marks figures that say nothing of a change: they
    are not compared with those kept.
    """

    area: str
    name: str
    unit: str
    value: float = 0
    baseline: float | None = None
    better: Better = "lower"
    bound: float | None = None
    best: float | None = None
    noise: bool = False

    @property
    def ratio(self) -> float | None:
        """To the baseline."""
        return None if not self.baseline else self.value / self.baseline

    @property
    def decisive(self) -> float:
        """What is held against the bound and against the kept figures."""
        return self.value if self.ratio is None else self.ratio

    @property
    def holds(self) -> bool | None:
        """Whether it keeps to its bound; None without one."""
        if self.bound is None:
            return None
        return self.decisive <= self.bound if self.better == "lower" else self.decisive >= self.bound


def take_median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def take_p99(values: Sequence[float]) -> float:
    """What one in a hundred exceeds."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def compare_pairs(figure: Figure, ours: Sequence[float], baseline: Sequence[float]) -> Figure:
    """Fill a figure from rounds that were measured in turns: our median, and the median of the rounds' ratios."""
    ratios = [one / other for one, other in zip(ours, baseline, strict=True)]
    value = statistics.median(ours)
    best = min(ratios) if figure.better == "lower" else max(ratios)
    return msgspec.structs.replace(figure, value=value, baseline=value / statistics.median(ratios), best=best)


def compare_rounds(
    figure: Figure, take: Callable[[Sequence[float]], float], ours: Sequence[float], baseline: Sequence[float]
) -> Figure:
    """The same from seconds that were measured in turns: `take` makes one figure, in milliseconds, of each round."""
    values = ([1000 * take(part) for part in _split(seconds)] for seconds in (ours, baseline))
    return compare_pairs(figure, *values)


def _split(values: Sequence[float]) -> list[Sequence[float]]:
    size = len(values) // ROUNDS
    return [values[start * size : (start + 1) * size] for start in range(ROUNDS)]
