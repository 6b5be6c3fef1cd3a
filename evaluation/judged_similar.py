"""Judged pairs of similar listings.

How they were made: listings are drawn by a hash of their names, and grades are derived from the generator's own facts:
the kind (a bedsitter is no studio, a shop no office), the real place even where the listing has no coordinates, rooms
and the price. The index knows the kind only by words, and some places not at all. Grades are no opinion of people.
Invariant: which half a listing is in depends on its name alone.
"""

import hashlib
import math
from collections.abc import Mapping

from evaluation.corpus import Known
from evaluation.judged_queries import Judged
from nyumba.search.distances import measure_distance

NEAR_M = 3_000


def judge_similar(corpus: Mapping[str, Known], many: int) -> list[Judged]:
    """`many` listings with the grades of all that are like them."""
    drawn = sorted(corpus, key=lambda name: hashlib.sha256(f"similar/{name}".encode()).digest())[:many]
    judged = []
    for name in drawn:
        grades = {other: grade(corpus[name], corpus[other]) for other in corpus if other != name}
        grades = {other: value for other, value in grades.items() if value}
        if grades:
            half = "rules" if hashlib.sha256(name.encode()).digest()[0] % 2 else "held_out"
            judged.append(Judged(name, corpus[name].record.property_type, half, grades))
    return judged


def grade(one: Known, other: Known) -> int:
    """From 0 to 3.

    One for a near place and two for the same one, one for the same size, one for about the same price; less one.
    Another kind or market, or more than twice the price, is no match.
    """
    ours, theirs = one.listing, other.listing
    ratio = abs(math.log2(theirs.price / ours.price))
    if (ours.kind, ours.listing_type) != (theirs.kind, theirs.listing_type) or ratio > 1:
        return 0
    points = 2 if ours.place == theirs.place else int(_is_near(one, other))
    points += ours.bedrooms == theirs.bedrooms if ours.bedrooms is not None else _is_as_large(one, other)
    points += ratio <= math.log2(1.2)
    return max(0, int(points) - 1)


def _is_near(one: Known, other: Known) -> bool:
    (latitude, longitude), (their_latitude, their_longitude) = one.listing.place.at, other.listing.place.at
    return measure_distance(latitude, longitude, their_latitude, their_longitude) <= NEAR_M


def _is_as_large(one: Known, other: Known) -> bool:
    return abs(math.log2(other.listing.square_meters / one.listing.square_meters)) <= math.log2(1.25)
