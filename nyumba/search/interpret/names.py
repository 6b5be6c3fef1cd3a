"""Which tokens are names, codes or refusals, and so stay text though they hold words that mean something.

Invariant: this only ever takes words away from the filters; it never makes one.
"""

from collections.abc import Iterator

from nyumba.search.interpret.quantities import SCALES, SMALLEST_PLOT_FT, read_quantity
from nyumba.search.interpret.reading import Reading

LONGEST_NAME = 4


def hold_names(reading: Reading) -> list[bool]:
    """For each token, whether it stays text."""
    held = [token.kind == "quoted" for token in reading.tokens]
    for at in range(len(reading)):
        for start, end in _find_spans(reading, at):
            held[start:end] = [True] * (end - start)
    return held


def _find_spans(reading: Reading, at: int) -> Iterator[tuple[int, int]]:
    end, meaning = reading.find(at)
    roles = meaning.roles
    if "text" in roles:
        yield at, end
    if "foreign" in roles:
        yield _find_amount(reading, at, end)
    if ("not" in roles and not meaning.words) or _is_prefix(reading, at):
        yield at, _find_refused_end(reading, max(end, at + 1))
    if "near" in roles and reading.find(end)[1].place:
        yield at, reading.find(end)[0]
    if "numbered" in roles and reading.is_number(end) and not reading.find(end + 1)[1].unit:
        names_number = reading.word(at) in {"number", "no", "nos", "namba"}
        yield at - (names_number and at > 0), end + 1
    if _begins_code(reading, at) and not meaning.unit:
        yield at, at + 2
    if _is_small_by(reading, at):
        yield at, at + 3
    if reading.word(at) in reading.vocabulary.ends_name and end <= at + 1 and not _is_offered(reading, at):
        yield _find_name_start(reading, at), at + 1


def _is_offered(reading: Reading, at: int) -> bool:
    """`karen properties` are to be had there, and `hass properties` is an agency."""
    return reading.word(at) == "properties" and not (at > 0 and _is_unknown(reading, at - 1))


def _is_prefix(reading: Reading, at: int) -> bool:
    """`un-furnished`; by itself `un` is the United Nations."""
    return reading.word(at) == "un" and reading.word(at + 1) == "-" and reading.is_glued(at + 2)


def _find_refused_end(reading: Reading, at: int) -> int:
    """Where the phrase or word ends that begins here, or after a hyphen, or after an "in"."""
    start = at + (reading.word(at) == "-" or reading.word(at) in reading.vocabulary.before_place)
    return max(reading.find(start)[0], min(start + 1, len(reading)))


def _find_amount(reading: Reading, at: int, end: int) -> tuple[int, int]:
    """`usd 500`, `$2k`, `900 euros`: prices are in shillings, so an amount of something else is none."""
    last = at - 1 - (reading.find(at - 1)[1].unit in SCALES)
    if reading.is_number(last):
        return last, end
    amount = read_quantity(reading, end)
    return at, amount.end if amount and amount.unit in {None, "money"} else end


def _begins_code(reading: Reading, at: int) -> bool:
    """`gym24`, but neither `50x100` nor, for its unit, `ksh45000`."""
    is_word = reading.tokens[at].kind == "word" and not reading.is_glued(at)
    return is_word and reading.is_number(at + 1) and reading.is_glued(at + 1)


def _is_small_by(reading: Reading, at: int) -> bool:
    """`2 by 2` is a way to build a shop, and the two of it count nothing."""
    if reading.word(at + 1) not in {"by", "x"} or not (reading.is_number(at) and reading.is_number(at + 2)):
        return False
    return all(len(reading.word(i)) < len(str(SMALLEST_PLOT_FT)) for i in (at, at + 2))


def _find_name_start(reading: Reading, last: int) -> int:
    """Where the name begins that this noun ends: `Ngong Road`, `Argwings Kodhek Road`, `Karen Hospital`."""
    start, least = last, max(0, last - LONGEST_NAME)
    while start > least and reading.word(start - 1) in reading.vocabulary.ends_name:
        start -= 1
    if _is_capitalised(reading, last) and (whole := _find_capitalised_start(reading, last)) < last:
        return whole
    if start == 0 or not _can_be_in_name(reading, start - 1):
        return start
    start = _find_place_start(reading, start - 1)
    if reading.find(start)[1].place:
        return start
    while start > least and _is_unknown(reading, start - 1):
        start -= 1
    return start


def _find_place_start(reading: Reading, at: int) -> int:
    """The first token of the place that ends at this one, or this one."""
    for start in range(max(0, at - 2), at):
        end, meaning = reading.find(start)
        if end == at + 1 and meaning.place:
            return start
    return at


def _can_be_in_name(reading: Reading, at: int) -> bool:
    return reading.tokens[at].kind == "word" and reading.word(at) not in reading.vocabulary.little


def _is_unknown(reading: Reading, at: int) -> bool:
    end, meaning = reading.find(at)
    known = end > at and (meaning.words or meaning.place or meaning.unit or meaning.roles)
    return _can_be_in_name(reading, at) and not known and not _ends_place(reading, at)


def _ends_place(reading: Reading, at: int) -> bool:
    return _find_place_start(reading, at) < at


def _is_capitalised(reading: Reading, at: int) -> bool:
    typed = reading.slice(at, at + 1)
    return typed[:1].isupper() and not typed.isupper()


def _find_capitalised_start(reading: Reading, last: int) -> int:
    """Where capitals go all the way back to the start of the text, the whole text is one name: `Rent House Road`."""
    whole = last < LONGEST_NAME and all(_is_capitalised(reading, at) for at in range(last))
    return 0 if whole and last + 1 == len(reading) else last
