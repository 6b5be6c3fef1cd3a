"""What a search takes, whether it comes as a query string or as a body."""

import pytest

from nyumba.bodies import parse_body
from nyumba.errors import InvalidRequest
from nyumba.search.schemas import PropertySearch


@pytest.mark.parametrize("box", ["[]", "[1, 2, 3]", "[1, 2, 3, 4, 5]", "null"])
def test_box_has_four_numbers_in_a_body_too(box: str) -> None:
    with pytest.raises(InvalidRequest, match="/bbox: must be four numbers"):
        parse_body(PropertySearch, f'{{"bbox": {box}}}'.encode())


def test_text_may_go_by_both_its_names_if_it_is_one() -> None:
    assert parse_body(PropertySearch, b'{"search": "flat", "q": "flat"}').search == "flat"
    with pytest.raises(InvalidRequest, match="/q: is another name of search"):
        parse_body(PropertySearch, b'{"search": "flat", "q": "house"}')
