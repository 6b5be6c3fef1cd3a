"""Request bodies for listings that nobody searched for: similar, trending and featured ones. Pure.

Invariant: all of them are on the market, and the id is the last key of every order.
"""

from datetime import datetime
from typing import Any

from nyumba.properties.schemas import PropertyRead
from nyumba.search.answers import SOURCE_FIELDS
from nyumba.search.filters import ON_THE_MARKET
from nyumba.search.promotion import order_by_draw
from nyumba.search.query import ID_LAST, TIME_LIMIT

CANDIDATES = 200
CHEAPEST, DEAREST = 0.5, 2.0

Body = dict[str, Any]


def build_candidates(prop: PropertyRead) -> Body:
    """Those that may be similar: the most promising by what the index can tell cheaply, to be compared one by one."""
    price = {"gte": CHEAPEST * prop.price, "lte": DEAREST * prop.price}
    filters = [ON_THE_MARKET, {"term": {"listing_type": prop.listing_type}}, {"range": {"price": price}}]
    query = {
        "bool": {
            "filter": filters,
            "must_not": [{"ids": {"values": [str(prop.id)]}}],
            "should": [_weigh(clause, weight) for clause, weight in _list_hints(prop)],
        }
    }
    return _ask(query, ["_score", ID_LAST], CANDIDATES)


def build_trending(filters: list[Body], limit: int) -> Body:
    """What most interest is in now; then what nobody has looked at yet, the newest first."""
    order: list[Any] = [{"trending": {"order": "desc", "missing": "_last"}}, {"listed_at": "desc"}, ID_LAST]
    return _ask({"bool": {"filter": [ON_THE_MARKET, *filters]}}, order, limit)


def build_featured(filters: list[Body], limit: int, now: datetime) -> Body:
    """What is featured, in an order that is drawn anew each hour: so each has its turn to be seen."""
    query = {"bool": {"filter": [ON_THE_MARKET, {"term": {"is_featured": True}}, *filters]}}
    return _ask(query, [order_by_draw(now), ID_LAST], limit)


def _ask(query: Body, order: list[Any], size: int) -> Body:
    return {
        "query": query,
        "sort": order,
        "size": size,
        "track_total_hits": True,
        "timeout": TIME_LIMIT,
        "_source": SOURCE_FIELDS,
    }


def _weigh(clause: Body, weight: float) -> Body:
    return {"constant_score": {"filter": clause, "boost": weight}}


def _list_hints(prop: PropertyRead) -> list[tuple[Body, float]]:
    """What speaks for being alike, roughly as nyumba.discovery.likeness weighs it."""
    near_price = {"gte": prop.price / 1.25, "lte": prop.price * 1.25}
    hints: list[tuple[Body, float]] = [
        ({"term": {"property_type": prop.property_type}}, 3),
        ({"range": {"price": near_price}}, 2),
        ({"match": {"title": prop.title}}, 0.5),
    ]
    if prop.latitude is not None:
        point = {"lat": prop.latitude, "lon": prop.longitude}
        hints += [({"geo_distance": {"distance": f"{m}m", "location": point}}, 2) for m in (1_500, 4_000, 10_000)]
    hints += [
        ({"term": {name: value}}, weight)
        for name, value, weight in (
            ("neighborhood", prop.neighborhood, 2),
            ("city", prop.city, 1),
            ("bedrooms", prop.bedrooms, 2),
            ("bathrooms", prop.bathrooms, 0.5),
        )
        if value is not None
    ]
    return hints + [({"term": {"amenities": name}}, 0.1) for name in prop.amenities]
