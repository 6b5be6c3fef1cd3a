"""Judged searches: what somebody types, and how well each listing answers it.

How they were made: the typed queries and what they ask for were written by the project's engineers before the rules of
interpretation (typed_queries.toml says how, and how they are halved). The grades are derived: a listing that has all
that is asked for is right, by its fields and, for what is no field, by its words; one that lacks something is wrong.
`no answer` are queries for what is not in any listing: the right page is an empty one.
Invariant: nobody looked at a ranking to make a grade.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation.corpus import Known
from evaluation.typed_queries import Half, JudgedQuery, load_queries
from nyumba.search.folding import fold

KINDS = {"english": "place and type", "price": "price words"}
HALVES: tuple[Half, ...] = ("rules", "held_out")
PLACES = ("neighborhood", "city", "place")
NO_ANSWER = (
    "igloo in kilimani",
    "houseboat for rent in westlands",
    "castle with moat nairobi",
    "apartment with helipad in karen",
    "treehouse for sale nyali",
    "2 bedroom apartment with ice rink",
    "nyumba yenye bustani ya barafu",
    "plot with oil well kitengela",
    "bungalow with observatory runda",
    "office with planetarium upper hill",
    "lighthouse mombasa",
    "vineyard estate for sale in ruiru",
)

Check = Callable[[Known, Any], bool]


@dataclass(frozen=True, slots=True)
class Judged:
    """A query with the grades of all listings that have one."""

    query: str
    kind: str
    half: str
    grades: dict[str, int] = field(repr=False)


def judge_queries(corpus: Mapping[str, Known]) -> list[Judged]:
    """All queries that something on the market answers, and those that nothing should."""
    judged = []
    for half in HALVES:
        for query in load_queries(half):
            if query.want.keys() <= CHECKS.keys() and (grades := _grade_all(query, corpus)):
                judged += [Judged(query.q, KINDS.get(query.kind, query.kind), half, grades)]
    return judged + [Judged(query, "no answer", HALVES[number % 2], {}) for number, query in enumerate(NO_ANSWER)]


def _grade_all(query: JudgedQuery, corpus: Mapping[str, Known]) -> dict[str, int]:
    grades = {known.id: _grade(query, known) for known in corpus.values()}
    return {name: grade for name, grade in grades.items() if grade}


def _grade(query: JudgedQuery, known: Known) -> int:
    wanted = dict(query.want)
    if not all(_is_in(known, wanted.pop(name)) for name in PLACES if name in wanted):
        return 0
    if not all(fold(word) in known.text for word in query.rest.split()):
        return 0
    return int(all(CHECKS[name](known, value) for name, value in wanted.items()))


def _is_in(known: Known, places: list[str]) -> bool:
    where = {fold(place) for place in (known.record.neighborhood, known.record.city) if place}
    return any(fold(place) in where for place in places)


def _has_all(known: Known, words: list[str]) -> bool:
    return set(words) <= {*known.record.amenities, *known.record.features}


def _at_least(name: str) -> Check:
    return lambda known, least: (getattr(known.record, name) or 0) >= least


def _at_most(name: str) -> Check:
    return lambda known, most: (value := getattr(known.record, name)) is not None and value <= most


CHECKS: dict[str, Check] = {
    **dict.fromkeys(PLACES, _is_in),
    "property_type": lambda known, types: known.record.property_type in types,
    "listing_type": lambda known, one: known.record.listing_type == one,
    "bedrooms": lambda known, counts: known.record.bedrooms in counts,
    "bedrooms_min": _at_least("bedrooms"),
    "bathrooms_min": _at_least("bathrooms"),
    "price_min": _at_least("price"),
    "price_max": _at_most("price"),
    "square_meters_min": _at_least("square_meters"),
    "square_meters_max": _at_most("square_meters"),
    "amenities": _has_all,
    "features": _has_all,
    "sort": lambda *_: True,
}
