"""The rankings stay as good as they were kept, and better than their baselines. `make eval` prints all figures."""

import pytest

from evaluation.ranking import SMALL, Results, evaluate, find_losses, read_kept, render
from nyumba.settings import Settings


@pytest.fixture
async def results(settings: Settings) -> Results:
    return await evaluate(settings, SMALL)


async def test_no_kind_of_query_has_become_worse_and_each_ranking_beats_its_baselines(results: Results) -> None:
    assert find_losses(read_kept(SMALL), results) == [], render(results)
    for task, result in results.items():
        for one in result.held_out:
            assert one.difference > 0, f"{task} against {one.baseline}"
            assert one.p_value < 0.01, f"{task} against {one.baseline}"
