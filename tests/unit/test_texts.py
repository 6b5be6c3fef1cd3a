"""What people may type, as msgspec checks it and as the OpenAPI document says it."""

import re
from typing import Annotated

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta

from nyumba.texts import lines, one_line, publish_pattern


def is_taken(text: str, meta: Meta) -> bool:
    try:
        msgspec.convert(text, Annotated[str, meta])
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "text", ["क्\u200dष", "👨\u200d👩\u200d👧", "❤\ufe0f", "می\u200cخواهم", "\u200fשלום", "\u200ba"]
)
def test_unseen_characters_among_seen_ones_are_taken(text: str) -> None:
    assert is_taken(text, one_line(10))


@pytest.mark.parametrize(
    "text", ["\u200b", " \u200b ", "\u200d\u200c", "\ufeff", "\u2060", "\u00ad", "\ufe0f", "\u3164", "\u2800", "\u200f"]
)
def test_text_that_shows_nothing_is_refused(text: str) -> None:
    assert not is_taken(text, one_line(10))


@pytest.mark.parametrize("meta", [one_line(10), lines(10)])
@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_text_whose_direction_is_turned_is_refused(meta: Meta, control: str) -> None:
    assert not is_taken(f"a{control}b", meta)


@pytest.mark.parametrize("meta", [one_line(10), lines(10)])
@given(
    text=st.text(
        alphabet=st.sampled_from(" \t\n\r\x00\x7f\x85\u2028\u202e\u2066\u200b\u200d\ufe0f\ufeff\u3000aé🏠"), max_size=6
    )
)
@example(text="a\n")
@example(text="\u3000")
@example(text="\u200b")
@example(text="\u202ea")
def test_published_pattern_allows_what_is_taken(meta: Meta, text: str) -> None:
    """Python takes a line break behind `$`, which JSON Schema does not."""
    pattern = publish_pattern(str(meta.pattern)).replace("$", r"\Z")
    assert (re.search(pattern, text) is not None) == is_taken(text, meta)
