"""Entity tags and conditions, as values."""

import msgspec
import pytest

from nyumba.preconditions import MalformedHeader, PreconditionFailed, check_match, is_known, make_tag


class State(msgspec.Struct):
    number: int


def test_tag_is_that_of_the_state_alone() -> None:
    assert make_tag(State(1)) == make_tag(State(1)) != make_tag(State(2))
    assert is_known(make_tag(State(1)), make_tag(State(1)))


@pytest.mark.parametrize("condition", [None, "*", " * ", '"a"', '"b", "a"', '"b","a"', '\t"a" ', 'W/"b", "a"'])
def test_condition_holds(condition: str | None) -> None:
    check_match(condition, '"a"')


@pytest.mark.parametrize("condition", ['"b"', 'W/"a"', '""', '"a,b"', '"A"'])
def test_condition_does_not_hold(condition: str) -> None:
    with pytest.raises(PreconditionFailed):
        check_match(condition, '"a"')


@pytest.mark.parametrize(
    "condition", ["", "a", '"a, b"', '"a', 'a"', "'a'", '"a" "b"', '*, "a"', 'w/"a"', '"a"\n', '"a\x7f"', ","]
)
def test_condition_that_cannot_be_read_is_refused(condition: str) -> None:
    with pytest.raises(MalformedHeader):
        check_match(condition, '"a"')


@pytest.mark.parametrize(
    ("known", "expected"),
    [(None, False), ("*", True), ('W/"a"', True), ('"b", "a"', True), ('"b"', False), ("a", False)],
)
def test_known_state_is_told_by_weak_and_strong_tags(known: str | None, *, expected: bool) -> None:
    assert is_known(known, '"a"') is expected
