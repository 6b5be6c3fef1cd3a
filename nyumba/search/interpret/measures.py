"""Quantities with their bounds as filters: prices, rooms and areas.

Invariant: a number becomes a filter only with a reason: a unit, a currency, a bound, or the shape of a price. What has
none stays text.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil, floor

from nyumba.search.interpret.quantities import (
    COUNTS,
    SQUARE_METERS,
    Quantity,
    read_another,
    read_choice,
    read_quantity,
)
from nyumba.search.interpret.reading import Reading
from nyumba.search.interpret.vocabulary import Value

TOLERANCE = 0.1
LEAST_PRICE = 3_000
PRICE_STEP = 500
MOST_ROOMS = 20
DEAREST = 9_999_999_999
LARGEST = 99_999_999

BOUNDS = ("between", "over", "under", "min", "max", "budget", "around", "exact")
ABOVE = frozenset({"min", "over"})
BELOW = frozenset({"max", "under", "budget"})
UNBOUND = frozenset({None, "exact", "budget"})  # beside these, a bound after the quantity counts

Setting = tuple[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Measure:
    """What tokens up to `end` ask for. `land` is the area of a plot, which a building's listing does not give."""

    end: int
    settings: tuple[Setting, ...]
    land: bool = False


def read_measure(reading: Reading, at: int) -> Measure | None:
    """The price, number of rooms or area that begins here."""
    bound, start = _read_bound(reading, at)
    choice = read_choice(reading, start)
    if choice and all(_is_count(rooms.value) for rooms in choice):
        return _ask_any_of(choice[0], [int(rooms.value) for rooms in choice])
    first = read_quantity(reading, start)
    if first is None:
        return None
    upper = _read_upper(reading, first, bound)
    asked = _ask_range(first, upper, either=_is_choice(reading, first, bound)) if upper else None
    if asked is not None:
        return asked
    if bound in UNBOUND:
        later, end = _read_later_bound(reading, first)
        return _ask_one(replace(first, end=end), later or bound)
    return _ask_one(first, bound)


def _read_later_bound(reading: Reading, quantity: Quantity) -> tuple[str | None, int]:
    """`80k max`, `3 bedrooms or more`, `20k+`."""
    after, meaning = reading.find(quantity.end)
    for role, bound in (("after_max", "max"), ("after_min", "min")):
        if role in meaning.roles and not _belongs_to_next(reading, quantity):
            return bound, after
    return quantity.bound, quantity.end


def _belongs_to_next(reading: Reading, quantity: Quantity) -> bool:
    """Whether a bound between two quantities is the later one's: `2 bedrooms max 50k`, but not `80k max 2 bedrooms`."""
    counts = quantity.unit in COUNTS
    after, meaning = reading.find(quantity.end + (counts and reading.word(quantity.end) in {"and", "na"}))
    after += reading.word(after) == ":"
    following = read_quantity(reading, after) if meaning.roles & {"max", "under", "min"} else None
    return following is not None and (counts or following.unit not in COUNTS or "min" in meaning.roles)


def _read_bound(reading: Reading, at: int) -> tuple[str | None, int]:
    """The last of up to three bounds in a row, as in `budget max: 50k`, and where the quantity begins."""
    bound: str | None = None
    for _ in range(3):
        sign, after = _read_sign(reading, at)
        if sign:
            bound, at = sign, after
            continue
        end, meaning = reading.find(at)
        name = next((name for name in BOUNDS if name in meaning.roles), None)
        if name is None or meaning.unit or meaning.words:
            break
        bound, at = (bound if name == "exact" and bound else name), end
        at += reading.word(at) in {":", "=", "-", "–", "—"}
    return bound, at


def _read_sign(reading: Reading, at: int) -> tuple[str | None, int]:
    word = reading.word(at)
    name = {"<": "max", "≤": "max", ">": "min", "≥": "min", "~": "around", "@": "exact"}.get(word)
    if name is None:
        return None, at
    return name, at + 1 + (reading.word(at + 1) == "=" and word in "<>")


def _is_choice(reading: Reading, first: Quantity, bound: str | None) -> bool:
    """`2 or 3 bedrooms`, and `2 and 3 bedrooms` but after "between"."""
    word = reading.word(first.end)
    return word in {"or", "au", "/", ","} or (word in {"and", "na"} and bound is None)


