"""The saved objects as a whole: ids, references, layout, and the file that is committed."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from indexer.kibana.objects import COLUMNS, build_dashboards, build_objects, encode_objects
from indexer.kibana.panels import Panel, Sources
from nyumba.events.streams import EVENTS, MAPPINGS, SEARCHES
from nyumba.search.document import MAPPINGS as PROPERTIES

ROOT = Path(__file__).parents[3]
SOURCES = Sources("properties", "nyumba-searches", "nyumba-events")
OBJECTS = build_objects(SOURCES)
DASHBOARDS = build_dashboards(SOURCES)
PANELS = [panel for dashboard in DASHBOARDS for panel in dashboard.panels]
VIEWS = {"nyumba-properties": PROPERTIES, "nyumba-searches": MAPPINGS[SEARCHES], "nyumba-events": MAPPINGS[EVENTS]}


def list_fields(mapping: dict[str, Any], prefix: str = "") -> set[str]:
    """The paths of a mapping, the fields inside of fields included."""
    found = set()
    for name, field in mapping["properties"].items():
        path = f"{prefix}{name}"
        found |= {path} | {f"{path}.{inner}" for inner in field.get("fields", {})}
        if "properties" in field:
            found |= list_fields(field, f"{path}.")
    return found


FIELDS = {
    "properties": list_fields(PROPERTIES),
    "nyumba-searches": list_fields(MAPPINGS[SEARCHES]),
    "nyumba-events": list_fields(MAPPINGS[EVENTS]),
}


def find_queries(value: object) -> list[dict[str, Any]]:
    """Every query of a spec."""
    if isinstance(value, list):
        return [query for one in value for query in find_queries(one)]
    if not isinstance(value, dict):
        return []
    own = [value["url"]] if isinstance(value.get("url"), dict) else []
    return own + [query for one in value.values() for query in find_queries(one)]


def find_values(value: object, name: str) -> list[str]:
    """What stands under a name, anywhere below."""
    if not isinstance(value, dict):
        return []
    own = [value[name]] if isinstance(value.get(name), str) else []
    return own + [found for inner in value.values() for found in find_values(inner, name)]


def test_committed_file_is_what_the_source_gives() -> None:
    assert (ROOT / "kibana" / "nyumba.ndjson").read_bytes() == encode_objects(OBJECTS), "run `make kibana`"


def test_ids_are_fixed_and_of_one_object_each() -> None:
    ids = [(one["type"], one["id"]) for one in OBJECTS]
    assert len(set(ids)) == len(ids)
    assert all(one["id"].startswith("nyumba-") for one in OBJECTS)


def test_every_reference_is_to_an_object_that_came_before() -> None:
    known: set[tuple[str, str]] = set()
    for one in OBJECTS:
        missing = [ref for ref in one["references"] if (ref["type"], ref["id"]) not in known]
        assert missing == [], one["id"]
        known.add((one["type"], one["id"]))


def test_every_name_of_a_reference_is_used_and_every_use_is_a_reference() -> None:
    for one in OBJECTS:
        names = {ref["name"] for ref in one["references"]}
        attributes = one["attributes"]
        used = {f"{p['panelIndex']}:{p['panelRefName']}" for p in json.loads(attributes.get("panelsJSON", "[]"))}
        source = json.loads(attributes.get("kibanaSavedObjectMeta", {}).get("searchSourceJSON", "{}"))
        used |= {source["indexRefName"]} if "indexRefName" in source else set()
        assert names == used, one["id"]


@pytest.mark.parametrize("one", [o for o in OBJECTS if o["type"] == "dashboard"], ids=lambda o: str(o["id"]))
def test_panels_fit_beside_each_other(one: dict[str, Any]) -> None:
    grids = [panel["gridData"] for panel in json.loads(one["attributes"]["panelsJSON"])]
    assert all(grid["x"] + grid["w"] <= COLUMNS for grid in grids)
    for a, b in combinations(grids, 2):
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        assert apart or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel.slug))
def test_panel_asks_only_for_fields_that_the_index_has(panel: Panel) -> None:
    queries = find_queries(panel.spec)
    assert queries
    for query in queries:
        known = FIELDS[query["index"]] | set(query["body"].get("runtime_mappings", {}))
        terms = {name for aggregation in find_terms(query["body"]["aggs"]) for name in aggregation}
        asked = set(find_values(query["body"]["aggs"], "field")) | terms | {query.get("%timefield%", "title")}
        assert asked - known - {"title"} == set()


def find_terms(value: object) -> list[dict[str, Any]]:
    """The conditions of filter aggregations."""
    if not isinstance(value, dict):
        return []
    own = [value["term"]] if isinstance(value.get("term"), dict) else []
    return own + [found for inner in value.values() for found in find_terms(inner)]


@pytest.mark.parametrize("one", [o for o in OBJECTS if o["type"] == "search"], ids=lambda o: str(o["id"]))
def test_saved_search_asks_only_for_fields_that_the_index_has(one: dict[str, Any]) -> None:
    (view,) = (ref["id"] for ref in one["references"])
    query = json.loads(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"]["query"]
    asked = {*one["attributes"]["columns"], one["attributes"]["sort"][0][0], re.split(r"[ :]", query)[0]}
    assert asked - list_fields(VIEWS[view]) == set()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel.slug))
def test_panel_has_a_picture_in_the_documentation(panel: Panel) -> None:
    assert (ROOT / "docs" / "kibana" / f"{panel.slug}.png").stat().st_size < 200_000
    assert f"kibana/{panel.slug}.png" in (ROOT / "docs" / "analysts.md").read_text()


def test_every_picture_is_of_a_panel() -> None:
    assert {path.stem for path in (ROOT / "docs" / "kibana").glob("*.png")} == {panel.slug for panel in PANELS}


def test_another_alias_is_looked_at_where_there_is_one() -> None:
    objects = encode_objects(build_objects(Sources("lettings", "shop-searches", "shop-events"))).decode()
    assert not re.search(r'"(title|index)\\*": ?\\*"(properties|nyumba-searches|nyumba-events)\\*"', objects)
