from decimal import Decimal
from uuid import uuid4

import pytest

from nyumba.intake.convert import FieldProblem, convert_row
from nyumba.intake.mapping import parse_mapping
from nyumba.intake.records import PropertyRecord

MAPPING = parse_mapping(
    "homes",
    """
    source = "homes"
    label = "Homes"
    source_id = ["id", "year"]

    [fields]
    title = { template = "{bedrooms}-bedroom {property_type} in {city}" }
    description = { column = "text" }
    listing_type = { constant = "rent" }
    price = { column = "rent", prefix = "KSh", thousands = " ", most = 900_000, because = "no rent" }
    bedrooms = { column = "beds" }
    square_meters = { column = "area", unit = "square_feet" }
    city = { column = "town" }
    latitude = { column = "lat" }
    longitude = { column = "lon" }
    amenities = { column = "has", shorten = true }
    features = { column = "more" }

    [fields.property_type]
    column = "kind"
    pattern = "(?:Entire )?(.+)"
    values = { flat = "apartment", plot = "land" }
    """,
)
CELLS = {
    "id": " 7 ", "year": "2026", "text": " two\nlines ", "rent": "KSh 90 000", "beds": "2.0", "area": "1000",
    "town": " Old\n Town ", "lat": "-1.25", "lon": "36.8", "has": '["Pool", "Pool"]', "more": "", "kind": "Entire flat",
}  # fmt: skip
MANY_WORDS = str([str(number) for number in range(501)]).replace("'", '"')


def convert(**cells: str) -> PropertyRecord:
    outcome = convert_row(MAPPING, CELLS | cells, uuid4())
    assert isinstance(outcome, PropertyRecord), outcome
    return outcome


def refuse(**cells: str) -> list[FieldProblem]:
    outcome = convert_row(MAPPING, CELLS | cells, uuid4())
    assert isinstance(outcome, list), outcome
    return outcome


def test_row_becomes_a_property_in_the_units_of_the_schema() -> None:
    record = convert()
    assert record.source_id == "7/2026"
    assert record.title == "2-bedroom apartment in Old Town"
    assert record.description == "two\nlines"
    assert (record.property_type, record.listing_type, record.status) == ("apartment", "rent", "active")
    assert (record.price, record.bedrooms, record.square_meters) == (Decimal(90_000), 2, Decimal("92.90"))
    assert (record.latitude, record.longitude) == (Decimal("-1.25"), Decimal("36.8"))
    assert (record.amenities, record.features) == (("Pool",), ())


def test_empty_cell_of_an_optional_field_is_nothing() -> None:
    record = convert(area=" ", text="", lat="", lon="", has="")
    assert {record.square_meters, record.description, record.latitude, record.longitude} == {None}
    assert record.amenities == ()


def test_all_problems_of_a_row_are_found() -> None:
    problems = refuse(id="", rent="free", beds="2.5", lat="91", has="Pool")
    assert {problem.field for problem in problems} == {
        "source_id",
        "price",
        "bedrooms",
        "latitude",
        "amenities",
        "title",
    }


@pytest.mark.parametrize(
    ("field", "cells", "reason"),
    [
        ("price", {"rent": ""}, "column 'rent': it is empty"),
        ("price", {"rent": "KSh 900 001"}, "column 'rent': 'KSh 900 001' is above 900000: no rent"),
        ("property_type", {"kind": "castle"}, "column 'kind': 'castle' is not among the values that the mapping knows"),
        ("latitude", {"lat": ""}, "it is empty, and longitude is not: a point needs both"),
        ("amenities", {"has": '["Pool", "a\\u0000b"]'}, r"column 'has': 'a\x00b' holds a NUL character"),
        ("features", {"more": MANY_WORDS}, "column 'more': it has 501 words, and 500 is the most"),
        ("description", {"text": "a\0b"}, r"column 'text': 'a\x00b' holds a NUL character"),
        ("source_id", {"year": " "}, "column 'year': it is empty"),
        ("bedrooms", {"kind": "plot"}, "land has no bedrooms, and this has 2"),
    ],
)
def test_problem_names_the_column_the_value_and_the_reason(field: str, cells: dict[str, str], reason: str) -> None:
    assert [p for p in refuse(**cells) if p.field != "title"] == [FieldProblem(field, reason)]


def test_title_is_not_made_from_what_is_missing() -> None:
    assert refuse(beds="") == [FieldProblem("title", "it cannot be made without bedrooms")]


def test_long_word_is_shortened_only_where_the_mapping_says_so() -> None:
    long = f'["{"x" * 101}"]'
    assert convert(has=long).amenities == ("x" * 99 + "…",)
    assert "has 101 characters, and 100 is the most" in refuse(more=long)[0].reason


def test_text_of_any_script_is_kept() -> None:
    assert convert(town="可爱的小窝 🏡").city == "可爱的小窝 🏡"
