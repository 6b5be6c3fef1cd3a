"""What is kept of Elasticsearch's reasons: its own words and the names of the mapping, never a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nyumba.elastic_reasons import describe_refusal, list_names
from nyumba.search.document import MAPPINGS

NAMES = list_names(MAPPINGS)
ID = "6f0e8a52-9c1d-4a57-8f0b-3f6f1f0b1c2d"


def test_names_are_the_paths_of_fields_and_their_types() -> None:
    assert {"created_at", "city.shown", "agent.company", "date", "keyword"} <= NAMES


@given(st.text())
def test_preview_of_a_value_never_shows(value: str) -> None:
    reason = f"[1:210] failed to parse field [created_at] of type [date] in document with id '{ID}'."
    described = describe_refusal("document_parsing_exception", f"{reason} Preview of field's value: '{value}'", NAMES)
    assert described == f"document_parsing_exception: {reason[:-1]} …"


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("object mapping for [agent] tried to parse field [agent] as object", ...),
        ("Limit of total fields [1000] has been exceeded", "Limit of total fields …"),
        ("failed to parse date field [Wanjiku] with format [x]", "failed to parse date field …"),
        ('Cannot parse "O\'Brien": no number', "Cannot parse …"),
        ("Numeric value (254712345678) out of range of int", "Numeric value …"),
        ("For input string: 0712345678", "For input string: …"),
        ("it says 'unfinished", "it says …"),
        ("the index's shard is not there", ...),
    ],
)
def test_reason_is_kept_up_to_what_may_be_a_value(reason: str, kept: object) -> None:
    wanted = reason if kept is ... else kept
    assert describe_refusal("some_exception", reason, NAMES) == f"some_exception: {wanted}"


def test_without_a_reason_the_kind_is_all() -> None:
    assert describe_refusal("some_exception", None, NAMES) == "some_exception"
