"""What phones and web pages put into typed text."""

import pytest

from nyumba.search.interpret.tokens import split_tokens
from tests.unit.search.interpret.test_interpreter import read


@pytest.mark.parametrize("apostrophe", ["'", "\u2019", "`", "\u00b4", "\u2018", "\u02bc", "\u2032"])
def test_apostrophes_of_all_kinds_do_not_matter(apostrophe: str) -> None:
    typed = f"lang{apostrophe}ata"
    assert [token.word for token in split_tokens(typed)] == ["langata"]
    assert read(typed) == read("langata")


@pytest.mark.parametrize(
    "typed",
    ["2\ufe0f\u20e3 bedroom", "2\u20e3bedroom", "\uff12 bedroom", "2\u200bbedroom", "2\u200b bedroom",
     "\ufeff2 bedroom", "2 bed\u00adroom", "\uff12 \uff42\uff45\uff44\uff52\uff4f\uff4f\uff4d"],
)  # fmt: skip
def test_digits_and_spaces_of_phones_are_read(typed: str) -> None:
    assert read(typed) == ({"bedrooms": [2]}, "")


def test_space_of_no_width_divides_words() -> None:
    assert read("35000\u200bkilimani\u200bapartment")[0] == {
        "price_max": [35_000], "neighborhood": ["Kilimani"], "property_type": ["apartment"]
    }  # fmt: skip


@pytest.mark.parametrize("typed", ["\u02bc", "`", "\u200b", "\u20e3"])
def test_such_a_character_alone_is_a_mark(typed: str) -> None:
    assert [(token.kind, token.word) for token in split_tokens(typed)] == [("mark", typed)]


def test_more_than_two_numbers_may_be_chosen_from() -> None:
    assert read("1/2/3 bedroom") == ({"bedrooms": [1, 2, 3]}, "")
    assert read("12/05/2024") == ({}, "12/05/2024")
