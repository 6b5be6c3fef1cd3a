from decimal import Decimal

import pytest
from sqlalchemy import CheckConstraint

from nyumba.intake.limits import ABOVE_ZERO, LONGEST, RANGES, BeyondLimits, check_text, fit_number, longest
from nyumba.properties.models import Property

CHECKS = {str(c.sqltext) for c in Property.__table__.constraints if isinstance(c, CheckConstraint)}  # type: ignore[attr-defined]


def test_ranges_are_those_of_the_check_constraints() -> None:
    assert {check for check in CHECKS if " BETWEEN " in check} == {
        f"{field} BETWEEN {least} AND {most}" for field, (least, most) in RANGES.items()
    }
    assert {check for check in CHECKS if check.startswith("char_length(")} == {
        f"char_length({field}) <= {most}" for field, most in LONGEST.items()
    }
    assert {f"{field} > 0" for field in ABOVE_ZERO} == {check for check in CHECKS if check.endswith(" > 0")}


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("price", "0"),
        ("price", "0.004"),
        ("price", "-1"),
        ("price", "9999999999.995"),
        ("price", "1e99"),
        ("bathrooms", "99.995"),
        ("bedrooms", "101"),
        ("latitude", "90.1"),
        ("longitude", "-180.1"),
        ("year_built", "1499"),
        ("square_meters", "100000000"),
    ],
)
def test_number_that_the_column_refuses_is_beyond_limits(field: str, number: str) -> None:
    with pytest.raises(BeyondLimits):
        fit_number(field, Decimal(number))


def test_number_gets_the_decimals_of_its_column() -> None:
    assert str(fit_number("price", Decimal("9999999999.994"))) == "9999999999.99"
    assert str(fit_number("latitude", Decimal("40.714110000000001"))) == "40.71411000"
    assert str(fit_number("bedrooms", Decimal(33))) == "33"


def test_text_may_be_as_long_as_its_column() -> None:
    assert longest("title") == 255
    assert longest("description") == 10_000
    assert check_text("title", "x" * 255)
    with pytest.raises(BeyondLimits, match="has 256 characters, and 255 is the most"):
        check_text("title", "x" * 256)


def test_word_of_a_closed_list_must_be_on_it() -> None:
    with pytest.raises(BeyondLimits, match="'castle' is none of house, apartment"):
        check_text("property_type", "castle")
