"""Numbers with what they count: "80k", "ksh 45,000", "milioni mbili", "vyumba 3", "1/8 acre", "50x100".

Invariant: digits that are a part of a code, or begin with a zero, are no number.
"""

from dataclasses import dataclass

from nyumba.search.interpret.numbers import ONES, PARTS, TENS, WHOLE
from nyumba.search.interpret.reading import Reading

SCALES = {"thousands": 1e3, "lakhs": 1e5, "millions": 1e6}
COUNTS = frozenset({"bedrooms", "bathrooms"})
SQUARE_METERS = {"square_meters": 1.0, "square_feet": 0.09290304, "acres": 4046.8564224, "hectares": 10_000.0}
SMALLEST_PLOT_FT = 20
PRICE_WORDS = frozenset({"exact", "max", "min", "budget"})  # roles of words that a dash may divide from their amount


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, what it counts, and the index of the token after it.

    `scale` is that of a "k" or a "million", `bound` one that stands between the number and its unit.
    """

    value: float
    end: int
    unit: str | None = None
    scale: float | None = None
    grouped: bool = False
    spelt: bool = False
    bound: str | None = None
    part: bool = False


def read_quantity(reading: Reading, at: int) -> Quantity | None:
    """The quantity that begins at this token."""
    end, meaning = reading.find(at)
    if meaning.unit == "currency":
        start = end + (reading.word(end) == ".")
        amount = _read_scaled(reading, start) or _read_plain(reading, start)
        return _finish(reading, amount, money=True) if amount else None
    if meaning.unit is not None:
        return _read_scaled(reading, at) or _read_counted(reading, at)
    return _read_plot(reading, at) or _read_plain(reading, at)


def read_another(reading: Reading, first: Quantity, at: int) -> Quantity | None:
    """A bare number after one that its unit stands before: `vyumba viwili au vitatu`, `elfu kumi hadi ishirini`."""
    last = first.end - 1
    if not reading.is_number(last) and reading.word(last) not in WHOLE:
        return None
    number = _read_number(reading, at)
    if number is None or number.part or not _is_whole(reading, number.end):
        return None
    if first.scale is not None and number.value < 1000:
        return Quantity(number.value * first.scale, number.end, "money")
    return Quantity(number.value, number.end, first.unit) if first.unit in COUNTS else None


def _read_scaled(reading: Reading, at: int) -> Quantity | None:
    """`milioni 2.5`, `elfu ishirini na tano`, `laki mbili na nusu`, `milioni moja na laki tano`."""
    end, meaning = reading.find(at)
    scale = SCALES.get(meaning.unit or "")
    if scale is None or len(reading.word(at)) < 3:
        return None
    number = _read_number(reading, end)
    if number is None or number.part:
        return None
    more, end = _read_addition(reading, number.end, scale)
    return _finish(reading, Quantity(number.value * scale + more, end, scale=scale), money=True)


def _read_addition(reading: Reading, at: int, scale: float) -> tuple[float, int]:
    """What `na` adds to an amount: a part of its scale, or an amount of a smaller one."""
    if reading.word(at) != "na":
        return 0, at
    part = _read_number(reading, at + 1)
    if part is not None and part.part and reading.find(part.end)[1].unit is None:
        return part.value * scale, part.end
    smaller = SCALES.get(reading.find(at + 1)[1].unit or "", scale) < scale
    amount = _read_scaled(reading, at + 1) if smaller else None
    return (amount.value, amount.end) if amount else (0, at)


def _read_counted(reading: Reading, at: int) -> Quantity | None:
    """`vyumba vitatu bafu mbili`, `bedrooms: 3`, `ekari moja na nusu`: the number comes after what it counts."""
    end, meaning = reading.find(at)
    unit = meaning.unit or ""
    if unit not in COUNTS and unit not in SQUARE_METERS:
        return None
    colon = reading.word(end) == ":"
    number = _read_number(reading, end + colon)
    if number is None or number.part or not _is_whole(reading, number.end):
        return None
    after, following = reading.find(number.end)
    if following.unit and not colon and _read_number(reading, after) is None:
        return None  # the number is that of the unit behind it
    if unit in SQUARE_METERS:
        more, after = _read_addition(reading, number.end, 1)
        return Quantity(number.value + more, after, unit=unit)
    return Quantity(number.value, _skip_sleeping(reading, number.end), unit=unit)


def _is_whole(reading: Reading, end: int) -> bool:
    """Whether a number ends here: `3`, `3,` and `(3)`, but neither `3-4` nor `3b`."""
    return not reading.is_glued(end) or reading.word(end) in {",", ".", ";", ")"}


def _skip_sleeping(reading: Reading, at: int) -> int:
    """`vya kulala` says that rooms are bedrooms, which they are taken for anyway."""
    sleeping = reading.word(at) in {"vya", "cha"} and reading.word(at + 1) == "kulala"
    return at + 2 if sleeping else at


def _read_plain(reading: Reading, at: int) -> Quantity | None:
    """A number and what follows it: `2 bedroom`, `3+ bed`, `80k`, `half an acre`, `45,000`."""
    number = _read_number(reading, at)
    if number is None:
        return None
    end, bound = _read_inner_bound(reading, number)
    after, meaning = reading.find(end)
    if meaning.unit in COUNTS or meaning.unit in SQUARE_METERS:
        return Quantity(number.value, _skip_sleeping(reading, after), meaning.unit, bound=bound, part=number.part)
    scale = SCALES.get(meaning.unit or "")
    if scale and not number.part:
        return _finish(reading, Quantity(number.value * scale, after, scale=scale, bound=bound), money=True)
    if number.spelt or number.part or _has_letters(reading, end):
        return None
    return _finish(reading, Quantity(number.value, end, grouped=number.grouped, bound=bound), money=False)


def _has_letters(reading: Reading, end: int) -> bool:
    """Whether letters hang on a number that are neither its currency nor say that it is a rent: `3rd`, `12b`."""
    if not reading.is_glued(end) or reading.tokens[end].kind != "word":
        return False
    meaning = reading.find(end)[1]
    return meaning.unit != "currency" and (meaning.words is None or meaning.words.param != "listing_type")


def _read_inner_bound(reading: Reading, number: Quantity) -> tuple[int, str | None]:
    """Where the unit begins, and the bound before it: `3+ bedroom`, `3 or more bedrooms`, `3 or less bedrooms`."""
    end = number.end
    after, meaning = reading.find(end)
    if reading.word(end) == "+":
        return end + 1, "min"
    for role, bound in (("after_min", "min"), ("after_max", "max")):
        if role in meaning.roles and reading.find(after)[1].unit:
            return after, bound
    if reading.word(end) == "-" and reading.is_glued(end):
        unit = reading.find(end + 1)[1].unit
        return end + (unit in COUNTS or unit in SQUARE_METERS), None
    for filler in ("th", "of", "an", "a"):
        end += number.part and reading.word(end) == filler
    return end, None


def _finish(reading: Reading, amount: Quantity, *, money: bool) -> Quantity:
    """What may follow an amount of money: `ksh`, `/-`, `/=`."""
    end, bound = amount.end, amount.bound
    if reading.word(end) == "+":
        end, bound = end + 1, "min"
    after, meaning = reading.find(end)
    if meaning.unit == "currency":
        end, money = after, True
    if reading.word(end) == "/" and reading.word(end + 1) in {"-", "="} and reading.is_glued(end):
        end, money = end + 2, True
    unit = "money" if money else None
    return Quantity(amount.value, end, unit, scale=amount.scale, grouped=amount.grouped, bound=bound)


def _read_plot(reading: Reading, at: int) -> Quantity | None:
    """`50x100`: the sides of a plot, in feet."""
    is_plot = reading.word(at + 1) in {"x", "by", "kwa", "*", "×"} and reading.is_number(at + 2)
    if not reading.is_number(at) or not is_plot:
        return None
    sides = [_read_digits(reading.word(i)) for i in (at, at + 2)]
    if None in sides or min(side or 0 for side in sides) < SMALLEST_PLOT_FT:
        return None
    end = at + 3 + (reading.word(at + 3) in {"ft", "feet", "foot"})
    return Quantity((sides[0] or 0) * (sides[1] or 0), end, unit="square_feet", part=True)


def _read_number(reading: Reading, at: int) -> Quantity | None:
    word = reading.word(at)
    if reading.is_number(at):
        return _read_typed_number(reading, at)
    if word in {"an", "a"} and reading.find(at + 1)[1].unit in SQUARE_METERS:
        return Quantity(1, at + 1)
    if word in {"one", "an", "a"} and reading.word(at + 1) in PARTS:
        return Quantity(PARTS[reading.word(at + 1)], at + 2, part=True)
    if word in PARTS:
        three = word == "robo" and reading.word(at + 1) == "tatu"
        return Quantity(0.75, at + 2, part=True) if three else Quantity(PARTS[word], at + 1, part=True)
    if word in TENS:
        joined = reading.word(at + 1) in {"na", "-"}  # `ishirini na tano`, `twenty-five`, `twenty five`
        ones = at + 1 + joined
        if ONES.get(reading.word(ones), 10) < 10 and (joined or TENS[word] > 10):
            return Quantity(TENS[word] + ONES[reading.word(ones)], ones + 1, spelt=True)
    return Quantity(WHOLE[word], at + 1, spelt=True) if word in WHOLE else None


def _read_typed_number(reading: Reading, at: int) -> Quantity | None:
    word = reading.word(at)
    if _is_code(reading, at):
        return None
    if reading.tokens[at].kind == "fraction":
        above, below, *others = map(int, word.split("/"))
        return Quantity(above / below, at + 1, part=True) if 0 < above < below and not others else None
    value = _read_digits(word)
    if value is None:
        return None
    end, grouped = at + 1, "," in word
    while reading.word(end) == "000" and not reading.is_glued(end):
        value, end, grouped = value * 1000, end + 1, True
    return Quantity(value, end, grouped=grouped)


def read_choice(reading: Reading, at: int) -> list[Quantity]:
    """`2/3 bedroom`, `1/2/3 bedrooms`: bedrooms have no fractions, so these are numbers to choose from."""
    after, meaning = reading.find(at + 1)
    if meaning.unit != "bedrooms" or "/" not in reading.word(at) or not reading.is_number(at) or _is_code(reading, at):
        return []
    return [Quantity(float(side), after, unit=meaning.unit) for side in reading.word(at).split("/")]


def _is_code(reading: Reading, at: int) -> bool:
    """Whether a number hangs on letters before it: `A12`, `EN-0042`, but not `budget-30k`."""
    if not reading.is_glued(at):
        return False
    before = at - 1
    if reading.word(before) in {"-", "/", "#", "_", "."} and reading.is_glued(before):
        before -= 1
    if before < 0 or reading.tokens[before].kind != "word" or reading.find(before)[1].unit:
        return False
    return reading.word(at - 1) != "-" or not reading.find(before)[1].roles & PRICE_WORDS


def _read_digits(word: str) -> float | None:
    """`45,000`, `45,000.00` and `1.500.000` are grouped, `2.5` and `2,5` are not."""
    groups = word.removesuffix(".00").replace(",", ".").split(".")
    if len(word) > 16 or (len(groups[0]) > 1 and groups[0][0] == "0"):
        return None
    if len(groups) == 1:
        return float(groups[0])
    thousands = all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3 and groups[0] != "0"
    if thousands and ("," in word or len(groups) > 2):
        return float("".join(groups))
    return float(".".join(groups)) if len(groups) == 2 else None
