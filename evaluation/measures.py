"""Scores of runs against judgements, by kind, and whether a difference is more than chance.

Invariant: a query without an answer is scored by whether its page is empty; it has no NDCG.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from ir_measures import iter_calc, nDCG
from scipy import stats

from evaluation.judged_queries import Judged

Run = Mapping[str, Sequence[str]]

NDCG = nDCG @ 10
DEPTH = 100
RESAMPLES = 9_999


class Figures(msgspec.Struct, frozen=True):
    """Of one run on the queries of one kind. Recall is of what could be among the first hundred."""

    queries: int
    ndcg_10: float
    recall_100: float
    empty: float


class Comparison(msgspec.Struct, frozen=True):
    """Ours against a baseline, query by query.

    The mean difference of NDCG@10, and how likely chance makes one as large (paired randomisation, two-sided).
    """

    baseline: str
    difference: float
    p_value: float


def score_queries(judged: Iterable[Judged], run: Run) -> dict[str, float]:
    """NDCG@10 of each query; 1 or 0 for those without an answer."""
    answered = {one.query: one.grades for one in judged if one.grades}
    ranked = {
        query: {name: float(len(names) - place) for place, name in enumerate(names)}
        for query, names in run.items()
        if query in answered
    }
    found = {metric.query_id: float(metric.value) for metric in iter_calc([NDCG], answered, ranked)}
    scores = {query: found.get(query, 0.0) for query in answered}
    return scores | {one.query: float(not run.get(one.query)) for one in judged if not one.grades}


def measure(judged: Sequence[Judged], run: Run) -> dict[str, Figures]:
    """Figures by kind, and of all of them."""
    scores = score_queries(judged, run)
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        kinds[one.kind].append(one)
        kinds["all"].append(one)
    return {kind: _average(ones, run, scores) for kind, ones in sorted(kinds.items())}


def _average(judged: Sequence[Judged], run: Run, scores: Mapping[str, float]) -> Figures:
    return Figures(
        len(judged),
        round(float(np.mean([scores[one.query] for one in judged])), 4),
        round(float(np.mean([_recall(one, run.get(one.query, ())) for one in judged])), 4),
        round(float(np.mean([not run.get(one.query) for one in judged])), 4),
    )


def _recall(one: Judged, names: Sequence[str]) -> float:
    if not one.grades:
        return float(not names)
    return sum(name in one.grades for name in names[:DEPTH]) / min(DEPTH, len(one.grades))


def compare(judged: Sequence[Judged], runs: Mapping[str, Run], ours: str = "ours") -> list[Comparison]:
    """Ours against each other run."""
    mine = score_queries(judged, runs[ours])
    order = sorted(mine)
    comparisons = []
    for name, run in runs.items():
        if name == ours:
            continue
        theirs = score_queries(judged, run)
        differences = np.array([mine[query] - theirs[query] for query in order])
        tested = stats.permutation_test(
            (differences,),
            np.mean,
            permutation_type="samples",
            n_resamples=RESAMPLES,
            vectorized=True,
            rng=np.random.default_rng(1),
        )
        comparisons.append(Comparison(name, round(float(differences.mean()), 4), round(float(tested.pvalue), 5)))
    return comparisons
