"""What is proposed for words that nobody knows."""

import pytest

from nyumba.search.interpret.spelling import correct


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bedsitter in ngra", "bedsitter in ngara"),
        ("2 bedroom  Nestlands, 80k", "2 bedroom  westlands, 80k"),
        ("klmani apartment", "kilimani apartment"),
        ("kilmni", "kilimani"),
    ],
)
def test_unknown_words_become_known_ones_and_the_rest_stays(typed: str, meant: str) -> None:
    assert correct(typed) == meant


@pytest.mark.parametrize(
    "typed",
    ["kilimani", "horse", "zzqxjvwk", "EN-0042", '"ngra"', "0712345678", "\ud800", "", "elfu kumi na tano", "mbili",
      "unfurnished flat", "un-gated", "nonfurnished", "show me houses"],
)  # fmt: skip
def test_nothing_is_proposed_for_what_is_known_or_like_nothing(typed: str) -> None:
    assert correct(typed) is None
