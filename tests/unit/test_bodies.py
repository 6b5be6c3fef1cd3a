from typing import Annotated

import pytest
from msgspec import Meta, Struct

from nyumba.bodies import describe_struct, parse_body
from nyumba.errors import InvalidRequest, MalformedBody


class Inner(Struct):
    word: Annotated[str, Meta(pattern=r"^a+$(?!\n)")]


class Body(Struct):
    rooms: Annotated[int, Meta(ge=0, le=9)] | None = None
    inner: list[Inner] = []
    sizes: Annotated[list[Annotated[int, Meta(ge=1, le=9)]], Meta(max_length=3)] = []


def test_whole_number_may_be_written_with_a_point() -> None:
    assert parse_body(Body, b'{"rooms": 3.0}').rooms == 3


@pytest.mark.parametrize("number", ["3.5", "10.0", "1e300", '"3"', "true", "-1.0"])
def test_other_values_are_no_whole_number_of_the_range(number: str) -> None:
    with pytest.raises(InvalidRequest, match="/rooms: must be a whole number from 0 to 9"):
        parse_body(Body, f'{{"rooms": {number}}}'.encode())


def test_list_is_described_as_the_json_that_it_is() -> None:
    with pytest.raises(
        InvalidRequest, match="/sizes: must be a list of up to 3 values, each a whole number from 1 to 9"
    ):
        parse_body(Body, b'{"sizes": 1}')


def test_description_holds_nested_structs_and_patterns_of_json_schema() -> None:
    [inner] = [describe_struct(Body)["properties"]["inner"]["items"]]
    assert inner["properties"]["word"]["pattern"] == "^a+$"


@pytest.mark.parametrize("depth", [900, 2_000, 50_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_body_is_refused_however_deep_it_is(opening: str, closing: str, depth: int) -> None:
    with pytest.raises((MalformedBody, InvalidRequest)):
        parse_body(Body, f'{{"sizes": {opening * depth}1{closing * depth}}}'.encode())
