"""The text of one cell to a value, in the units of the schema.

Invariant: nothing is guessed. Text that is not wholly understood raises CellUnreadable, whose message ends the sentence
"this cell ...", and a value is rounded only to the decimals that its column has.
"""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from nyumba.errors import NyumbaError

SQUARE_METERS_IN = {
    "square_meters": Decimal(1),
    "square_feet": Decimal("0.09290304"),
    "acres": Decimal("4046.8564224"),
    "hectares": Decimal(10_000),
}
NIGHTS_IN_A_MONTH = 30

_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_AREA = re.compile(r"(?P<amount>[\d.,]+)\s*(?P<unit>\S.*)")
_UNIT_WORDS = {
    **dict.fromkeys(("m²", "m2", "sqm", "sq m"), "square_meters"),
    **dict.fromkeys(("ft²", "ft2", "sqft", "sq ft"), "square_feet"),
    **dict.fromkeys(("acre", "acres"), "acres"),
    **dict.fromkeys(("ha", "hectare", "hectares"), "hectares"),
}
_LONGEST_QUOTE = 80


class CellUnreadable(NyumbaError):
    """A cell that does not hold what its field needs. The message quotes the cell and goes into the rejects file."""

    def __init__(self, cell: str, expected: str) -> None:
        super().__init__(f"{quote(cell)} is not {expected}")


def quote(cell: str) -> str:
    """The cell as a reason shows it: on one line, and cut where it gets long."""
    short = cell if len(cell) <= _LONGEST_QUOTE else cell[: _LONGEST_QUOTE - 1] + "…"
    return repr(short)


def parse_number(cell: str, thousands: str = "") -> Decimal:
    """A decimal number written with a point; `thousands` is what may stand between groups of three digits."""
    digits = _join_groups(cell, thousands) if thousands and thousands in cell else cell
    if digits is None or not _NUMBER.fullmatch(digits):
        raise CellUnreadable(cell, "a number")
    return Decimal(digits)


def parse_whole(cell: str, thousands: str = "") -> int:
    """A whole number; `3.0` is one."""
    number = parse_number(cell, thousands)
    if number != number.to_integral_value():
        raise CellUnreadable(cell, "a whole number")
    return int(number)


def parse_money(cell: str, prefix: str = "", thousands: str = "", per: Literal["month", "night"] = "month") -> Decimal:
    """An amount behind its currency; a nightly one becomes that of a month."""
    if not cell.startswith(prefix):
        raise CellUnreadable(cell, f"an amount in {prefix}")
    try:
        amount = parse_number(cell.removeprefix(prefix).strip(), thousands)
    except CellUnreadable as error:
        raise CellUnreadable(cell, "an amount of money") from error
    return amount * NIGHTS_IN_A_MONTH if per == "night" else amount


def parse_area(cell: str, unit: str, thousands: str = "") -> Decimal:
    """An area in m². The unit `in_text` reads the unit from the cell."""
    if unit != "in_text":
        return parse_number(cell, thousands) * SQUARE_METERS_IN[unit]
    match = _AREA.fullmatch(cell)
    named = _UNIT_WORDS.get(match["unit"].lower()) if match else None
    if match is None or named is None:
        raise CellUnreadable(cell, "an area with a known unit, such as '180 m²' or '0.25 acres'")
    return parse_number(match["amount"], thousands) * SQUARE_METERS_IN[named]


def parse_time(cell: str, time_format: str) -> datetime:
    """A moment; one without a zone is in UTC."""
    try:
        moment = datetime.strptime(cell, time_format)  # noqa: DTZ007  (the zone follows)
    except ValueError as error:
        raise CellUnreadable(cell, f"a time of the form {time_format}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_words(cell: str) -> list[str]:
    """The words of a JSON list, each once and in their order; empty ones are left out."""
    try:
        words = msgspec.json.decode(cell, type=list[str])
    except msgspec.MsgspecError as error:
        raise CellUnreadable(cell, "a JSON list of texts") from error
    return list(dict.fromkeys(filter(None, map(join_spaces, words))))


def join_spaces(text: str) -> str:
    """The text on one line, with single spaces."""
    return " ".join(text.split())


def round_to(number: Decimal, decimals: int) -> Decimal:
    """The number with so many decimals; halves go up."""
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _join_groups(cell: str, thousands: str) -> str | None:
    first, *others = re.split(r"(?=\.)", cell, maxsplit=1)[0].split(thousands)
    well_formed = len(first.lstrip("+-")) in (1, 2, 3) and all(len(group) == 3 for group in others)
    return cell.replace(thousands, "") if well_formed else None
