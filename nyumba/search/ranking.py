"""What comes first among listings that match: the text decides, and small things decide between equals.

Where all that was typed became filters there is no text to score, and the small things decide alone.
Invariant: a score is that of the text times at most 1 + the sum of WEIGHTS, so nothing that is new, popular or near
outranks a clearly better match; and `is_featured` is not among them. docs/evaluation.md has the measurement.
"""

import re
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any

from nyumba.search.answers import SearchItem
from nyumba.search.distances import tell_distance
from nyumba.search.folding import fold
from nyumba.search.text import split_words

WEIGHTS = {"freshness": 0.1, "popularity": 0.15, "nearness": 0.2}
HALF_AS_FRESH = "30d"
HALF_AS_NEAR = "3km"
LATELY_DAYS = 7
EAST_AFRICA = timezone(timedelta(hours=3))
NOTABLE_DROP_PCT = 3
POPULAR = 0.5  # 64 views
PHRASE_WEIGHT = 0.5

Query = dict[str, Any]


def rank(query: Query, now: datetime, *, point: tuple[float, float] | None) -> Query:
    """The same query, its scores multiplied. `point` is latitude and longitude, for nearness.

    Age counts from the end of the day, so that searches of one day are of one order, and nothing is younger than new.
    """
    functions: list[Query] = [
        {"weight": 1},
        {
            "_name": "freshness",
            "exp": {"listed_at": {"origin": _end_day(now), "scale": HALF_AS_FRESH, "decay": 0.5}},
            "weight": WEIGHTS["freshness"],
        },
        {
            "_name": "popularity",
            "field_value_factor": {"field": "popularity", "missing": 0},
            "weight": WEIGHTS["popularity"],
        },
    ]
    if point is not None:
        origin = {"lat": point[0], "lon": point[1]}
        functions.append(
            {
                "_name": "nearness",
                "filter": {"exists": {"field": "location"}},
                "exp": {"location": {"origin": origin, "scale": HALF_AS_NEAR, "decay": 0.5}},
                "weight": WEIGHTS["nearness"],
            }
        )
    return {"function_score": {"query": query, "functions": functions, "score_mode": "sum", "boost_mode": "multiply"}}


def prefer_phrase(text: str) -> Query | None:
    """A clause that adds to the score of what has the words side by side; None for a single word."""
    if len(text.split()) < 2:
        return None
    fields = ["title^2", "address", "description"]
    return {"multi_match": {"query": text, "type": "phrase", "fields": fields, "slop": 2, "boost": PHRASE_WEIGHT}}


def explain(
    item: SearchItem, distance_m: float | None, text: str | None, now: datetime, popularity: float = 0
) -> list[str]:
    """Why an item is where it is, in words; the strongest reason first. Days are those of East Africa."""
    reasons = []
    if distance_m is not None:
        reasons.append(tell_distance(distance_m))
    if words := _find_words(text, item.title):
        reasons.append(f"“{' '.join(words)}” in the title")
    elif words := _find_words(text, f"{item.neighborhood or ''} {item.city or ''} {item.address or ''}"):
        reasons.append(f"“{' '.join(words)}” in the address")
    elif words := _find_words(text, " ".join((*item.amenities, *item.features))):
        reasons.append(f"has {' '.join(words)}")
    if popularity >= POPULAR:
        reasons.append("many have looked at it")
    if item.price_drop_pct is not None and item.price_drop_pct >= NOTABLE_DROP_PCT:
        reasons.append(f"price cut {item.price_drop_pct:.0f} %")
    days = (now.astimezone(EAST_AFRICA).date() - item.listed_at.astimezone(EAST_AFRICA).date()).days
    if days < LATELY_DAYS:
        reasons.append("listed today" if days < 1 else f"listed {days} day{'s' if days > 1 else ''} ago")
    return reasons


def _end_day(now: datetime) -> str:
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), UTC).isoformat()


def _find_words(text: str | None, where: str) -> list[str]:
    """Those of the typed words that stand there, whole or in the plural."""
    there = _split(where)
    return [word for word in split_words(text or "") if _split(word) <= there]


def _split(text: str) -> set[str]:
    return {word.removesuffix("s") for word in re.findall(r"\w+", fold(text))}
