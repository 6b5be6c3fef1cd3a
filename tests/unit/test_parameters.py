"""Parameters that are understood, and words for those that are not."""

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from nyumba.errors import InvalidRequest
from nyumba.parameters import COMMAS, describe_parameters, parse_parameters


class Sample(msgspec.Struct, frozen=True):
    """One of each kind."""

    word: Annotated[Annotated[str, Meta(min_length=1, max_length=5)] | None, Meta(description="a word")] = None
    count: Annotated[int, Meta(ge=0, le=1000)] = 1
    degree: Annotated[float, Meta(ge=-90, le=90)] | None = None
    colours: Annotated[list[Literal["red", "green"]], Meta(max_length=2)] = []
    sizes: Annotated[list[Annotated[int, Meta(ge=1, le=9)]], Meta(max_length=3, extra={COMMAS: True})] = []


def test_values_are_converted() -> None:
    pairs = [("word", "null"), ("count", "7"), ("degree", "-1.5"), ("colours", "red"), ("colours", "green")]
    assert parse_parameters(Sample, pairs) == Sample(word="null", count=7, degree=-1.5, colours=["red", "green"])


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (("word", ""), "word: must be text of 1 to 5 characters"),
        (("count", "1.5"), "count: must be a whole number from 0 to 1,000"),
        (("degree", "nan"), "degree: must be a number from -90 to 90"),
        (("degree", "null"), "degree: must be a number from -90 to 90"),
        (("colours", "blue"), "colours: must be one of green, red (repeat the parameter for several, 2 at most)"),
        (("sizes", "1,x"), "sizes: must be a whole number from 1 to 9 (commas between several, 3 at most)"),
        (("colour", "red"), "colour: is not a parameter here; there are: colours, count, degree, sizes, word"),
    ],
)
def test_refusal_says_what_is_allowed(pair: tuple[str, str], message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_parameters(Sample, [pair])
    assert str(refused.value) == message


def test_single_value_given_twice_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="count: is given more than once"):
        parse_parameters(Sample, [("count", "1"), ("count", "2")])


def test_description_is_that_of_a_query_parameter() -> None:
    described = describe_parameters(Sample)
    assert described["word"] == {"description": "a word", "type": "string", "minLength": 1, "maxLength": 5}
    assert described["degree"] == {"type": "number", "minimum": -90, "maximum": 90}
    assert described["colours"]["type"] == "array"


def test_object_is_described_as_no_parameter() -> None:
    class Inner(msgspec.Struct, tag=True):
        word: str

    class Other(msgspec.Struct, tag=True):
        word: str

    class Outer(msgspec.Struct):
        inner: Inner | None = None
        either: Other | Inner | None = None
        word: str = ""

    assert describe_parameters(Outer).keys() == {"word"}
