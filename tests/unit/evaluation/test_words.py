"""The judged sets, and that what people type is understood as well as it should be."""

import re
import tomllib

import pytest

from evaluation.typed_queries import QUERIES, Half, Part, load_queries
from evaluation.words import PARTS, score
from nyumba.search.interpret.gazetteer import load_gazetteer

LEAST = 0.9
HALVES: tuple[Half, ...] = ("rules", "held_out")


@pytest.mark.parametrize("part", PARTS)
def test_filters_are_precise_and_complete(part: Part) -> None:
    result = score(part)["all"]
    assert result.precision >= LEAST
    assert result.recall >= LEAST


def test_halves_partition_the_set_and_each_has_every_kind() -> None:
    queries = [query for half in HALVES for query in load_queries(half)]
    assert len(queries) == len({query.q for query in queries}) == len(tomllib.loads(QUERIES.read_text())["query"])
    assert len(queries) >= 160
    kinds = [{query.kind for query in load_queries(half)} for half in HALVES]
    assert kinds[0] == kinds[1]


def test_wanted_places_are_in_the_gazetteer() -> None:
    gazetteer = load_gazetteer()
    known = {town.name for town in gazetteer.towns} | {name for town in gazetteer.towns for name in town.estates}
    wanted = {
        name
        for part in PARTS
        for query in load_queries(part)
        for param in ("city", "neighborhood", "place")
        for name in query.want.get(param, [])
    }
    assert wanted <= known


def test_remaining_words_come_from_the_query() -> None:
    for part in PARTS:
        for query in load_queries(part):
            typed = query.q.lower()
            assert all(word in typed for word in re.findall(r"\S+", query.rest)), query.q
