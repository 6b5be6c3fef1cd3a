"""Progress in a log: what is done, how fast, and how long it will take yet."""

from types import SimpleNamespace

import pytest

from nyumba import progress
from nyumba.progress import show_progress


def show(monkeypatch: pytest.MonkeyPatch, total: int | None, *steps: tuple[float, int]) -> None:
    """Advance at each of these seconds by so much; the clock begins at 0."""
    now = 0.0
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now))
    with show_progress("Reindexing", total=total, unit="properties") as advance:
        for now, count in steps:  # noqa: B007  (the clock reads it)
            advance(count)


def test_lines_say_the_rate_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show(monkeypatch, 100_000, (6, 3_000), (7, 500), (20, 96_500))
    assert capsys.readouterr().err.splitlines() == [
        "Reindexing: 3,000 of 100,000 properties, 500 properties/s, 0:03:14 left",
        "Reindexing: 100,000 of 100,000 properties, 5,000 properties/s, 0:00:00 left",
        "Reindexing: 100,000 of 100,000 properties, 5,000 properties/s, 0:00:20 in all",
    ]


def test_without_a_known_end_nothing_is_said_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show(monkeypatch, None, (6, 3_000))
    assert capsys.readouterr().err.splitlines()[0] == "Reindexing: 3,000 properties, 500 properties/s"


def test_more_than_was_expected_leaves_no_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show(monkeypatch, 10, (6, 3_000))
    assert capsys.readouterr().err.splitlines()[0].endswith(" 0:00:00 left")
