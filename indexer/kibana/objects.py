"""The saved objects of Kibana: data views, saved searches, panels and dashboards, as its import reads them.

Invariant: ids never change, so that an import replaces what an earlier one brought; and every reference is to an object
of the same import. The versions of the types are of the 8.x line: Kibana 9 migrates them by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from indexer.kibana.demand import build_demand
from indexer.kibana.market import build_market
from indexer.kibana.operations import build_operations
from indexer.kibana.panels import Json, Panel, Sources

CORE_VERSION = "8.8.0"
TYPE_VERSIONS = {"index-pattern": "8.0.0", "search": "8.0.0", "visualization": "8.5.0", "dashboard": "8.9.0"}
COLUMNS = 48
PANELS_IN_A_ROW = 2
PANEL_HEIGHT = 16
SEARCH_INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of panels, and the time that it opens with."""

    slug: str
    title: str
    description: str
    since: str
    panels: list[Panel]


def build_dashboards(sources: Sources) -> list[Dashboard]:
    """All that analysts open."""
    return [
        Dashboard("market", "Market", "What is offered, where, and at what price.", "now-1y", build_market(sources)),
        Dashboard(
            "demand",
            "Demand and search quality",
            "What people look for, and whether they find it.",
            "now-30d",
            build_demand(sources),
        ),
        Dashboard("operations", "Operations", "Is search fresh, fast and whole?", "now-7d", build_operations(sources)),
    ]


def build_objects(sources: Sources) -> list[Json]:
    """Everything, what is referred to before what refers to it."""
    dashboards = build_dashboards(sources)
    panels = [_build_visualization(panel) for dashboard in dashboards for panel in dashboard.panels]
    return [
        *_build_data_views(sources),
        *_build_searches(),
        *panels,
        *(_build_dashboard(dashboard) for dashboard in dashboards),
    ]


def encode_objects(objects: Iterable[Json]) -> bytes:
    """NDJSON, the same bytes for the same objects."""
    return b"".join(msgspec.json.encode(one, order="deterministic") + b"\n" for one in objects)


def _build_data_views(sources: Sources) -> list[Json]:
    views = [
        ("nyumba-properties", "Properties on the market", sources.properties, "listed_at"),
        ("nyumba-searches", "Searches", sources.searches, "@timestamp"),
        ("nyumba-events", "What people did with results", sources.events, "@timestamp"),
    ]
    return [
        _build("index-pattern", object_id, {"name": name, "title": index, "timeFieldName": time_field})
        for object_id, name, index, time_field in views
    ]


def _build_searches() -> list[Json]:
    searches: list[tuple[str, str, str, str, list[str]]] = [
        (
            "price-cuts",
            "Price cuts of ten percent and more",
            "nyumba-properties",
            "price_drop_pct >= 10",
            ["title", "neighborhood", "city", "listing_type", "price", "price_drop_pct"],
        ),
        (
            "zero-results",
            "Searches that found nothing",
            "nyumba-searches",
            "query_attributes.zero_results: true",
            ["user_query", "query_attributes.filters", "query_attributes.city", "query_attributes.neighborhood"],
        ),
        (
            "slow-searches",
            "Searches that took half a second and longer",
            "nyumba-searches",
            "query_attributes.took_ms >= 500",
            ["user_query", "query_attributes.filters", "query_attributes.took_ms", "query_attributes.total"],
        ),
        (
            "contacts",
            "Contacts with who offers a property",
            "nyumba-events",
            "action_name: contact",
            ["event_attributes.object.object_id", "event_attributes.position.ordinal", "query_id"],
        ),
    ]
    return [_build_search(*search) for search in searches]


def _build_search(slug: str, title: str, view: str, query: str, columns: Sequence[str]) -> Json:
    time_field = "listed_at" if view == "nyumba-properties" else "@timestamp"
    source = {"query": {"query": query, "language": "kuery"}, "filter": [], "indexRefName": SEARCH_INDEX}
    attributes = {
        "title": f"Nyumba: {title}",
        "description": "",
        "columns": list(columns),
        "sort": [[time_field, "desc"]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text(source)},
    }
    references = [{"name": SEARCH_INDEX, "type": "index-pattern", "id": view}]
    return _build("search", f"nyumba-search-{slug}", attributes, references)


def _build_visualization(panel: Panel) -> Json:
    state = {"title": panel.title, "type": "vega", "aggs": [], "params": {"spec": _pretty(panel.spec)}}
    attributes = {
        "title": f"Nyumba: {panel.title}",
        "description": panel.question,
        "version": 1,
        "visState": _text(state),
        "uiStateJSON": "{}",
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": _text({"query": {"query": "", "language": "kuery"}, "filter": []})
        },
    }
    return _build("visualization", f"nyumba-panel-{panel.slug}", attributes)


def _build_dashboard(dashboard: Dashboard) -> Json:
    width = COLUMNS // PANELS_IN_A_ROW
    panels: list[Json] = []
    references: list[Json] = []
    for number, panel in enumerate(dashboard.panels):
        row, column = divmod(number, PANELS_IN_A_ROW)
        grid = {"x": column * width, "y": row * PANEL_HEIGHT, "w": width, "h": PANEL_HEIGHT, "i": panel.slug}
        panels.append(
            {
                "type": "visualization",
                "gridData": grid,
                "panelIndex": panel.slug,
                "embeddableConfig": {"enhancements": {}},
                "title": panel.title,
                "panelRefName": f"panel_{panel.slug}",
            }
        )
        name = f"{panel.slug}:panel_{panel.slug}"
        references.append({"name": name, "type": "visualization", "id": f"nyumba-panel-{panel.slug}"})
    attributes = {
        "title": dashboard.title,
        "description": dashboard.description,
        "panelsJSON": _text(panels),
        "optionsJSON": _text({"useMargins": True, "syncColors": False, "hidePanelTitles": False}),
        "version": 1,
        "timeRestore": True,
        "timeFrom": dashboard.since,
        "timeTo": "now",
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": _text({"query": {"query": "", "language": "kuery"}, "filter": []})
        },
    }
    return _build("dashboard", f"nyumba-dashboard-{dashboard.slug}", attributes, references)


def _build(kind: str, object_id: str, attributes: Json, references: Sequence[Json] = ()) -> Json:
    return {
        "type": kind,
        "id": object_id,
        "attributes": attributes,
        "references": list(references),
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": TYPE_VERSIONS[kind],
        "managed": False,
    }


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _pretty(value: object) -> str:
    """For people, who see the text in Kibana's editor."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
