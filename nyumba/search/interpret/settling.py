"""What the words of one query mean together: they narrow, contradict or repeat each other.

Invariant: what is contradicted stays text as a whole; a match is never applied in part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nyumba.search.interpret.measures import Setting
from nyumba.search.interpret.reading import Reading
from nyumba.search.interpret.vocabulary import Value

HOUSES = ("house", "townhouse")
DWELLINGS = ("house", "townhouse", "apartment")
LISTS = frozenset({"property_type", "bedrooms", "amenities", "features", "city", "neighborhood", "place"})
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
    return [] if _is_one_thing(reading, matches) else _drop_contradictions(_narrow_dwellings(matches))


def _is_one_thing(reading: Reading, matches: list[Match]) -> bool:
    """Whether nothing but one amenity is typed: as text it is found in titles and descriptions, too."""
    if len(matches) != 1 or matches[0].settings[0][0] not in {"amenities", "features"}:
        return False
    little = reading.vocabulary.little
    outside = (at for at in range(len(reading)) if not matches[0].start <= at < matches[0].end)
    return all(reading.tokens[at].kind == "mark" or reading.word(at) in little for at in outside)


def _has_building(reading: Reading, matches: list[Match], held: Sequence[bool]) -> bool:
    """Whether a building is asked for: the acres beside it are those of its plot."""
    buildings = reading.vocabulary.buildings
    named = any(reading.word(at) in buildings and not held[at] for at in range(len(reading)))
    return named or any(param.startswith("bedrooms") for match in matches for param, _ in match.settings)


def _narrow_dwellings(matches: list[Match]) -> list[Match]:
    """`nyumba` beside `apartment` is an apartment; `house` beside `bedsitter` is any dwelling."""
    types = _collect(matches, "property_type")
    single_room = any(0 in values for values in _collect(matches, "bedrooms"))
    narrower = {value for values in types if values != DWELLINGS for value in values}
    dwellings = tuple(value for value in DWELLINGS if value in narrower)
    settled = []
    for match in matches:
        values = dict(match.settings).get("property_type")
        if values == HOUSES and single_room:
            settled.append(replace(match, settings=(("property_type", DWELLINGS),)))
        elif values == DWELLINGS and dwellings and not single_room:
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
