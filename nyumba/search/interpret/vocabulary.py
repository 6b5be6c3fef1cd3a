"""What known words mean: the table of `vocabulary.toml` with the places, as one set of phrases.

Invariant: a phrase means one thing; where two tables claim it, the first of the order below has it.
"""

import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

import msgspec

from nyumba.search.interpret.gazetteer import Place, load_gazetteer, spell_places
from nyumba.search.interpret.numbers import NUMBER_WORDS
from nyumba.search.interpret.phrases import Phrases

Value = str | int | float


class Words(msgspec.Struct, frozen=True):
    """Words that say exactly what a parameter says."""

    param: str
    values: tuple[Value, ...]
    phrases: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    filter: tuple[Words, ...]
    units: dict[str, tuple[str, ...]]
    bounds: dict[str, tuple[str, ...]]
    pointing: dict[str, tuple[str, ...]]
    text: dict[str, tuple[str, ...]]
    joining: dict[str, frozenset[str]]
    ordinary: dict[str, tuple[str, ...]]


@dataclass(slots=True)
class Meaning:
    """All that a phrase can be; which of it, its neighbours decide."""

    words: Words | None = None
    place: Place | None = None
    unit: str | None = None
    roles: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Phrases, and the sets of single words that the rules look at."""

    phrases: Phrases[Meaning]
    little: frozenset[str]
    before_place: frozenset[str]
    after_place: frozenset[str]
    ends_name: frozenset[str]
    buildings: frozenset[str]


@cache
def load_vocabulary() -> Vocabulary:
    """The one vocabulary; it is built when first needed."""
    data = tomllib.loads(files("nyumba.search.interpret").joinpath("vocabulary.toml").read_text(encoding="utf-8"))
    file = msgspec.convert(data, _File)
    meanings: dict[str, Meaning] = {}
    for phrase, name, value in _list_entries(file):
        meaning = meanings.setdefault(phrase, Meaning())
        if name == "role":
            meaning.roles.add(value)
        elif getattr(meaning, name) is None:
            setattr(meaning, name, value)
    ordinary = [
        *chain(*file.ordinary.values()),
        *file.joining["little"],
        *file.joining["after_place"],
        *file.text["names_end"],
        *NUMBER_WORDS,
    ]
    return Vocabulary(
        phrases=Phrases(meanings.items(), ordinary),
        little=file.joining["little"],
        before_place=file.joining["places"],
        after_place=file.joining["after_place"],
        ends_name=frozenset(file.text["names_end"]),
        buildings=frozenset(file.text["buildings"]),
    )


def _list_entries(file: _File) -> Iterator[tuple[str, str, Any]]:
    """Phrase, attribute of its meaning, and value."""
    for words in file.filter:
        yield from ((phrase, "words", words) for phrase in words.phrases)
    for phrase, place in spell_places():
        yield phrase, "place", place
    for unit, phrases in file.units.items():
        yield from ((phrase, "unit", unit) for phrase in phrases)
    roles: dict[str, Collection[str]] = {**file.bounds, **file.pointing, "text": file.text["compounds"]}
    roles |= {name: file.text[name] for name in ("foreign", "numbered")}
    roles["nothing"] = file.joining["nothing"]
    for role, named in roles.items():
        yield from ((phrase, "role", role) for phrase in named)
    for landmark in load_gazetteer().landmarks:
        yield landmark, "role", "text"
