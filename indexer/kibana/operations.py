"""The dashboard "Operations": is search fresh, fast and whole?"""

from indexer.kibana.panels import (
    COUNT_AXIS,
    Json,
    Panel,
    Sources,
    ask,
    build_panel,
    count_by,
    only,
    percentile_lines,
)

TIME = "@timestamp"


def build_operations(sources: Sources) -> list[Panel]:
    """In the order of the dashboard."""
    return [_index_lag(sources), _latency(sources), _degraded(sources), _traffic(sources)]


def _hours(aggregations: Json) -> Json:
    return {"hours": {"date_histogram": {"field": TIME, "calendar_interval": "hour"}, "aggs": aggregations}}


def _percentiles(field: str) -> Json:
    return {"percentiles": {"field": field, "percents": [50, 95, 99]}}


def _index_lag(sources: Sources) -> Panel:
    lag = _hours({"lag": _percentiles("query_attributes.index_lag_ms")})
    data = ask(sources.searches, lag, "hours.buckets", time_field=TIME)
    return build_panel(
        "index-lag",
        "Index lag that searches met, by hour",
        "How far the index was behind the database when people searched. Over a minute: see `nyumba-indexer status`.",
        percentile_lines(data, name="lag", title="ms behind PostgreSQL"),
    )


def _latency(sources: Sources) -> Panel:
    took = _hours({"took": _percentiles("query_attributes.took_ms")})
    data = ask(sources.searches, took, "hours.buckets", time_field=TIME)
    return build_panel(
        "search-time",
        "How long searches took, by hour",
        "The time from the request to the answer, inside the API.",
        percentile_lines(data, name="took", title="ms"),
    )


def _degraded(sources: Sources) -> Panel:
    share = _hours({"degraded": only("query_attributes.degraded", True, {})})  # noqa: FBT003
    chart: Json = {
        "data": ask(sources.searches, share, "hours.buckets", time_field=TIME),
        "transform": [
            {"filter": "datum.doc_count > 0"},
            {"calculate": "datum.degraded.doc_count / datum.doc_count", "as": "share"},
        ],
        "mark": {"type": "area", "line": True, "point": True, "tooltip": True, "color": "#e45756", "opacity": 0.5},
        "encoding": {
            "x": {"field": "key", "type": "temporal", "axis": {"title": None}},
            "y": {
                "field": "share",
                "type": "quantitative",
                "axis": {"title": "share of the searches", "format": ".0%"},
            },
        },
    }
    return build_panel(
        "degraded-searches",
        "Degraded searches by hour",
        "The share of the searches that were answered with less than they should be.",
        chart,
    )


def _traffic(sources: Sources) -> Panel:
    data = ask(sources.events, _hours({"actions": count_by("action_name", 5)}), "hours.buckets", time_field=TIME)
    chart: Json = {
        "data": data,
        "transform": [{"flatten": ["actions.buckets"], "as": ["action"]}],
        "mark": {"type": "line", "point": True, "tooltip": True},
        "encoding": {
            "x": {"field": "key", "type": "temporal", "axis": {"title": None}},
            "y": {
                "field": "action.doc_count",
                "type": "quantitative",
                "scale": {"type": "symlog"},
                "axis": {**COUNT_AXIS, "title": "events"},
            },
            "color": {"field": "action.key", "type": "nominal", "legend": {"title": None}},
        },
    }
    return build_panel(
        "events-by-hour",
        "Events by hour and kind",
        "Whether what people do with results arrives. A gap means that nobody came, or that nothing was recorded.",
        chart,
    )
