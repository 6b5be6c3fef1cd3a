"""What holds for every text, however odd."""

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.typed_queries import load_queries
from nyumba.search.interpret.interpreter import interpret
from nyumba.search.interpret.reading import Reading
from nyumba.search.interpret.vocabulary import load_vocabulary

QUERIES = [query.q for query in (*load_queries("rules"), *load_queries("second"))]
DROPPED = {
    "property",
    "properties",
    "listing",
    "listings",
    "real",
    "hunting",
    "walking",
    "or",
    "au",
    "and",
    "na",
    "/",
    "&",
    ",",
}
WORDS = sorted({word for query in QUERIES for word in query.split()})
ODD = ["\u202eنيروبي", "שכירות", "🏠", "\x00", "\x1f", "\ud800", "'", '"', "“", "½", "٣", "²", "--", "+", "$", "ﬁ", "İ"]
ODD += ["\u200b", "\u00ad", "2\ufe0f\u20e3", "\uff12", "`", "\u00b4", "\u2018", "\u02bc", "\u2032", "1/2/3", "~", ":"]
ODD += ["max", "not", "than", "na", "nusu", "milioni moja", "budget", "-", "bedrooms"]

texts = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(categories=["Cs", "Cc", "Lo", "So", "Mn", "Nd", "Po"]), max_size=40),
    st.lists(st.sampled_from([*WORDS, *ODD]), max_size=14).map(" ".join),
    st.lists(st.sampled_from([*WORDS, *ODD]), max_size=8).map("".join),
)


@settings(max_examples=250, deadline=None)
@given(text=texts)
def test_interpretation_adds_nothing_and_loses_nothing(text: str) -> None:
    found = interpret(text)
    typed = "".join(text.split())
    assert all(entry.text in text for entry in found.filters)
    assert all(word in typed for word in re.sub('"', " ", found.rest).split())
    if not found.filters and not list_words(text) & DROPPED:
        assert "".join(found.rest.replace('"', "").split()) == typed.replace('"', "")


@settings(max_examples=250, deadline=None)
@given(text=texts)
def test_rest_holds_nothing_more_to_understand(text: str) -> None:
    rest = interpret(text).rest
    again = interpret(rest)
    assert again.filters == ()
    assert again.rest == rest


@pytest.mark.parametrize(
    "word", ["kilimni", "bedrom", "1", '"', "half", "near", "under", "a-b", "no", "road", "\ud800", "5k $"]
)
def test_work_grows_with_the_number_of_words_and_no_faster(word: str) -> None:
    few, many = (count_calls(" ".join([word] * count)) for count in (100, 1_000))
    assert many < 11 * few


def test_ten_thousand_words_are_read_to_the_end() -> None:
    found = interpret("bedsitter " + "spacious " * 9_998 + "kilimani")
    assert [entry.param for entry in found.filters] == ["bedrooms", "neighborhood"]
    assert len(found.rest.split()) == 9_998


def list_words(text: str) -> set[str]:
    """The words of a text, put right."""
    reading = Reading(text, load_vocabulary(), forgive=True)
    return {reading.word(at) for at in range(len(reading))}


def count_calls(text: str) -> int:
    """How many functions an interpretation calls."""
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        interpret(text)
    finally:
        sys.setprofile(None)
    return calls
