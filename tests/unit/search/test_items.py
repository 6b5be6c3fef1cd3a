"""What a page passes on of each hit, and what it adds."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nyumba.search.answers import SOURCE_FIELDS, SearchItem
from nyumba.search.asking import Hit
from nyumba.search.items import Added, make_items
from nyumba.search.schemas import PropertySearch

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE: dict[str, Any] = {
    "id": str(uuid4()),
    "user_id": str(uuid4()),
    "title": 'Garden "flat"',
    "property_type": "apartment",
    "listing_type": "rent",
    "status": "active",
    "price": 45_000.0,
    "bedrooms": 2,
    "bathrooms": None,
    "square_meters": None,
    "address": None,
    "neighborhood": "Kilimani",
    "city": "Nairobi",
    "latitude": -1.29,
    "longitude": 36.78,
    "year_built": None,
    "is_featured": False,
    "amenities": ["parking"],
    "features": [],
    "image_url": None,
    "created_at": "2025-12-30T09:00:00+00:00",
    "price_per_m2": None,
    "price_drop_pct": None,
    "listed_at": "2025-12-30T09:00:00+00:00",
}


def _make(source: dict[str, Any], search: PropertySearch, **hit: Any) -> SearchItem:  # noqa: ANN401
    found = Hit(id=source["id"], source=msgspec.Raw(msgspec.json.encode(source)), sort=msgspec.Raw(b"[]"), **hit)
    return msgspec.json.decode(msgspec.json.encode(make_items([found], search, NOW)[0]), type=SearchItem)


def test_source_and_additions_are_all_the_fields_of_an_item() -> None:
    assert {*SOURCE_FIELDS} == SOURCE.keys()
    assert {*SOURCE_FIELDS, *Added.__struct_fields__} == {*SearchItem.__struct_fields__}
    assert not {*SOURCE_FIELDS} & {*Added.__struct_fields__}


def test_item_is_what_the_index_holds_and_what_the_search_adds() -> None:
    search = PropertySearch(search="garden", lat=-1.29, lon=36.79, include=["reasons"])
    item = _make(SOURCE, search, score=2.5, highlight={"title": ["<mark>Garden</mark>"], "city.text": ["x"]})
    assert item.title == 'Garden "flat"'
    assert item.distance_m is not None
    assert 1_100 < item.distance_m < 1_120
    assert item.highlights == {"title": ["<mark>Garden</mark>"], "city": ["x"]}
    assert item.match.score == 2.5
    assert item.match.reasons == ["1.1 km away", "“garden” in the title", "listed 2 days ago"]
    assert not item.promoted


@given(st.sampled_from(["latitude", "longitude"]))
def test_property_without_a_place_has_no_distance(missing: str) -> None:
    assert _make(SOURCE | {missing: None}, PropertySearch(lat=-1.29, lon=36.79)).distance_m is None
