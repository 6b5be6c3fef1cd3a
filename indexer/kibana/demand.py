"""The dashboard "Demand and search quality": what people look for, and whether they find it."""

from indexer.kibana.panels import COUNT_AXIS, Json, Panel, Sources, ask, bars, build_panel, count_by, only

TIME = "@timestamp"
AREAS = 15
QUERIES = 15
POSITIONS = 20
# What was typed as an area, folded as the index folds its own. Painless knows no accents, nor do Kenya's estates.
AREA = {
    "area": {
        "type": "keyword",
        "script": "for (String name : doc['query_attributes.neighborhood']) { emit(name.toLowerCase()) }",
    }
}


def build_demand(sources: Sources) -> list[Panel]:
    """In the order of the dashboard."""
    return [
        _supply_and_demand(sources),
        _searches_by_day(sources),
        _zero_result_queries(sources),
        _popular_queries(sources),
        _clicks_by_position(sources),
        _click_rate_by_position(sources),
        _filters(sources),
    ]


def _supply_and_demand(sources: Sources) -> Panel:
    searched = ask(
        sources.searches, {"areas": count_by("area", 500)}, "areas.buckets", time_field=TIME, runtime_mappings=AREA
    )
    offered = ask(sources.properties, {"areas": count_by("neighborhood", 500)}, "areas.buckets")
    chart: Json = {
        "data": offered,
        "transform": [
            {"lookup": "key", "from": {"data": searched, "key": "key", "fields": ["doc_count"]}, "as": ["found"]},
            {"calculate": "datum.found || 0", "as": "searches"},
            {
                "joinaggregate": [
                    {"op": "sum", "field": "doc_count", "as": "all_listings"},
                    {"op": "sum", "field": "searches", "as": "all_searches"},
                ]
            },
            {"calculate": "datum.doc_count / datum.all_listings", "as": "of the listings"},
            {"calculate": "datum.searches / max(1, datum.all_searches)", "as": "of the searches"},
            {"window": [{"op": "row_number", "as": "rank"}], "sort": [{"field": "searches", "order": "descending"}]},
            {"filter": f"datum.rank <= {AREAS}"},
            {"fold": ["of the searches", "of the listings"], "as": ["what", "share"]},
        ],
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": {
                "field": "key",
                "type": "nominal",
                "sort": {"field": "rank", "order": "ascending"},
                "axis": {"title": None},
            },
            "yOffset": {"field": "what", "sort": "descending"},
            "x": {"field": "share", "type": "quantitative", "axis": {"title": "share", "format": ".0%"}},
            "color": {
                "field": "what",
                "type": "nominal",
                "scale": {"domain": ["of the searches", "of the listings"], "range": ["#f58518", "#4c78a8"]},
                "legend": {"title": None},
            },
        },
    }
    return build_panel(
        "supply-and-demand",
        "Supply against demand by area",
        f"The {AREAS} areas that are asked for most: their share of the searches that name an area with listings, "
        "beside their share of the listings. Where the first is longer, supply is short.",
        chart,
    )


def _searches_by_day(sources: Sources) -> Panel:
    days: Json = {
        "date_histogram": {"field": TIME, "calendar_interval": "day"},
        "aggs": {"empty": {"filter": {"term": {"query_attributes.zero_results": True}}}},
    }
    day: Json = {"field": "key", "type": "temporal", "axis": {"title": None}}
    chart: Json = {
        "data": ask(sources.searches, {"days": days}, "days.buckets", time_field=TIME),
        "transform": [
            {"calculate": "datum.doc_count - datum.empty.doc_count", "as": "found something"},
            {"calculate": "datum.empty.doc_count", "as": "found nothing"},
            {"fold": ["found something", "found nothing"], "as": ["outcome", "searches"]},
        ],
        "mark": {"type": "bar", "tooltip": True, "width": {"band": 0.8}},
        "encoding": {
            "x": {**day, "timeUnit": "utcyearmonthdate"},
            "y": {"field": "searches", "type": "quantitative", "axis": {**COUNT_AXIS, "title": "searches"}},
            "color": {
                "field": "outcome",
                "type": "nominal",
                "scale": {"domain": ["found something", "found nothing"], "range": ["#4c78a8", "#e45756"]},
                "legend": {"title": None},
            },
        },
    }
    return build_panel(
        "searches-by-day",
        "Searches by day, and how many found nothing",
        "How much Nyumba is used, and how often it has no answer.",
        chart,
    )


def _zero_result_queries(sources: Sources) -> Panel:
    empty = only("query_attributes.zero_results", True, {"queries": count_by("user_query", QUERIES)})  # noqa: FBT003
    data = ask(sources.searches, {"empty": empty}, "empty.queries.buckets", time_field=TIME)
    return build_panel(
        "zero-result-queries",
        "Queries that found nothing",
        "What people typed most often without a single result: words to learn, or listings to win.",
        bars(data, field="key", title="searches without a result"),
    )


def _popular_queries(sources: Sources) -> Panel:
    data = ask(sources.searches, {"queries": count_by("user_query", QUERIES)}, "queries.buckets", time_field=TIME)
    return build_panel(
        "popular-queries",
        "Most frequent queries",
        "What people type most often.",
        bars(data, field="key", title="searches"),
    )


def _positions() -> Json:
    actions = {name: {"filter": {"term": {"action_name": name}}} for name in ("click", "impression")}
    ordinals = {"field": "event_attributes.position.ordinal", "interval": 1, "min_doc_count": 1}
    return {"positions": {"histogram": ordinals, "aggs": actions}}


def _clicks_by_position(sources: Sources) -> Panel:
    data = ask(sources.events, _positions(), "positions.buckets", time_field=TIME)
    chart: Json = {
        "data": data,
        "transform": [{"filter": f"datum.key <= {POSITIONS}"}],
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": {"field": "key", "type": "ordinal", "axis": {"title": "position in the list", "labelAngle": 0}},
            "y": {"field": "click.doc_count", "type": "quantitative", "axis": {**COUNT_AXIS, "title": "clicks"}},
        },
    }
    return build_panel(
        "clicks-by-position",
        "Clicks by position in the list",
        "Where in the list people find what they open: the further to the left, the better the order.",
        chart,
    )


def _click_rate_by_position(sources: Sources) -> Panel:
    data = ask(sources.events, _positions(), "positions.buckets", time_field=TIME)
    chart: Json = {
        "data": data,
        "transform": [
            {"filter": f"datum.key <= {POSITIONS} && datum.impression.doc_count > 0"},
            {"calculate": "datum.click.doc_count / datum.impression.doc_count", "as": "rate"},
        ],
        "mark": {"type": "line", "point": True, "tooltip": True},
        "encoding": {
            "x": {"field": "key", "type": "ordinal", "axis": {"title": "position in the list", "labelAngle": 0}},
            "y": {
                "field": "rate",
                "type": "quantitative",
                "axis": {"title": "clicks for an impression", "format": ".0%"},
            },
        },
    }
    return build_panel(
        "click-rate-by-position",
        "Click rate by position in the list",
        "Of those who saw a result at a position, how many opened it. Positions are seen unequally: compare shapes.",
        chart,
    )


def _filters(sources: Sources) -> Panel:
    data = ask(sources.searches, {"used": count_by("query_attributes.filters", 25)}, "used.buckets", time_field=TIME)
    return build_panel(
        "filters",
        "Filters that people use",
        "In how many searches each filter was set, typed or chosen.",
        bars(data, field="key", title="searches"),
    )
