"""What status shows to somebody who has just been woken."""

import msgspec
import pytest

from indexer.screens import show_status
from indexer.status import Status

WELL = Status(
    alias="properties",
    is_search_up=True,
    shown=["properties-1"],
    generations=[],
    pending=0,
    leased=0,
    lag_s=0,
    dead=0,
    progress=None,
    verified=None,
    workers=[],
    advice=[],
)


def test_each_thing_that_is_wrong_has_a_line_of_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    show_status(msgspec.structs.replace(WELL, pending=1_200, lag_s=11_000, advice=["one: do this", "other: do that"]))
    lines = capsys.readouterr().out.splitlines()
    assert "pending   1,200 (0 in work), the oldest for 3 h 3 min" in lines
    assert lines[-3:] == [
        "to do     one: do this",
        "to do     other: do that",
        "          docs/alerts.md has more on each",
    ]


def test_well_system_has_nothing_to_do_and_nothing_waits(capsys: pytest.CaptureFixture[str]) -> None:
    show_status(WELL)
    lines = capsys.readouterr().out.splitlines()
    assert "pending   0 (0 in work)" in lines
    assert lines[-1].strip() == "all is well"
