"""What people may type, as msgspec checks it and as the OpenAPI document says it."""

import re
from typing import Annotated

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta

from nyumba.texts import lines, one_line, publish_pattern


@pytest.mark.parametrize("meta", [one_line(10), lines(10)])
@given(text=st.text(alphabet=st.sampled_from(" \t\n\r\x00\x7f\x85\u2028\u3000aé🏠"), max_size=6))
@example(text="a\n")
@example(text="\u3000")
def test_published_pattern_allows_what_is_taken(meta: Meta, text: str) -> None:
    """Python takes a line break behind `$`, which JSON Schema does not."""
    try:
        msgspec.convert(text, Annotated[str, meta])
    except msgspec.ValidationError:
        is_taken = False
    else:
        is_taken = True
    pattern = publish_pattern(str(meta.pattern)).replace("$", r"\Z")
    assert (re.search(pattern, text) is not None) == is_taken
