"""Typed text into filters and the words that stay text.

Invariant: every filter names the slice of the text that it came from, no slice is used twice, and what no rule is sure
of stays text. Interpreting the rest again finds nothing more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nyumba.search.interpret.gazetteer import Place, fold_phrase
from nyumba.search.interpret.measures import Setting, read_measure
from nyumba.search.interpret.names import hold_names
from nyumba.search.interpret.reading import Reading
from nyumba.search.interpret.settling import Match, settle
from nyumba.search.interpret.vocabulary import Value, load_vocabulary

ROUNDS = 3
COUNTRY = "kenya"  # adds nothing to a place, and may begin the name of something else
REMEMBERED = 2000  # pages, filters and sorts of a query come with the same text, and many people type the same


@dataclass(frozen=True, slots=True)
class Filter:
    """A parameter with its values, and the words that stand for it."""

    text: str
    param: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What a text asks for, in the order of the text, and what of it stays text."""

    rest: str
    filters: tuple[Filter, ...] = ()


@lru_cache(maxsize=REMEMBERED)
def interpret(text: str, *, forgive: bool = True) -> Interpretation:
    """Read a typed query. With `forgive`, known words may be mistyped. It never raises, whatever the text."""
    reading = _read(text, forgive=forgive)
    held = hold_names(reading)
    matches = settle(reading, list(_find_matches(reading, held)), held)
    if not matches:
        return Interpretation(text)
    filters = tuple(
        Filter(reading.slice(match.start, match.end), param, values)
        for match in matches
        for param, values in match.settings
    )
    rest = _join(reading, _choose_rest(reading, matches, held))
    return Interpretation(_shield(rest, forgive=forgive), filters)


def _read(text: str, *, forgive: bool) -> Reading:
    return Reading(text, load_vocabulary(), forgive)


def _find_matches(reading: Reading, held: Sequence[bool]) -> Iterator[Match]:
    """From left to right, the longest that a rule is sure of."""
    at = 0
    while at < len(reading):
        match = None if held[at] else _match(reading, at)
        if match is None or any(held[match.start : match.end]):
            at += 1
        else:
            yield match
            at = match.end


def _match(reading: Reading, at: int) -> Match | None:
    measure = read_measure(reading, at)
    if measure is not None:
        return Match(at, measure.end, measure.settings, land=measure.land)
    end, meaning = reading.find(at)
    if meaning.words is not None:
        return Match(at, end, ((meaning.words.param, meaning.words.values),))
    if meaning.place is not None and _is_meant(reading, at, end, meaning.place):
        setting: Setting = (meaning.place.param, meaning.place.values)
        return Match(at, _extend_place(reading, end, meaning.place), (setting,))
    return Match(at, end, ()) if "nothing" in meaning.roles else None


def _is_meant(reading: Reading, at: int, end: int, place: Place) -> bool:
    """An everyday word is a place only after "in", before "estate", or beside its town."""
    vocabulary = reading.vocabulary
    if _is_elsewhere(reading, at, end, place):
        return False
    beside = {reading.word(at - 1), reading.word(end), reading.word(end + 1) if reading.word(end) == "," else ""}
    return (
        not place.common
        or reading.word(at - 1) in vocabulary.before_place
        or reading.word(end) in vocabulary.after_place
        or bool(beside & place.within)
    )


def _is_elsewhere(reading: Reading, at: int, end: int, place: Place) -> bool:
    """A mistyped city beside another town is none: `kimumu eldoret` does not lie in Kisumu."""
    if place.param != "city" or not any(map(reading.is_mistyped, range(at, end))):
        return False
    after = end + (reading.word(end) == ",")
    before = at - 1 - (reading.word(at - 1) == ",")
    beside = (reading.find(near)[1].place for near in (after, before, before - 1))
    return any(
        other is not None
        and other.param != "neighborhood"
        and other.values != place.values
        and fold_phrase(place.values[0]) not in other.within
        for other in beside
    )


def _extend_place(reading: Reading, end: int, place: Place) -> int:
    """`estate`, and for a town around a city that city: they add nothing."""
    end += reading.word(end) in reading.vocabulary.after_place
    if place.param == "place":
        named = end + (reading.word(end) == ",")
        if reading.word(named) in place.within and reading.word(named) != fold_phrase(place.values[0]):
            return named + 1 + (reading.word(named + 1) == "county")
    return end


def _choose_rest(reading: Reading, matches: Iterable[Match], held: Sequence[bool]) -> list[bool]:
    """For each token, whether it stays. Little words beside what was understood go with it."""
    stays = [True] * len(reading)
    for match in matches:
        stays[match.start : match.end] = [False] * (match.end - match.start)
    understood = [at for at, stay in enumerate(stays) if not stay]
    for step, order in ((1, understood), (-1, understood[::-1])):
        for at in order:
            near = at + step
            while 0 <= near < len(stays) and stays[near] and not held[near] and _is_little(reading, near):
                stays[near] = False
                near += step
    return stays


def _is_little(reading: Reading, at: int) -> bool:
    token = reading.tokens[at]
    return token.kind == "mark" or token.word in reading.vocabulary.little or token.word == COUNTRY


def _join(reading: Reading, stays: Sequence[bool]) -> str:
    """What stays, as it was typed but for its spaces. A quotation mark without its other one goes."""
    pieces: list[str] = []
    start = None
    for at in range(len(reading) + 1):
        keep = at < len(reading) and stays[at] and reading.tokens[at].word != '"'
        if keep and start is None:
            start = at
        elif not keep and start is not None:
            pieces.append(reading.slice(start, at))
            start = None
    return " ".join(" ".join(pieces).split())


def _shield(rest: str, *, forgive: bool) -> str:
    """Put in quotation marks what would be understood if the rest were typed anew: it was not meant here."""
    for _ in range(ROUNDS):
        reading = _read(rest, forgive=forgive)
        held = hold_names(reading)
        matches = settle(reading, list(_find_matches(reading, held)), held)
        if not matches:
            return rest
        pieces: list[str] = []
        end = 0
        for match in matches:
            first, last = reading.tokens[match.start].start, reading.tokens[match.end - 1].end
            pieces += [rest[end:first], f'"{rest[first:last]}"']
            end = last
        rest = "".join([*pieces, rest[end:]])
    plain = " ".join(rest.replace('"', " ").split())
    return f'"{plain}"'
