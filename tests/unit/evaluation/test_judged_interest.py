"""Judgements of what people will want, and of what is near."""

from datetime import date

import pytest

from evaluation.corpus import Known, build_corpus
from evaluation.judged_interest import LEAST, judge_interest, simulate_logs
from evaluation.judged_nearby import judge_nearby
from evaluation.judged_queries import Judged, judge_queries

TODAY = date(2026, 6, 1)
COUNT = 300


@pytest.fixture(scope="module")
def corpus() -> dict[str, Known]:
    return build_corpus(COUNT, TODAY)


def test_log_follows_from_the_name_and_hides_its_future(corpus: dict[str, Known]) -> None:
    logs = simulate_logs(corpus, TODAY)
    assert logs == simulate_logs(corpus, TODAY)
    assert logs.keys() == corpus.keys()
    assert all(day <= TODAY for log in logs.values() for _, day in log.past)
    assert len({log.future for log in logs.values()}) > 10


def test_most_wanted_tenth_is_graded_highest_and_what_few_answer_is_left_out(corpus: dict[str, Known]) -> None:
    logs = simulate_logs(corpus, TODAY)
    names = sorted(corpus)[: LEAST + 10]
    many, few = Judged("many", "place", "rules", dict.fromkeys(names, 1)), Judged("few", "place", "rules", {"x": 1})
    (judged,) = judge_interest([many, few], logs)
    by_grade = {grade: [logs[name].future for name in names if judged.grades[name] == grade] for grade in (3, 2, 1)}
    assert [len(futures) for futures in by_grade.values()] == [3, 6, 21]
    assert min(by_grade[3]) >= max(by_grade[2])
    assert min(by_grade[2]) >= max(by_grade[1])


def test_somebody_stands_in_the_estate_of_a_right_listing(corpus: dict[str, Known]) -> None:
    searches = judge_queries(corpus)
    judged, points = judge_nearby(searches, corpus)
    assert judged
    assert points.keys() == {one.query for one in judged}
    right = {one.query: one.grades.keys() for one in searches}
    for one in judged:
        assert one.grades.keys() == right[one.query]
        there = {name for name in one.grades if corpus[name].listing.place.at == points[one.query]}
        assert there == {name for name, grade in one.grades.items() if grade == 3} != set()
