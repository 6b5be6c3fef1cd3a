"""How far behind, as told between looks."""

from nyumba.search.freshness import TOO_OLD_S, WORRYING_LAG_S, Freshness, is_degraded


def at(freshness: Freshness, now: float) -> Freshness:
    freshness.clock = lambda: now
    return freshness


def test_what_waits_grows_older_and_what_does_not_wait_does_not() -> None:
    freshness = at(Freshness(), 100)
    freshness.note(0)
    assert at(freshness, 105).measure_lag() == 0
    freshness.note(2)
    assert at(freshness, 108).measure_lag() == 5


def test_what_nobody_has_looked_at_lately_is_unknown() -> None:
    freshness = at(Freshness(), 0)
    assert freshness.measure_lag() is None
    freshness.note(0)
    assert at(freshness, TOO_OLD_S).measure_lag() == 0
    assert at(freshness, TOO_OLD_S + 1).measure_lag() is None


def test_unknown_and_long_lags_are_degraded() -> None:
    assert [is_degraded(lag) for lag in (None, 0, WORRYING_LAG_S, WORRYING_LAG_S + 1)] == [True, False, False, True]
