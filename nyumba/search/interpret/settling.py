"""What the words of one query mean together: they narrow, contradict or repeat each other.

Invariant: what is contradicted stays text as a whole; a match is never applied in part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nyumba.search.interpret.measures import Setting
from nyumba.search.interpret.reading import Reading
from nyumba.search.interpret.vocabulary import Value

HOUSES = ("house", "townhouse")
DWELLINGS = ("house", "townhouse", "apartment")
LISTS = frozenset({"property_type", "bedrooms", "amenities", "features", "city", "neighborhood", "place"})
JOINS = frozenset({"or", "au", "/", "and", "na", "&", ","})
PAIRS = (("price_min", "price_max"), ("square_meters_min", "square_meters_max"))


@dataclass(frozen=True, slots=True)
class Match:
    """Tokens from `start` to before `end`, and what they ask for. `land` is the area of a plot."""

    start: int
    end: int
    settings: tuple[Setting, ...]
    land: bool = False


def settle(reading: Reading, matches: list[Match], held: Sequence[bool]) -> list[Match]:
    """The matches that hold beside each other, some of them narrowed."""
    if _has_building(reading, matches, held):
        matches = [match for match in matches if not match.land]
    if _is_one_thing(reading, matches):
        return [match for match in matches if not match.settings]
    return _drop_contradictions(_narrow_dwellings(_open_offers(reading, matches)))


def _is_one_thing(reading: Reading, matches: list[Match]) -> bool:
    """Whether nothing but one amenity is typed: as text it is found in titles and descriptions, too."""
    asked = [match.settings[0][0] for match in matches if match.settings]
    if len(asked) != 1 or asked[0] not in {"amenities", "features"}:
        return False
    matched = {at for match in matches for at in range(match.start, match.end)}
    return all(at in matched or _is_little(reading, at) for at in range(len(reading)))


def _is_little(reading: Reading, at: int) -> bool:
    return reading.tokens[at].kind == "mark" or reading.word(at) in reading.vocabulary.little


def _open_offers(reading: Reading, matches: list[Match]) -> list[Match]:
    """`for sale or rent` asks for nothing: whatever there is will do."""
    offers = [match for match in matches if _is_offer(match)]
    joined = any(
        one.settings != other.settings and _is_joined(reading, one.end, other.start) for one, other in pairwise(offers)
    )
    return [replace(match, settings=()) if joined and _is_offer(match) else match for match in matches]


def _is_offer(match: Match) -> bool:
    return any(param == "listing_type" for param, _ in match.settings)


def _is_joined(reading: Reading, start: int, end: int) -> bool:
    between = range(start, end)
    return any(reading.word(at) in JOINS for at in between) and all(_is_little(reading, at) for at in between)


def _has_building(reading: Reading, matches: list[Match], held: Sequence[bool]) -> bool:
    """Whether a building is asked for: the acres beside it are those of its plot."""
    buildings = reading.vocabulary.buildings
    named = any(reading.word(at) in buildings and not held[at] for at in range(len(reading)))
    return named or any(param.startswith("bedrooms") for match in matches for param, _ in match.settings)


def _narrow_dwellings(matches: list[Match]) -> list[Match]:
    """`nyumba` beside `apartment` is an apartment; `house` of one room or one bedroom is any dwelling."""
    small = any({0, 1} & set(values) for values in _collect(matches, "bedrooms"))
    houses = DWELLINGS if small else HOUSES
    types = [houses if values == HOUSES else values for values in _collect(matches, "property_type")]
    narrower = {value for values in types if values != DWELLINGS for value in values}
    dwellings = tuple(value for value in DWELLINGS if value in narrower)
    settled = []
    for match in matches:
        values = dict(match.settings).get("property_type")
        if values == HOUSES:
            settled.append(replace(match, settings=(("property_type", houses),)))
        elif values == DWELLINGS and dwellings:
            settled.append(replace(match, settings=(("property_type", dwellings),)))
        else:
            settled.append(match)
    return settled


def _collect(matches: list[Match], param: str) -> list[tuple[Value, ...]]:
    return [values for match in matches for name, values in match.settings if name == param]


def _drop_contradictions(matches: list[Match]) -> list[Match]:
    """Sale and rent at once is neither; of two prices the first counts; a bound that turns a range around does not."""
    offers = {value for values in _collect(matches, "listing_type") for value in values}
    chosen: dict[str, Value] = {}
    kept = []
    for match in matches:
        scalars = {name: values[0] for name, values in match.settings if name not in LISTS}
        if "listing_type" in scalars and len(offers) > 1:
            continue
        together = chosen | scalars
        if any(chosen.get(name, value) != value for name, value in scalars.items()) or _is_turned(together):
            continue
        chosen = together
        kept.append(match)
    return kept


def _is_turned(scalars: dict[str, Value]) -> bool:
    bounds = ((scalars.get(low), scalars.get(high)) for low, high in PAIRS)
    return any(isinstance(low, int | float) and isinstance(high, int | float) and low > high for low, high in bounds)
