"""A facet's counts are the totals that choosing its values gives, whatever else is chosen."""

from collections import Counter
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nyumba.search.answers import TermBucket, TermsFacet
from nyumba.search.asking import Counted
from nyumba.search.document import MAPPINGS, SETTINGS
from nyumba.search.facets import build_facets, read_facets
from nyumba.search.schemas import FacetName, PropertySearch
from tests.conftest import World
from tests.integration.search.conftest import Market
from tests.integration.search.oracle import Listing, fold
from tests.integration.search.queries import draw_filters

PATIENT = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ALL = list(get_args(FacetName))
TERMS = [name for name in ALL if name not in ("price", "price_per_m2")]
WORDS = ("city", "neighborhood", "amenities", "features")
SINGLE = {"listing_type": "listing_type", "bathrooms": "bathrooms_min"}
PARAMETERS = {"agent": "agent_id", **SINGLE}


def choose(filters: dict[str, Any], facet: str, value: Any) -> dict[str, Any]:  # noqa: ANN401
    """The search in which a value of a facet is chosen."""
    parameter = PARAMETERS.get(facet, facet)
    if facet == "amenities":
        return {**filters, parameter: [*filters.get(parameter, []), value]}
    return {**filters, parameter: value if facet in SINGLE else [value]}


def list_values(listings: list[Listing], facet: str) -> set[Any]:
    """The values that a facet must show."""
    fields = {"agent": "user_id"}
    values = [getattr(one, fields.get(facet, facet)) for one in listings]
    flat = [part for value in values for part in (value if isinstance(value, tuple) else [value]) if part is not None]
    return {fold(value) if facet in WORDS else value for value in map(str, flat)} if facet != "bedrooms" else set(flat)


def list_selected(filters: dict[str, Any], facet: str) -> set[Any]:
    chosen = filters.get(PARAMETERS.get(facet, facet), ["active"] if facet == "status" else [])
    values = chosen if isinstance(chosen, list) else [chosen]
    return {fold(value) if facet in WORDS else value for value in values}


@PATIENT
@given(filters=draw_filters(), facets=st.lists(st.sampled_from(TERMS), min_size=1, max_size=5, unique=True))
async def test_counts_are_what_choosing_gives(market: Market, filters: dict[str, Any], facets: list[str]) -> None:
    answer = await market.search(**filters, facets=facets, facet_size=100)
    assert answer["total"]["value"] == len(market.find(filters))
    assert answer["facets"].keys() == set(facets)
    for facet, shown in answer["facets"].items():
        for bucket in shown["buckets"]:
            chosen = choose(filters, facet, bucket["value"])
            assert bucket["count"] == len(market.find(chosen)), (facet, bucket)
            same = fold(bucket["value"]) if facet in WORDS else bucket["value"]
            assert bucket["selected"] == (same in list_selected(filters, facet))
        assert shown["other_count"] == 0
        assert len(shown["buckets"]) == len({str(bucket["value"]) for bucket in shown["buckets"]})
        values = {fold(b["value"]) if facet in WORDS else b["value"] for b in shown["buckets"]}
        parameter = PARAMETERS.get(facet, facet)
        without = filters if facet == "amenities" else {n: v for n, v in filters.items() if n != parameter}
        if facet == "status":
            without = {**without, "status": ["active", "under_offer"]}
        assert values >= list_selected(filters, facet)
        if facet != "bathrooms":
            assert values - list_selected(filters, facet) <= list_values(market.find(without), facet) <= values


