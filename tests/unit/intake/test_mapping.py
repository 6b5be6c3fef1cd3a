from pathlib import Path

import pytest

from nyumba.intake.errors import MappingInvalid, MappingUnknown
from nyumba.intake.mapping import known_mappings, load_mapping, parse_mapping

HEAD = 'source = "here"\nlabel = "Here"\nsource_id = ["id"]\n[fields]\n'
REQUIRED = """
title = { column = "name" }
property_type = { constant = "house" }
listing_type = { constant = "sale" }
price = { column = "price" }
"""


def test_every_mapping_of_the_package_loads_under_its_own_source() -> None:
    assert known_mappings() == ["insideairbnb_jersey_city_2025", "kc_house_sales", "p24_nairobi_addresses_2026"]
    assert [load_mapping(name).source for name in known_mappings()] == known_mappings()


def test_mapping_names_the_columns_that_it_needs() -> None:
    assert parse_mapping("here", HEAD + REQUIRED).columns() == {"id", "name", "price"}


def test_unknown_mapping_lists_those_there_are() -> None:
    with pytest.raises(MappingUnknown, match=r"there is no mapping 'zillow'; take one of .*kc_house_sales"):
        load_mapping("zillow")


def test_mapping_may_be_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + REQUIRED)
    assert load_mapping(str(path)).source == "here"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('bedrooms = { colunm = "beds" }', "unknown field `colunm` - at `fields.bedrooms`"),
        ('bedrms = { column = "beds" }', "unknown field `bedrms` - at `fields`"),
        ('bedrooms = { column = "beds", prefix = "$" }', "unknown field `prefix` - at `fields.bedrooms`"),
        ('square_meters = { column = "area", unit = "rods" }', "Invalid enum value 'rods' - at `fields.square_meters"),
        ("bedrooms = {}", "needs one of column, constant - at `fields.bedrooms`"),
        ('city = { column = "a", constant = "b" }', "needs one of column, constant, template - at `fields.city`"),
        ('city = { column = "a", pattern = "x" }', "needs exactly one group in its pattern"),
        ('city = { column = "a", pattern = "(" }', "needs a regular expression as its pattern (missing )"),
        ('bedrooms = { column = "beds", most = 9 }', "needs `because`"),
        ('city = { template = "near {place}" }', "the template of city names place, not a filled field"),
        ('city = { template = "near {}" }', "not a filled field"),
        ('city = { template = "near {title.__class__}" }', "not a filled field"),
        ('city = { template = "near {" }', "Single '{' encountered in format string - at `fields.city`"),
        ('city = { template = "{price:>{title}}" }', "nothing but names in its braces"),
        ("city = ", "Invalid value"),
    ],
)
def test_mistake_in_a_mapping_is_named_with_its_place(line: str, message: str) -> None:
    with pytest.raises(MappingInvalid) as caught:
        parse_mapping("here", HEAD + REQUIRED + line)
    assert str(caught.value).startswith("the mapping here cannot be used: ")
    assert message in str(caught.value)


def test_mapping_without_a_price_is_none() -> None:
    with pytest.raises(MappingInvalid, match="missing required field `price`"):
        parse_mapping("here", HEAD + REQUIRED.replace("price =", "bedrooms ="))