def _read_upper(reading: Reading, first: Quantity, bound: str | None) -> Quantity | None:
    """The other end of a range, or the other of two counts."""
    word = reading.word(first.end)
    joins = word in {"-", "–", "—", "~", "to", "hadi", "mpaka"} or (word in {"and", "na"} and bound == "between")
    chooses = word in {"or", "au", "/", "and", "na"} and bound is None
    if not joins and not chooses:
        return None
    second = read_quantity(reading, first.end + 1)
    if second is None or second.unit is None:
        second = read_another(reading, first, first.end + 1) or second
    if second is None or (chooses and second.unit not in COUNTS):
        return None
    alike = first.unit in {None, second.unit} or (first.unit == "money" and second.unit is None)
    return second if alike else None


def _ask_range(first: Quantity, second: Quantity, *, either: bool) -> Measure | None:
    low, high, unit = first.value, second.value, second.unit or first.unit
    if second.scale and first.unit is None and low < 1000:
        low *= second.scale
    if unit in COUNTS:
        return _ask_rooms(second, low, high, either=either)
    if low >= high:
        return None
    if unit in SQUARE_METERS:
        factor = SQUARE_METERS[unit]
        return _ask_area(second, low * factor, high * factor)
    if unit is None and low < LEAST_PRICE:
        return None
    return _ask_price(second.end, low, high)


def _ask_rooms(second: Quantity, low: float, high: float, *, either: bool) -> Measure | None:
    if not _is_count(low) or not _is_count(high) or (not either and low > high):
        return None
    numbers = (int(low), int(high)) if either else range(int(low), int(high) + 1)
    return _ask_any_of(second, numbers)


def _ask_any_of(rooms: Quantity, numbers: Iterable[int]) -> Measure:
    """So many rooms, of a list; of bathrooms only the least can be asked for."""
    if rooms.unit == "bathrooms":
        return Measure(rooms.end, (("bathrooms_min", (min(numbers),)),))
    return Measure(rooms.end, (("bedrooms", tuple(sorted(set(numbers)))),))


def _ask_one(quantity: Quantity, bound: str | None) -> Measure | None:
    if quantity.unit in COUNTS:
        return _ask_count(quantity, bound)
    if quantity.unit in SQUARE_METERS:
        area = quantity.value * SQUARE_METERS[quantity.unit]
        return _ask_area(quantity, *_bound(area, "around" if bound in UNBOUND else bound))
    if quantity.unit is None and not _looks_like_price(quantity, bound):
        return None
    return _ask_price(quantity.end, *_bound(quantity.value, "max" if bound in UNBOUND else bound))


def _bound(value: float, bound: str | None) -> tuple[float | None, float | None]:
    """The least and the most; around a value where neither is meant."""
    if bound in ABOVE:
        return value, None
    return (None, value) if bound in BELOW else (value * (1 - TOLERANCE), value * (1 + TOLERANCE))


def _ask_count(quantity: Quantity, bound: str | None) -> Measure | None:
    """Rooms. `max 3 bedrooms` is one to three of them: who wants a bedsitter asks for one."""
    if not _is_count(quantity.value) or bound == "around":
        return None
    count = int(quantity.value) + (bound == "over") - (bound == "under")
    if bound in {"max", "under"}:
        return _ask_any_of(quantity, range(min(1, count), count + 1)) if count >= 0 else None
    if bound in ABOVE and quantity.unit == "bedrooms":
        return Measure(quantity.end, (("bedrooms_min", (count,)),))
    return _ask_any_of(quantity, [count])


def _ask_area(quantity: Quantity, low: float | None, high: float | None) -> Measure | None:
    land = quantity.unit in {"acres", "hectares"} or quantity.part
    settings: list[Setting] = []
    if low is not None:
        settings.append(("square_meters_min", (floor(round(low, 3)),)))
    if high is not None:
        settings.append(("square_meters_max", (ceil(round(high, 3)),)))
    if not all(0 < value[0] <= LARGEST for _, value in settings if isinstance(value[0], int)):
        return None
    if land:
        settings.append(("property_type", ("land",)))
    return Measure(quantity.end, tuple(settings), land=land)


def _ask_price(end: int, low: float | None, high: float | None) -> Measure | None:
    bounds = (("price_min", low), ("price_max", high))
    settings = tuple((name, (_round(value),)) for name, value in bounds if value is not None)
    return Measure(end, settings) if all(0 < value[0] <= DEAREST for _, value in settings) else None


def _round(value: float) -> int | float:
    cents = round(value, 2)
    return int(cents) if cents == int(cents) else cents


def _looks_like_price(quantity: Quantity, bound: str | None) -> bool:
    """Whether a bare number is one: `45,000`, or with a price word 35000; a year is none, nor is a code like 12345."""
    value = quantity.value
    if value < LEAST_PRICE or value != int(value):
        return False
    return quantity.grouped or bound not in {None, "exact"} or value % PRICE_STEP == 0


def _is_count(value: float) -> bool:
    return value == int(value) and 0 <= value <= MOST_ROOMS
