"""What the product and its baselines answer, as lists of names.

Invariant: the product is asked over HTTP, with everything that a visitor's search passes through; the baselines ask the
same index.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from elasticsearch import AsyncElasticsearch
from httpx import AsyncClient

from evaluation.corpus import Known
from evaluation.judged_nearby import Point
from evaluation.judged_queries import Judged
from nyumba.search.document import TEXT_FIELDS
from nyumba.search.filters import ON_THE_MARKET
from nyumba.search.query import build_search
from nyumba.search.ranking import WEIGHTS
from nyumba.search.schemas import PropertySearch
from nyumba.search.understanding import understand

DEPTH = 100
SHOWN = 10
TEXT_ALONE = "ours, text alone"  # no baseline: it shows what the other factors do

Names = Mapping[str, str]  # from property ids to names in the corpus
Runs = dict[str, dict[str, list[str]]]


class Market:
    """The seeded market: the API, the index behind it, and the names of what is in it."""

    def __init__(self, api: AsyncClient, client: AsyncElasticsearch, alias: str, names: Names) -> None:
        self._api = api
        self._client = client
        self._alias = alias
        self._names = names
        self._ids = {name: property_id for property_id, name in names.items()}

    async def run_searches(self, judged: Sequence[Judged]) -> Runs:
        """Each typed query, with ours, plain BM25 over the same fields, and newest first of what has all the words."""
        runs: Runs = {"ours": {}, "plain BM25": {}, "newest first": {}, TEXT_ALONE: {}}
        for one in judged:
            runs["ours"][one.query] = await self._ask_api("properties", search=one.query, limit=DEPTH)
            runs["plain BM25"][one.query] = await self._ask_index(_match(one.query, "or"), ["_score", {"id": "asc"}])
            newest = [{"created_at": "desc"}, {"id": "asc"}]
            runs["newest first"][one.query] = await self._ask_index(_match(one.query, "and"), newest)
            runs[TEXT_ALONE][one.query] = await self._ask_index(*_leave_out(one.query, WEIGHTS))
        return runs

    async def run_interest(self, judged: Sequence[Judged]) -> Runs:
        """With ours what it finds, the newest first, and ours without all factors and without each of them."""
        without: dict[str, Collection[str]] = {
            "text alone": WEIGHTS,
            "without freshness": ("freshness",),
            "without popularity": ("popularity",),
        }
        runs: Runs = {"ours": {}, "newest first": {}, **{name: {} for name in without}}
        for one in judged:
            runs["ours"][one.query] = await self._ask_api("properties", search=one.query, limit=SHOWN)
            runs["newest first"][one.query] = await self._ask_api(
                "properties", search=one.query, limit=SHOWN, sort="-created_at"
            )
            for name, left_out in without.items():
                runs[name][one.query] = await self._ask_index(*_leave_out(one.query, left_out), SHOWN)
        return runs

    async def run_nearby(self, judged: Sequence[Judged], points: Mapping[str, Point]) -> Runs:
        """With ours from a point, and without one."""
        runs: Runs = {"ours": {}, "without nearness": {}}
        for one in judged:
            lat, lon = points[one.query]
            runs["ours"][one.query] = await self._ask_api("properties", search=one.query, limit=SHOWN, lat=lat, lon=lon)
            runs["without nearness"][one.query] = await self._ask_api("properties", search=one.query, limit=SHOWN)
        return runs

    async def run_similar(self, judged: Sequence[Judged], corpus: Mapping[str, Known]) -> Runs:
        """For each listing ours, and the newest of its neighborhood."""
        runs: Runs = {"ours": {}, "same neighborhood, newest": {}}
        for one in judged:
            record = corpus[one.query].record
            path = f"properties/{self._ids[one.query]}/similar"
            runs["ours"][one.query] = await self._ask_api(path, limit=SHOWN)
            place = "neighborhood" if record.neighborhood else "city"
            fields = {place: getattr(record, place), "listing_type": record.listing_type}
            query = {
                "bool": {
                    "filter": [{"term": {name: value}} for name, value in fields.items()],
                    "must_not": {"ids": {"values": [self._ids[one.query]]}},
                }
            }
            newest = [{"created_at": "desc"}, {"id": "asc"}]
            runs["same neighborhood, newest"][one.query] = await self._ask_index(query, newest, SHOWN)
        return runs

    async def _ask_api(self, path: str, **parameters: Any) -> list[str]:  # noqa: ANN401
        answer = await self._api.get(f"/api/v1/{path}", params=parameters)
        answer.raise_for_status()
        return [self._names[item["id"]] for item in answer.json()["items"]]

    async def _ask_index(self, query: dict[str, Any], order: list[Any], size: int = DEPTH) -> list[str]:
        active = {"bool": {"must": query, "filter": ON_THE_MARKET}}
        answer = await self._client.search(index=self._alias, query=active, sort=order, size=size, source=False)
        return [self._names[hit["_id"]] for hit in answer["hits"]["hits"]]


def _leave_out(typed: str, left_out: Collection[str]) -> tuple[dict[str, Any], list[Any]]:
    """The product's own query and order, but for some of the factors that are not text."""
    search = understand(PropertySearch(search=typed, limit=DEPTH)).search
    body = build_search(search, None, datetime.now(UTC))
    if ranked := body["query"].get("function_score"):
        ranked["functions"] = [one for one in ranked["functions"] if one.get("_name") not in left_out]
    return body["query"], body["sort"]


def _match(text: str, operator: str) -> dict[str, Any]:
    return {"combined_fields": {"query": text, "fields": list(TEXT_FIELDS), "operator": operator}}
