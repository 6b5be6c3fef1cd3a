"""Towns, estates and counties: every way to write one, and the filter that finds it.

Invariant: a place that listings write in more than one way is asked for in all of them, so that its spelling in a row
never hides the row.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from nyumba.search.interpret.tokens import fold_word

PlaceParam = Literal["city", "neighborhood", "place"]


class _Spellings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    also: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()


class _Town(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    county: str
    around: str | None = None
    also: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    estates: tuple[str, ...] = ()

    @property
    def param(self) -> PlaceParam:
        return "place" if self.around else "city"


class Gazetteer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is."""

    common: frozenset[str]
    landmarks: tuple[str, ...]
    spellings: dict[str, _Spellings]
    towns: tuple[_Town, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place and its filter. `within` are the folded names that may follow it and add nothing."""

    param: PlaceParam
    values: tuple[str, ...]
    within: frozenset[str] = frozenset()
    common: bool = False


@cache
def load_gazetteer() -> Gazetteer:
    """All that the project knows of places."""
    data = tomllib.loads(files("nyumba.search.interpret").joinpath("gazetteer.toml").read_text(encoding="utf-8"))
    return msgspec.convert(data, Gazetteer)


def spell_places() -> Iterator[tuple[str, Place]]:
    """Every folded way to write a place, with the place."""
    gazetteer = load_gazetteer()
    for town in gazetteer.towns:
        parents = frozenset(map(fold_phrase, filter(None, (town.around, town.county))))
        place = Place(
            town.param, (town.name, *town.also), parents if town.around else frozenset(), town.name in gazetteer.common
        )
        for name in (*place.values, *town.typed):
            yield from ((phrase, place) for phrase in _vary(name))
    for name in sorted({name for town in gazetteer.towns for name in town.estates}):
        spellings = gazetteer.spellings.get(name, _Spellings())
        towns = frozenset(fold_phrase(town.name) for town in gazetteer.towns if name in town.estates)
        common = name in gazetteer.common
        place = Place("neighborhood", (name, *spellings.also), towns if common else frozenset(), common)
        for written in (*place.values, *spellings.typed):
            yield from ((phrase, place) for phrase in _vary(written))
    yield from _spell_counties(gazetteer)


def _spell_counties(gazetteer: Gazetteer) -> Iterator[tuple[str, Place]]:
    for county in sorted({town.county for town in gazetteer.towns}):
        towns = [town for town in gazetteer.towns if town.county == county]
        names = tuple(name for town in towns for name in (town.name, *town.also))
        place = Place(towns[0].param if len(towns) == 1 else "place", names)
        folded = fold_phrase(county)
        yield from ((phrase, place) for phrase in (f"{folded} county", f"county of {folded}", f"kaunti ya {folded}"))
        if county not in {town.name for town in gazetteer.towns}:
            yield folded, place


def fold_phrase(name: str) -> str:
    """As tokens compare it: words separated by a space."""
    return " ".join(fold_word(word) for word in name.replace("-", " ").split())


def _vary(name: str) -> set[str]:
    folded = fold_phrase(name)
    return {folded, folded.replace(" ", "")}
