"""Judged searches whose words leave listings alike: which of them will people want in the days to come?

How they were made: the typed queries of `judged_queries`, of what at least LEAST listings answer. Each listing has a
simulated log of interest since it was listed (see `simulated_interest`: nobody clicked). What happened until today is
what the ranking may know; the interest of the days that follow grades the listings that answer the query: 3 for the
tenth of most interest, 2 for the next two tenths, 1 for the others. What does not answer it is wrong.
Invariant: no grade uses the date, the score or any other part of a ranking, and a log follows from its listing's name.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from evaluation.corpus import Known
from evaluation.judged_queries import Judged
from evaluation.simulated_interest import AHEAD, draw_events
from nyumba.trending import scores
from nyumba.trending.publishing import publish_trends

LEAST = 20


@dataclass(frozen=True, slots=True)
class Log:
    """What happened to a listing, and how much interest there will be."""

    past: list[tuple[str, date]]
    future: float


def simulate_logs(corpus: Mapping[str, Known], today: date) -> dict[str, Log]:
    """A log of each listing, from the day on which it was listed."""
    listed = {name: known.record.created_at for name, known in corpus.items()}
    return {name: _simulate(name, moment.date(), today) for name, moment in listed.items() if moment is not None}


def _simulate(name: str, listed: date, today: date) -> Log:
    age = (today - listed).days
    events = draw_events(Random(f"interest/{name}"), -age, range(-age, AHEAD + 1))  # noqa: S311  (no secret)
    past = [(kind, today + timedelta(days=day)) for kind, day in events if day <= 0]
    return Log(past, sum(scores.WEIGHTS[kind] for kind, day in events if day > 0))


def judge_interest(searches: Iterable[Judged], logs: Mapping[str, Log]) -> list[Judged]:
    """The searches that many listings answer, graded by interest to come."""
    return [replace(one, grades=_grade(one.grades, logs)) for one in searches if len(one.grades) >= LEAST]


def _grade(right: Iterable[str], logs: Mapping[str, Log]) -> dict[str, int]:
    ordered = sorted(right, key=lambda name: (-logs[name].future, name))
    tenth = math.ceil(len(ordered) / 10)
    return {name: 3 if place < tenth else 2 if place < 3 * tenth else 1 for place, name in enumerate(ordered)}


async def write_logs(engine: AsyncEngine, logs: Mapping[str, Log]) -> None:
    """Let the product know what happened, as if it had noted each event on its day, and tell the index of it."""
    noted = {name: log.past for name, log in logs.items() if log.past}
    rows: Sequence[Mapping[str, object]] = [
        {"name": name, "score": scores.score(past), "weight": sum(scores.WEIGHTS[kind] for kind, _ in past)}
        for name, past in noted.items()
    ]
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO property_trends (property_id, score, weight)"
                " SELECT id, :score, :weight FROM properties WHERE source_id = :name"
            ),
            rows,
        )
    await publish_trends(engine, most=len(rows))
