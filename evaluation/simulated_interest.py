"""A simulated log of interest whose future is known, for measuring what is trending. It is simulated: nobody clicked.

How it was made: each listing has a lasting appeal (log-normal); interest is highest in its first days and halves every
ten; one in eight has a burst of a few days, as after a price cut. Views are Poisson draws of that, some become saves
and fewer contacts. Judged is the interest of the three days that follow, of which no ranking sees anything.
Invariant: a market follows from its number alone, and which half it is in from that number.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from evaluation.judged_queries import Judged
from nyumba.trending import scores

LISTINGS = 300
DAYS = 90
AHEAD = 3
FIRST_DAY = date(2026, 1, 1)

Event = tuple[str, date]
Ranking = Callable[["Interest"], float]


@dataclass(frozen=True, slots=True)
class Interest:
    """What is known of a listing on the day of the ranking."""

    listed: date
    events: list[Event]


def simulate_market(number: int) -> tuple[Judged, dict[str, Interest]]:
    """The grades of a market's listings by their interest in the days to come, and what was known before."""
    rng = Random(f"interest/{number}")  # noqa: S311  (no secret)
    today = rng.randrange(30, DAYS - AHEAD)
    known: dict[str, Interest] = {}
    future: dict[str, float] = {}
    for index in range(LISTINGS):
        listed, events = _simulate_listing(rng)
        if listed > today:
            continue
        name = f"{number}-{index}"
        past = [(kind, FIRST_DAY + timedelta(days=day)) for kind, day in events if day <= today]
        known[name] = Interest(FIRST_DAY + timedelta(days=listed), past)
        future[name] = sum(scores.WEIGHTS[kind] for kind, day in events if today < day <= today + AHEAD)
    half = "rules" if number % 2 else "held_out"
    return Judged(str(number), "trending", half, _grade(future)), known


def _simulate_listing(rng: Random) -> tuple[int, list[tuple[str, int]]]:
    listed = rng.randrange(-60, DAYS)
    return listed, draw_events(rng, listed, range(DAYS))


def draw_events(rng: Random, listed: int, days: range) -> list[tuple[str, int]]:
    """What happens on these days to a listing that is listed on a day, which may be before or among them."""
    appeal = rng.lognormvariate(0.5, 1.0)
    burst = rng.randrange(listed, listed + 90) if rng.random() < 0.125 else None
    events: list[tuple[str, int]] = []
    for day in range(max(days.start, listed), days.stop):
        age = day - listed
        expected = appeal * (0.3 + 2 * 2 ** (-age / 10))
        if burst is not None and burst <= day < burst + 6:
            expected *= 5
        for _ in range(_draw_poisson(rng, expected)):
            events.append(("view", day))
            if rng.random() < 0.05:
                events.append(("save", day))
            if rng.random() < 0.01:
                events.append(("contact", day))
    return events


def _draw_poisson(rng: Random, expected: float) -> int:
    limit, product, count = math.exp(-min(expected, 500)), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def _grade(future: dict[str, float]) -> dict[str, int]:
    """3 for the ten of most interest to come, 2 for the next ten, 1 for the ten after those."""
    ordered = sorted(future, key=lambda name: (-future[name], name))
    return {name: 3 - place // 10 for place, name in enumerate(ordered[:30]) if future[name] > 0}


def rank(known: dict[str, Interest], ranking: Ranking) -> list[str]:
    """The names, the highest first."""
    return sorted(known, key=lambda name: (-ranking(known[name]), name))


def by_trend(interest: Interest) -> float:
    """What the product does."""
    return scores.score(interest.events) or -math.inf


def by_all_time(interest: Interest) -> float:
    """The baseline: all interest that there ever was, however old."""
    return sum(scores.WEIGHTS[kind] for kind, _ in interest.events)


def by_age(interest: Interest) -> float:
    """The baseline: the newest first."""
    return float(interest.listed.toordinal())


RANKINGS: dict[str, Ranking] = {"ours": by_trend, "all-time popular": by_all_time, "newest first": by_age}


def run_markets(numbers: Iterable[int]) -> tuple[list[Judged], dict[str, dict[str, list[str]]]]:
    """Judgements of these markets, and each ranking's run."""
    judged, runs = [], {name: dict[str, list[str]]() for name in RANKINGS}
    for number in numbers:
        market, known = simulate_market(number)
        judged.append(market)
        for name, ranking in RANKINGS.items():
            runs[name][market.query] = rank(known, ranking)[:100]
    return judged, runs
