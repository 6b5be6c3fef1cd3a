"""The measures, and the check that fails when a ranking becomes worse."""

from datetime import date

import pytest

from evaluation.judged_queries import Judged
from evaluation.measures import Comparison, Figures, compare, measure
from evaluation.ranking import MOST_LOST, Result, find_losses
from evaluation.simulated_interest import run_markets, simulate_market

JUDGED = [
    Judged("a", "place", "held_out", {"x": 2, "y": 1}),
    Judged("b", "place", "rules", {"x": 1}),
    Judged("c", "no answer", "rules", {}),
]


def test_perfect_page_scores_one_and_a_page_without_answers_should_be_empty() -> None:
    perfect = measure(JUDGED, {"a": ["x", "y"], "b": ["x"], "c": []})
    assert {kind: figures.ndcg_10 for kind, figures in perfect.items()} == {"place": 1, "no answer": 1, "all": 1}
    noisy = measure(JUDGED, {"a": ["y", "x"], "b": [], "c": ["z"]})
    assert noisy["no answer"] == Figures(1, 0, 0, 0)
    assert 0 < noisy["place"].ndcg_10 < 0.5
    assert noisy["place"].recall_100 == 0.5


def test_difference_is_told_from_chance() -> None:
    judged = [Judged(str(number), "place", "held_out", {"x": 1}) for number in range(20)]
    right = {one.query: ["x"] for one in judged}
    wrong = {one.query: ["y"] for one in judged}
    better, same = compare(judged, {"ours": right, "worse": wrong, "same": right})
    assert (better.difference, same.difference) == (1, 0)
    assert better.p_value < 0.01
    assert same.p_value == 1


@pytest.mark.parametrize(("now", "losses"), [(0.9, 0), (0.9 - MOST_LOST + 0.001, 0), (0.9 - MOST_LOST - 0.001, 1)])
def test_kind_that_falls_is_found(now: float, losses: int) -> None:
    def results(ndcg: float) -> dict[str, Result]:
        return {"search": Result({"ours": {"place": Figures(9, ndcg, 1, 0)}}, [Comparison("plain BM25", 0.5, 0.001)])}

    assert len(find_losses(results(0.9), results(now))) == losses


def test_simulated_market_follows_from_its_number_and_hides_its_future() -> None:
    (first, known), (again, _) = simulate_market(3), simulate_market(3)
    assert first == again
    today = max(day for interest in known.values() for _, day in interest.events)
    assert all(interest.listed <= today for interest in known.values())
    assert today < date(2026, 4, 1)
    assert {one.half for one in run_markets(range(2))[0]} == {"rules", "held_out"}