@PATIENT
@given(filters=draw_filters(), facet=st.sampled_from(["price", "price_per_m2"]))
async def test_histogram_counts_are_what_its_bounds_give(market: Market, filters: dict[str, Any], facet: str) -> None:
    shown = (await market.search(**filters, facets=[facet, "property_type"]))["facets"][facet]
    without = {name: value for name, value in filters.items() if name not in (f"{facet}_min", f"{facet}_max")}
    values = [value for one in market.find(without) if (value := getattr(one, facet)) is not None]
    assert sum(bucket["count"] for bucket in shown["buckets"]) == len(values)
    if not values:
        assert shown == {"type": "histogram", "min": None, "max": None, "interval": None, "buckets": []}
        return
    assert (shown["min"], shown["max"]) == (min(values), max(values))
    assert 1 <= len(shown["buckets"]) <= 20
    for place, bucket in enumerate(shown["buckets"]):
        chosen = {**without, f"{facet}_min": bucket["from"], f"{facet}_max": bucket["to"]}
        assert bucket["count"] == len(market.find(chosen)), bucket
        assert bucket["from"] == pytest.approx(shown["buckets"][0]["from"] + place * shown["interval"])
    assert shown["buckets"][0]["from"] <= shown["min"]
    assert shown["buckets"][-1]["to"] >= shown["max"]


@PATIENT
@given(filters=draw_filters(2), facet=st.sampled_from([name for name in TERMS if name != "bathrooms"]))
async def test_what_is_cut_off_is_in_other_count(market: Market, filters: dict[str, Any], facet: str) -> None:
    whole = (await market.search(**filters, facets=[facet], facet_size=100))["facets"][facet]
    cut = (await market.search(**filters, facets=[facet], facet_size=1))["facets"][facet]
    count = sum(bucket["count"] for bucket in whole["buckets"])
    assert sum(bucket["count"] for bucket in cut["buckets"]) + cut["other_count"] == count
    assert all(bucket in cut["buckets"] for bucket in whole["buckets"] if bucket["selected"])


@pytest.mark.parametrize("facet", ["city", "amenities"])
async def test_words_are_shown_in_their_usual_spelling(market: Market, facet: str) -> None:
    buckets = (await market.search(facets=[facet]))["facets"][facet]["buckets"]
    spellings = Counter(
        word
        for one in market.find({})
        for word in (one.amenities if facet == "amenities" else [one.city])
        if word is not None
    )
    for bucket in buckets:
        alike = [word for word in spellings if fold(word) == fold(bucket["value"])]
        assert spellings[bucket["value"]] == max(spellings[word] for word in alike)


async def test_chosen_value_that_nothing_has_is_shown_at_zero(market: Market) -> None:
    facets = (await market.search(city=["Kisumu"], bedrooms=[99], facets=["city", "bedrooms"]))["facets"]
    assert {"value": "Kisumu", "count": 0, "selected": True} in facets["city"]["buckets"]
    assert {"value": 99, "count": 0, "selected": True} in facets["bedrooms"]["buckets"]


async def test_all_facets_at_once(market: Market) -> None:
    answer = await market.search(facets=ALL, city=["nairobi"], amenities=["pool"], price_max=100_000, search="listing")
    assert answer["facets"].keys() == set(ALL)
    assert all(facet["buckets"] for facet in answer["facets"].values())


async def test_counts_are_exact_however_many_shards_there_are(world: World) -> None:
    """A town that is rare on each shard, behind many others there, is the most frequent of all."""
    shards = [f"{world.alias}-{number}" for number in (1, 2)]
    for shard in shards:
        await world.elastic.indices.create(index=shard, settings=SETTINGS, mappings=MAPPINGS)
        towns = ["Zimmerman", *(f"Town {number} of {shard[-1]}" for number in range(30))]
        operations: list[dict[str, Any]] = []
        for town in towns:
            operations += [{"index": {}}, {"city": town}]
        answer = await world.elastic.bulk(index=shard, operations=operations, refresh=True)
        assert not answer["errors"]
    search = PropertySearch(facets=["city"], facet_size=1)
    answer = await world.elastic.search(index=",".join(shards), size=0, aggregations=build_facets(search, {}))
    counted = msgspec.json.decode(msgspec.json.encode(answer["aggregations"]), type=dict[str, Counted])
    assert read_facets(search, counted) == {
        "city": TermsFacet([TermBucket("Zimmerman", 2, selected=False)], other_count=60)
    }
