"""Judged searches from where somebody stands.

How they were made: the typed queries that name no place and that at least LEAST listings answer, each asked from the
estate of one of those, which a hash draws. Grades are derived from the generator's own places, which it knows also of
listings without coordinates: of what answers the query, 3 in that estate, 2 within NEAR_M of it, 1 elsewhere.
Invariant: what stands in the index, coordinates included, makes no grade.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from evaluation.corpus import Known
from evaluation.judged_interest import LEAST
from evaluation.judged_queries import HALVES, PLACES, Judged
from evaluation.typed_queries import load_queries
from nyumba.search.distances import measure_distance
from nyumba.seed.places import Place

NEAR_M = 3_000

Point = tuple[float, float]  # latitude and longitude


def judge_nearby(searches: Iterable[Judged], corpus: Mapping[str, Known]) -> tuple[list[Judged], dict[str, Point]]:
    """The searches without a place, graded from somewhere, and from where."""
    placeless = {query.q for half in HALVES for query in load_queries(half) if not query.want.keys() & set(PLACES)}
    judged, points = [], {}
    for one in searches:
        if one.query in placeless and len(one.grades) >= LEAST:
            drawn = min(one.grades, key=lambda name: hashlib.sha256(f"{one.query}/{name}".encode()).digest())
            here = corpus[drawn].listing.place
            points[one.query] = here.at
            judged.append(replace(one, grades={name: _grade(here, corpus[name].listing.place) for name in one.grades}))
    return judged, points


def _grade(here: Place, there: Place) -> int:
    if here == there:
        return 3
    return 2 if measure_distance(*here.at, *there.at) <= NEAR_M else 1
