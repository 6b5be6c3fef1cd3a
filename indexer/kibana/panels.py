"""What a panel is: a question, and a Vega-Lite chart of one query that answers it.

Invariant: a panel names its index and its query in full, so that tests send the same query to a real Elasticsearch; the
only words that Kibana replaces are %context% and %timefield%.
"""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
COUNT_AXIS: Json = {"format": ",.0f", "tickMinStep": 1, "title": None}
COLOURS: Json = {"scheme": "tableau10"}


@dataclass(frozen=True, slots=True)
class Sources:
    """What the panels read: the alias of properties, and the two streams."""

    properties: str
    searches: str
    events: str


@dataclass(frozen=True, slots=True)
class Panel:
    """`slug` is for ever: links and dashboards hold on to it. `question` is shown as the description."""

    slug: str
    title: str
    question: str
    spec: Json


def build_panel(slug: str, title: str, question: str, chart: Json) -> Panel:
    """A panel with what all have in common. Kibana shows the title, so the chart has none."""
    return Panel(slug, title, question, {"$schema": SCHEMA, **chart})


def ask(index: str, aggregations: Json, path: str, *, time_field: str | None = None, **body: Any) -> Json:  # noqa: ANN401
    """The data of a chart: the buckets at `path` of one search. With a time field, the time picker has a say."""
    time = {} if time_field is None else {"%timefield%": time_field}
    query = {"%context%": True, **time, "index": index, "body": {"size": 0, "aggs": aggregations, **body}}
    return {"url": query, "format": {"property": f"aggregations.{path}"}}


def count_by(field: str, size: int) -> Json:
    """The commonest values of a field."""
    return {"terms": {"field": field, "size": size}}


def only(field: str, value: str | bool, aggregations: Json) -> Json:  # noqa: FBT001  (a value to look for)
    """Aggregations over the documents with this value."""
    return {"filter": {"term": {field: value}}, "aggs": aggregations}


def bars(data: Json, *, field: str, title: str, value: str = "doc_count", transform: list[Json] | None = None) -> Json:
    """Horizontal bars, the longest first."""
    return {
        "data": data,
        "transform": transform or [],
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": {"field": field, "type": "nominal", "sort": "-x", "axis": {"title": None, "labelLimit": 220}},
            "x": {"field": value, "type": "quantitative", "axis": {**COUNT_AXIS, "title": title}},
        },
    }


def percentile_lines(data: Json, *, name: str, title: str) -> Json:
    """Lines of the 50th, 95th and 99th percentile that the aggregation `name` holds in every bucket."""
    values = [f"{name}.values['{percent}.0']" for percent in (50, 95, 99)]
    labels = ["half are below", "95 % are below", "99 % are below"]
    return {
        "data": data,
        "transform": [
            {"filter": "datum.doc_count > 0"},
            *({"calculate": f"datum.{value}", "as": label} for value, label in zip(values, labels, strict=True)),
            {"fold": labels, "as": ["share", "value"]},
        ],
        "mark": {"type": "line", "point": True, "tooltip": True},
        "encoding": {
            "x": {"field": "key", "type": "temporal", "axis": {"title": None}},
            "y": {"field": "value", "type": "quantitative", "axis": {"title": title}},
            "color": {"field": "share", "type": "nominal", "sort": labels, "scale": COLOURS, "legend": {"title": None}},
        },
    }
