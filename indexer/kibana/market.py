"""The dashboard "Market": what is offered, where, and at what price."""

from typing import Literal

from indexer.kibana.panels import COLOURS, COUNT_AXIS, Json, Panel, Sources, ask, build_panel, count_by, only

ESTATES = 8
SHOWN_TYPES = 5
LISTING_TYPES: dict[Literal["sale", "rent"], str] = {"sale": "for sale", "rent": "to let"}


def build_market(sources: Sources) -> list[Panel]:
    """In the order of the dashboard."""
    return [
        *(_price_per_m2(sources, listing_type) for listing_type in LISTING_TYPES),
        _types_and_statuses(sources),
        _new_listings(sources),
        *(_median_price(sources, listing_type) for listing_type in LISTING_TYPES),
    ]


def _price_per_m2(sources: Sources, listing_type: Literal["sale", "rent"]) -> Panel:
    months: Json = {
        "date_histogram": {"field": "listed_at", "calendar_interval": "month"},
        "aggs": {"price": {"percentiles": {"field": "price_per_m2", "percents": [50]}}},
    }
    estates = {**count_by("neighborhood.shown", ESTATES), "aggs": {"months": months}}
    built = {"filter": {"bool": {"must_not": {"term": {"property_type": "land"}}}}, "aggs": {"estates": estates}}
    data = ask(
        sources.properties,
        {"offered": only("listing_type", listing_type, {"built": built})},
        "offered.built.estates.buckets",
        time_field="listed_at",
    )
    chart: Json = {
        "data": data,
        "transform": [
            {"flatten": ["months.buckets"], "as": ["month"]},
            {"calculate": "datum.month.price.values['50.0']", "as": "price"},
            {"filter": "isValid(datum.price)"},
        ],
        "mark": {"type": "line", "point": True, "tooltip": True},
        "encoding": {
            "x": {"field": "month.key", "type": "temporal", "timeUnit": "utcyearmonth", "axis": {"title": None}},
            "y": {
                "field": "price",
                "type": "quantitative",
                "scale": {"zero": False},
                "axis": {"title": "KES for a m²", "format": ",.0f"},
            },
            "color": {"field": "key", "type": "nominal", "scale": COLOURS, "legend": {"title": None}},
        },
    }
    return build_panel(
        f"price-per-m2-{listing_type}",
        f"Median price of a m² by estate and month, {LISTING_TYPES[listing_type]}",
        f"What a built m² costs in the {ESTATES} estates with most listings, by the month of listing. Only what is "
        "still on the market counts, and no land.",
        chart,
    )


def _types_and_statuses(sources: Sources) -> Panel:
    types = {**count_by("property_type", SHOWN_TYPES), "aggs": {"statuses": count_by("status", 5)}}
    chart: Json = {
        "data": ask(sources.properties, {"types": types}, "types.buckets"),
        "transform": [{"flatten": ["statuses.buckets"], "as": ["status"]}],
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": {"field": "key", "type": "nominal", "sort": "-x", "axis": {"title": None}},
            "x": {"field": "status.doc_count", "type": "quantitative", "axis": {**COUNT_AXIS, "title": "listings"}},
            "color": {"field": "status.key", "type": "nominal", "scale": COLOURS, "legend": {"title": None}},
        },
    }
    return build_panel(
        "types-and-statuses",
        "Listings on the market by type and status",
        "What is offered now, and how much of it is under offer. The time picker has no say.",
        chart,
    )


def _new_listings(sources: Sources) -> Panel:
    weeks: Json = {
        "date_histogram": {"field": "listed_at", "calendar_interval": "week"},
        "aggs": {"offered": count_by("listing_type", 2)},
    }
    chart: Json = {
        "data": ask(sources.properties, {"weeks": weeks}, "weeks.buckets", time_field="listed_at"),
        "transform": [
            {"flatten": ["offered.buckets"], "as": ["offered_as"]},
            {"calculate": "datum.offered_as.key === 'sale' ? 'for sale' : 'to let'", "as": "offer"},
        ],
        "mark": {"type": "bar", "tooltip": True, "width": {"band": 0.8}},
        "encoding": {
            "x": {
                "field": "key",
                "type": "temporal",
                "timeUnit": "utcyearweek",
                "axis": {"title": None, "format": "%d %b"},
            },
            "y": {"field": "offered_as.doc_count", "type": "quantitative", "axis": {**COUNT_AXIS, "title": "listings"}},
            "color": {"field": "offer", "type": "nominal", "scale": COLOURS, "legend": {"title": None}},
        },
    }
    return build_panel(
        "new-listings",
        "New listings by week",
        "How many listings of each week are still on the market, for sale and to let.",
        chart,
    )


def _median_price(sources: Sources, listing_type: Literal["sale", "rent"]) -> Panel:
    prices = {"price": {"percentiles": {"field": "price", "percents": [25, 50, 75]}}}
    types = {**count_by("property_type", SHOWN_TYPES), "aggs": prices}
    percentiles = {"low": "25.0", "median": "50.0", "high": "75.0"}
    ruler: Json = {"title": "KES", "format": "~s"}
    chart: Json = {
        "data": ask(
            sources.properties,
            {"offered": only("listing_type", listing_type, {"types": types})},
            "offered.types.buckets",
        ),
        "transform": [
            {"calculate": f"datum.price.values['{percentile}']", "as": name} for name, percentile in percentiles.items()
        ],
        "encoding": {"y": {"field": "key", "type": "nominal", "axis": {"title": None}}},
        "layer": [
            {
                "mark": {"type": "bar", "size": 14, "opacity": 0.5, "tooltip": True},
                "encoding": {
                    "x": {"field": "low", "type": "quantitative", "axis": ruler, "scale": {"zero": False}},
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "tick", "thickness": 3, "size": 22, "color": "#333", "tooltip": True},
                "encoding": {"x": {"field": "median", "type": "quantitative", "axis": ruler}},
            },
        ],
    }
    return build_panel(
        f"prices-{listing_type}",
        f"Prices by type, {LISTING_TYPES[listing_type]}",
        "The middle half of the prices of each type, with the median, of what is on the market now.",
        chart,
    )
