"""Every panel's own query against a real Elasticsearch with data, and the chart that it becomes."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import vl_convert
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk

from bench.panels import answer_spec
from bench.traffic import FILTERS, NOT_FOUND, make_traffic
from indexer.kibana.objects import build_dashboards
from indexer.kibana.panels import Panel, Sources
from nyumba.events.streams import EVENTS, MAPPINGS, SEARCHES
from tests.conftest import World

UNTIL = datetime.combine(datetime.now(UTC) + timedelta(days=1), time(), UTC)  # midnight: chance is the same every day
SINCE = UNTIL - timedelta(days=60)
AREAS = ["Kilimani", "Karen", "Ruaka"]
SEARCHES_MADE = 600
MARKS = re.compile(r'aria-roledescription="(bar|point|tick|line mark|area mark)"')


@pytest.fixture
async def sources(world: World, elastic: AsyncElasticsearch) -> AsyncIterator[Sources]:
    """Nine listings in three estates, and the traffic of two weeks, in indices that can be deleted."""
    owner = await world.add_user()
    for number, area in enumerate(AREAS * 3):
        offer = {"listing_type": ("rent", "sale")[number % 2], "property_type": ("apartment", "house")[number % 2]}
        place = {"neighborhood": area, "city": "Nairobi", "square_meters": 100, "price": 1_000_000 * (number + 1)}
        await world.add_property(owner, **offer, **place)
    await world.add_property(owner, property_type="land", listing_type="sale", square_meters=1, neighborhood="Karen")
    await world.reindex()
    found = Sources(world.alias, f"{world.alias}-searches", f"{world.alias}-events")
    for index, stream in ((found.searches, SEARCHES), (found.events, EVENTS)):
        await elastic.indices.create(index=index, mappings=MAPPINGS[stream])
    actions = [
        {"_index": index, "_source": document}
        for search, events in make_traffic(AREAS, UNTIL, searches=SEARCHES_MADE)
        for index, document in [(found.searches, search), *((found.events, event) for event in events)]
    ]
    await async_bulk(elastic, actions, refresh=True)
    yield found
    await elastic.indices.delete(index=[found.searches, found.events])


def list_panels(sources: Sources) -> dict[str, Panel]:
    return {panel.slug: panel for dashboard in build_dashboards(sources) for panel in dashboard.panels}


async def ask(client: AsyncElasticsearch, panel: Panel) -> list[dict[str, Any]]:
    answered = await answer_spec(client, panel.spec, SINCE, UNTIL)
    return list(answered["data"]["values"])


async def test_every_panel_finds_data_and_draws_it(sources: Sources, elastic: AsyncElasticsearch) -> None:
    drawn = {}
    for slug, panel in list_panels(sources).items():
        chart = await answer_spec(elastic, panel.spec, SINCE, UNTIL)
        drawn[slug] = len(MARKS.findall(vl_convert.vegalite_to_svg(chart, vl_version="5.21")))
    assert {slug: marks for slug, marks in drawn.items() if marks < 1} == {}


async def test_chart_without_data_draws_nothing(sources: Sources, elastic: AsyncElasticsearch) -> None:
    """What the test above stands on: the marks are those of the data."""
    panel = list_panels(sources)["searches-by-day"]
    chart = await answer_spec(elastic, panel.spec, SINCE - timedelta(days=900), SINCE - timedelta(days=800))
    assert MARKS.findall(vl_convert.vegalite_to_svg(chart, vl_version="5.21")) == []


async def test_prices_are_those_of_the_listings_without_land(sources: Sources, elastic: AsyncElasticsearch) -> None:
    panels = list_panels(sources)
    for offer, prices in (
        ("rent", {10_000, 30_000, 50_000, 70_000, 90_000}),
        ("sale", {20_000, 40_000, 60_000, 80_000}),
    ):
        estates = await ask(elastic, panels[f"price-per-m2-{offer}"])
        assert {estate["key"] for estate in estates} <= set(AREAS)
        medians = [month["price"]["values"]["50.0"] for estate in estates for month in estate["months"]["buckets"]]
        assert min(prices) <= min(medians) <= max(medians) <= max(prices)


async def test_demand_and_supply_are_joined_by_folded_area(sources: Sources, elastic: AsyncElasticsearch) -> None:
    chart = await answer_spec(elastic, list_panels(sources)["supply-and-demand"].spec, SINCE, UNTIL)
    offered = {bucket["key"]: bucket["doc_count"] for bucket in chart["data"]["values"]}
    searched = {bucket["key"] for bucket in chart["transform"][0]["from"]["data"]["values"]}
    assert offered == {"kilimani": 3, "karen": 4, "ruaka": 3}
    assert searched == set(offered)


async def test_queries_without_results_are_those_and_no_others(sources: Sources, elastic: AsyncElasticsearch) -> None:
    buckets = await ask(elastic, list_panels(sources)["zero-result-queries"])
    assert {bucket["key"] for bucket in buckets} == set(NOT_FOUND)


async def test_filters_are_counted_by_search(sources: Sources, elastic: AsyncElasticsearch) -> None:
    buckets = await ask(elastic, list_panels(sources)["filters"])
    assert {bucket["key"] for bucket in buckets} == {*FILTERS, "neighborhood"}
    assert max(bucket["doc_count"] for bucket in buckets) <= SEARCHES_MADE


async def test_clicks_and_impressions_are_told_apart_by_position(sources: Sources, elastic: AsyncElasticsearch) -> None:
    buckets = await ask(elastic, list_panels(sources)["click-rate-by-position"])
    assert [bucket["key"] for bucket in buckets] == list(range(1, 21))
    assert all(bucket["click"]["doc_count"] <= bucket["impression"]["doc_count"] for bucket in buckets)
    assert buckets[0]["click"]["doc_count"] > buckets[9]["click"]["doc_count"]


async def test_outage_shows_in_operations(sources: Sources, elastic: AsyncElasticsearch) -> None:
    hours = await ask(elastic, list_panels(sources)["degraded-searches"])
    assert sum(hour["degraded"]["doc_count"] for hour in hours) > 0
    lags = [hour["lag"]["values"]["50.0"] for hour in await ask(elastic, list_panels(sources)["index-lag"])]
    assert max(lag for lag in lags if lag is not None) > 5000
