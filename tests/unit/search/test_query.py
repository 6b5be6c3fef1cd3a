"""The query builder, as values."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from nyumba.errors import InvalidRequest
from nyumba.parameters import parse_parameters
from nyumba.search.document import MAPPINGS, TEXT_FIELDS
from nyumba.search.filters import build_clauses, join_clauses
from nyumba.search.query import build_search
from nyumba.search.schemas import PropertySearch

ON_THE_MARKET = {"terms": {"status": ["active"]}}
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def build_filters(search: PropertySearch) -> list[dict[str, Any]]:
    return join_clauses(build_clauses(search, NOW))


def test_plain_search_finds_what_is_on_the_market_newest_first() -> None:
    body = build_search(PropertySearch(), None, NOW)
    assert body["query"] == {"bool": {"filter": [ON_THE_MARKET], "must": []}}
    assert body["sort"] == [{"created_at": "desc"}, {"id": "asc"}]
    assert body["track_total_hits"] is True


def test_what_is_under_offer_is_found_when_asked_for() -> None:
    assert build_filters(PropertySearch(status=["under_offer"])) == [{"terms": {"status": ["under_offer"]}}]
    both = build_filters(PropertySearch(status=["active", "under_offer"]))
    assert both == [{"terms": {"status": ["active", "under_offer"]}}]


def test_one_more_hit_is_asked_for_to_know_whether_there_is_a_next_page() -> None:
    assert build_search(PropertySearch(limit=7), None, NOW)["size"] == 8


def test_text_is_ranked_and_filters_are_not() -> None:
    body = build_search(PropertySearch(search="nyumba", bedrooms=[2]), None, NOW)
    assert body["sort"][0] == {"_score": "desc"}
    ranked = body["query"]["function_score"]["query"]["bool"]
    assert '"query":"nyumba"' in msgspec.json.encode(ranked["must"]).decode()
    assert {"terms": {"bedrooms": [2]}} in ranked["filter"]


def test_cursor_takes_the_place_of_skip() -> None:
    assert build_search(PropertySearch(skip=40), None, NOW)["from"] == 40
    body = build_search(PropertySearch(), [1700000000000, "x"], NOW)
    assert (body["search_after"], "from" in body) == ([1700000000000, "x"], False)


def test_price_bounds_are_inclusive_and_zero_is_a_bound() -> None:
    assert build_filters(PropertySearch(price_min=0))[1] == {"range": {"price": {"gte": 0}}}
    both = build_filters(PropertySearch(price_min=1, price_max=2))[1]
    assert both == {"range": {"price": {"gte": 1, "lte": 2}}}


def test_every_field_of_the_text_search_is_mapped() -> None:
    for name in TEXT_FIELDS:
        field, _, sub = name.partition(".")
        mapping = MAPPINGS["properties"][field]
        assert (mapping["fields"][sub] if sub else mapping)["type"] == "text"


def test_parameters_that_need_each_other_are_all_named() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_parameters(PropertySearch, [("lat", "1"), ("price_min", "2"), ("price_max", "1"), ("limit", "0")])
    assert sorted(str(error.parameter) for error in refused.value.errors) == ["limit", "lon", "price_min"]


def test_deepest_page_is_allowed_and_the_next_is_not() -> None:
    parse_parameters(PropertySearch, [("skip", "9900"), ("limit", "100")])
    with pytest.raises(InvalidRequest, match="cursor"):
        parse_parameters(PropertySearch, [("skip", "9901"), ("limit", "100")])


def test_page_size_does_not_bind_a_cursor() -> None:
    assert _fingerprint(limit=5) == _fingerprint(limit=50, cursor="x")
    assert _fingerprint(search="a") != _fingerprint(search="b")


def _fingerprint(**parameters: Any) -> bytes:  # noqa: ANN401
    search = PropertySearch(**parameters)
    return search.fingerprint(search.list_applied())
