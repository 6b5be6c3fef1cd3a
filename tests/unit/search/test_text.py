"""Which of the typed words must occur."""

import pytest

from nyumba.search.interpret.vocabulary import load_vocabulary
from nyumba.search.synonyms import LITTLE_WORDS
from nyumba.search.text import split_words


@pytest.mark.parametrize(
    "where", ["next to", "Close to", "opposite", "behind", "around", "facing", "along", "off",
              "within walking distance of", "nyuma ya", "mkabala na"],
)  # fmt: skip
def test_words_that_point_at_a_place_need_not_occur(where: str) -> None:
    assert split_words(f"{where} yaya centre") == ["yaya", "centre"]


@pytest.mark.parametrize("text", ["jacaranda close", "off plan", "off  plan", "off-plan", '"next"'])
def test_the_same_words_count_where_they_name(text: str) -> None:
    assert split_words(text) == text.split()


def test_little_words_of_the_vocabulary_need_not_occur_where_they_are_left() -> None:
    assert load_vocabulary().little <= LITTLE_WORDS


@pytest.mark.parametrize(
    "typed", ["lang`ata road", "lang\u2019ata road.", "(lang\u2032ata) ro\u00adad", "lang'ata\u200broad \ufe0f"]
)
def test_words_are_written_plainly(typed: str) -> None:
    assert split_words(typed) == ["lang'ata", "road"]


def test_what_is_quoted_stays_so() -> None:
    assert split_words('"ngra, road"') == ['"ngra', 'road"']
