from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nyumba.intake.cells import (
    CellUnreadable,
    parse_area,
    parse_money,
    parse_number,
    parse_time,
    parse_whole,
    parse_words,
    quote,
    round_to,
)

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2)


@given(AMOUNTS)
def test_dollars_round_trip(amount: Decimal) -> None:
    assert parse_money(f"${amount:,}", "$", ",") == amount


@given(AMOUNTS)
def test_shillings_round_trip(amount: Decimal) -> None:
    assert parse_money(f"KSh {amount:,}".replace(",", " "), "KSh", " ") == amount


@given(AMOUNTS)
def test_square_feet_and_back_is_within_a_rounding(feet: Decimal) -> None:
    assert abs(parse_area(str(feet), "square_feet") / Decimal("0.09290304") - feet) < Decimal("0.000001")


@given(st.decimals(min_value=0, max_value=10**6, places=2))
def test_metres_in_text_are_themselves(metres: Decimal) -> None:
    assert parse_area(f"{metres} m²", "in_text") == metres


@given(st.text())
def test_any_text_is_a_finite_number_or_unreadable(cell: str) -> None:
    try:
        number = parse_number(cell)
    except CellUnreadable:
        return
    assert number.is_finite()


def test_nightly_price_becomes_a_month() -> None:
    assert parse_money("$1,138.50", "$", ",", "night") == Decimal("34155.00")


@pytest.mark.parametrize(
    "cell", ["KSh 7 000per day", "KSh", "USD 4 500", "KSh 7 00", "KSh 1 2345", "KSh 7,000", "7 000"]
)
def test_amount_that_is_not_wholly_understood_is_unreadable(cell: str) -> None:
    with pytest.raises(CellUnreadable, match="not an amount"):
        parse_money(cell, "KSh", " ")


@pytest.mark.parametrize("cell", ["NaN", "Infinity", "1_000", "١٢", "", "-", ".", "1e999", "0x1f", "9" * 5_000])
def test_what_python_takes_for_a_number_may_be_none(cell: str) -> None:
    with pytest.raises(CellUnreadable):
        parse_number(cell)


def test_whole_number_may_have_a_zero_fraction() -> None:
    assert parse_whole("3.0") == 3
    with pytest.raises(CellUnreadable, match=r"'2\.5' is not a whole number"):
        parse_whole("2.5")


@pytest.mark.parametrize(
    ("cell", "metres"),
    [("180 m²", "180"), ("0.25 acres", "1011.71"), ("1,245 FT²", "115.66"), ("1 ha", "10000"), ("75m²", "75")],
)
def test_area_reads_its_unit_from_the_text(cell: str, metres: str) -> None:
    assert round_to(parse_area(cell, "in_text", ","), 2) == Decimal(metres)


@pytest.mark.parametrize("cell", ["180", "m²", "180 rods", "about 180 m²"])
def test_area_without_a_known_unit_is_unreadable(cell: str) -> None:
    with pytest.raises(CellUnreadable, match="known unit"):
        parse_area(cell, "in_text")


def test_time_without_a_zone_is_utc() -> None:
    assert parse_time("20141013T000000", "%Y%m%dT%H%M%S") == datetime(2014, 10, 13, tzinfo=UTC)
    with pytest.raises(CellUnreadable, match="a time of the form %Y"):
        parse_time("yesterday", "%Y")


def test_words_come_once_and_in_order() -> None:
    assert parse_words('["Wi-Fi", " Pool ", "", "Wi-Fi", "日当たり 🌞"]') == ["Wi-Fi", "Pool", "日当たり 🌞"]


@pytest.mark.parametrize("cell", ["Wi-Fi, Pool", '{"a": 1}', "[1]", "[", "null"])
def test_words_that_are_no_list_of_texts_are_unreadable(cell: str) -> None:
    with pytest.raises(CellUnreadable, match="JSON list of texts"):
        parse_words(cell)


def test_quote_is_short_and_on_one_line() -> None:
    assert quote("a\nb") == r"'a\nb'"
    assert len(quote("x" * 500)) == 82
