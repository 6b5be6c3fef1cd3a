"""What the guard calls worse, and what is kept beside what."""

import pytest

from bench.figures import Figure, compare_pairs
from bench.report import Run, find_regressions, merge_runs


def _measure(value: float, name: str = "p50", **more: object) -> Figure:
    return Figure(area="Search", name=name, unit="ms", value=value, **{"baseline": 2.0, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(("now", "is_worse"), [(2.0, False), (2.19, False), (2.21, True), (1.0, False)])
def test_ratio_that_grows_by_more_than_a_tenth_is_worse(now: float, is_worse: bool) -> None:  # noqa: FBT001
    assert bool(find_regressions([_measure(2.0)], [_measure(now)])) == is_worse


@pytest.mark.parametrize(("now", "is_worse"), [(2.0, False), (1.81, False), (1.79, True), (4.0, False)])
def test_rate_that_falls_by_more_than_a_tenth_is_worse(now: float, is_worse: bool) -> None:  # noqa: FBT001
    kept, measured = (_measure(value, better="higher") for value in (2.0, now))
    assert bool(find_regressions([kept], [measured])) == is_worse


def test_slower_machine_is_no_regression() -> None:
    assert find_regressions([_measure(2.2)], [_measure(22.0, baseline=20.0)]) == []


def test_one_round_that_keeps_up_is_enough() -> None:
    slowed = [compare_pairs(_measure(0), ours, [2.0, 2.0, 2.0]) for ours in ([9.0, 2.1, 9.0], [9.0, 2.3, 9.0])]
    assert [bool(find_regressions([_measure(2.0)], [figure])) for figure in slowed] == [False, True]


def test_noise_is_not_compared() -> None:
    assert find_regressions([_measure(2.0, noise=True)], [_measure(9.0, noise=True)]) == []


def test_figure_that_went_missing_is_told_of_unless_a_part_was_measured() -> None:
    assert find_regressions([_measure(2.0)], []) == ["Search: p50: is not measured any more"]
    assert find_regressions([_measure(2.0)], [], is_whole=False) == []


def test_ratio_is_the_median_of_the_turns() -> None:
    figure = compare_pairs(_measure(0), [1.0, 30.0, 3.0], [1.0, 10.0, 2.0])
    assert (figure.value, figure.ratio) == (3.0, 1.5)


def test_parts_are_kept_beside_others_of_the_same_versions_only() -> None:
    kept = Run("2026-01-01", "2 cores", {"python": "3.11"}, [_measure(1, "p50"), _measure(1, "p99")])
    run = Run("2026-01-02", "2 cores", {"python": "3.11"}, [_measure(3, "p99")])
    assert [(figure.name, figure.value) for figure in merge_runs(kept, run).figures] == [("p50", 1), ("p99", 3)]
    other = Run("2026-01-02", "2 cores", {"python": "3.12"}, [_measure(3, "p99")])
    assert merge_runs(kept, other) is other
