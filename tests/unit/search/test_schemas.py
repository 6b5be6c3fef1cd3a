"""What a search takes, whether it comes as a query string or as a body."""

import msgspec
import pytest

from nyumba.bodies import parse_body
from nyumba.errors import InvalidRequest
from nyumba.parameters import parse_parameters
from nyumba.search.schemas import PropertySearch


@pytest.mark.parametrize("box", ["[]", "[1, 2, 3]", "[1, 2, 3, 4, 5]", "null"])
def test_box_has_four_numbers_in_a_body_too(box: str) -> None:
    with pytest.raises(InvalidRequest, match="/bbox: must be four numbers"):
        parse_body(PropertySearch, f'{{"bbox": {box}}}'.encode())


def test_text_may_go_by_both_its_names_if_it_is_one() -> None:
    assert parse_body(PropertySearch, b'{"search": "flat", "q": "flat"}').search == "flat"
    with pytest.raises(InvalidRequest, match="/q: is another name of search"):
        parse_body(PropertySearch, b'{"search": "flat", "q": "house"}')


@pytest.mark.parametrize("text", ["", "  ", "\U0001f525", '"-"'])
def test_text_without_letters_and_digits_is_as_good_as_not_given(text: str) -> None:
    body = msgspec.json.encode({"search": text})
    assert parse_body(PropertySearch, body) == parse_parameters(PropertySearch, [("search", text)]) == PropertySearch()
    assert parse_parameters(PropertySearch, [("search", text), ("q", "flat")]).search == "flat"
