"""How long something has waited, as people say it."""

import pytest

from indexer.advice import describe_age


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (119.9, "119.9 s"),
        (120, "2 min"),
        (7_199, "119 min"),
        (7_200, "2 h 0 min"),
        (180_061, "50 h 1 min"),
    ],
)
def test_age_is_said_in_the_unit_that_people_use(seconds: float, said: str) -> None:
    assert describe_age(seconds) == said
