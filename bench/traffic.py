"""Made-up searches and events, always the same ones, in the form of the streams that dashboards read."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from nyumba.events.streams import APPLICATION

DAYS = 14
PAGE = 20
FOUND = [
    "2 bedroom apartment",
    "nyumba ya kupanga",
    "bedsitter",
    "studio with parking",
    "maisonette",
    "office",
    "shamba",
]
NOT_FOUND = ["kilmani penthaus", "beach plot in kisumu", "airbnb juja", "mansion with helipad", "container house"]
FILTERS = {"price_max": 0.5, "city": 0.35, "bedrooms": 0.4, "listing_type": 0.6, "property_type": 0.3, "amenities": 0.1}
OUTAGE_HOURS = range(9, 12)  # of the day before the last

Document = dict[str, Any]


def make_traffic(areas: list[str], until: datetime, *, searches: int) -> Iterator[tuple[Document, list[Document]]]:
    """Each search with what people did with its results. The first areas are asked for most."""
    chance = random.Random(7)  # noqa: S311  (chance for pictures is no secret)
    for _ in range(searches):
        at = until - timedelta(days=DAYS * chance.random())
        query_id = str(UUID(int=chance.getrandbits(128), version=4))
        is_slow = at.date() == (until - timedelta(days=1)).date() and at.hour in OUTAGE_HOURS
        search = _make_search(chance, areas, is_slow=is_slow)
        identity = {"@timestamp": at.isoformat(), "query_id": query_id, "application": APPLICATION}
        events = [] if search["query_attributes"]["zero_results"] else list(_make_events(chance))
        yield {**identity, **search}, [{**identity, **event} for event in events]


def _make_search(chance: random.Random, areas: list[str], *, is_slow: bool) -> Document:
    is_empty = chance.random() < 0.08
    area = areas[min(int(chance.expovariate(0.35)), len(areas) - 1)]
    used = [name for name, share in FILTERS.items() if chance.random() < share]
    names_area = chance.random() < 0.6
    attributes: Document = {
        "filters": used + ["neighborhood"] * names_area,
        "neighborhood": [area] * names_area,
        "sort": "relevance",
        "total": 0 if is_empty else chance.randint(1, 400),
        "took_ms": chance.lognormvariate(3.2 if is_slow else 2.0, 0.5),
        "index_lag_ms": chance.lognormvariate(9.5 if is_slow else 6.0, 0.6),
        "degraded": is_slow and chance.random() < 0.4,
        "zero_results": is_empty,
        "page": 1,
    }
    query = chance.choice(NOT_FOUND) if is_empty else chance.choice(FOUND[: chance.randint(1, len(FOUND))])
    return {"user_query": query, "query_attributes": attributes}


def _make_events(chance: random.Random) -> Iterator[Document]:
    for ordinal in range(1, PAGE + 1):
        if ordinal > 4 and chance.random() < 0.08:  # who scrolls on sees less and less
            return
        place = {"object": {"object_id": str(UUID(int=chance.getrandbits(128), version=4)), "object_id_field": "id"}}
        place["position"] = {"ordinal": ordinal}  # type: ignore[dict-item]  # the names are UBI's
        yield {"action_name": "impression", "event_attributes": place}
        if chance.random() < 0.22 / ordinal**0.8:
            yield {"action_name": "click", "event_attributes": place}
            if chance.random() < 0.1:
                yield {"action_name": chance.choice(["save", "contact"]), "event_attributes": place}
