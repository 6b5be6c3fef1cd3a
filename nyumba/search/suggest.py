"""Suggestions while somebody types: places, properties and agents, each with the parameters it stands for.

Invariant: only what a search would find is suggested, in one request through the alias: a completion suggester would
look past its filter. A count is the total of the search with those parameters.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from nyumba.elastic import SearchEngine
from nyumba.errors import FieldError, SearchTimedOut
from nyumba.parameters import Ruled
from nyumba.search.filters import ON_THE_MARKET
from nyumba.search.folding import fold
from nyumba.search.query import TIME_LIMIT

MOST_WORDS = 8
MOST_NAMES = 20
MOST_CITIES = 3
TITLE, TITLE_BOOST = "title", 4
FORGIVING = {"fuzziness": "AUTO:4,8", "prefix_length": 1, "max_expansions": 20}


class SuggestSearch(Ruled, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody has typed so far."""

    q: Annotated[str, Meta(min_length=1, max_length=100, description="the beginning of what somebody types")] = ""
    limit: Annotated[int, Meta(ge=1, le=10, description="how many of each group")] = 5

    @classmethod
    def find_faults(cls, values: Mapping[str, Any]) -> list[FieldError]:
        """There is nothing to suggest to nothing."""
        return [] if "q" in values else [FieldError("is needed: 1 to 100 characters", parameter="q")]


class PlaceSuggestion(msgspec.Struct, frozen=True):
    """A town or an estate, and how many properties the search with `params` finds there."""

    text: str
    count: int
    params: dict[str, list[str]]


class TitleSuggestion(msgspec.Struct, frozen=True):
    """A property by its title, or else by its address. `params` finds it and what is called the same."""

    text: str
    id: UUID
    params: dict[str, str]


class AgentSuggestion(msgspec.Struct, frozen=True):
    """An agent, and how many properties of theirs the search with `params` finds."""

    text: str
    company: str | None
    count: int
    params: dict[str, list[UUID]]


class Suggested(msgspec.Struct, frozen=True):
    """What typing could become, best first."""

    places: list[PlaceSuggestion]
    properties: list[TitleSuggestion]
    agents: list[AgentSuggestion]


class _Titled(msgspec.Struct):
    id: UUID
    title: str
    address: str | None = None


class _Hit(msgspec.Struct):
    source: _Titled = msgspec.field(name="_source")
    matched: list[str] = msgspec.field(name="matched_queries", default_factory=list)


class _Hits(msgspec.Struct):
    hits: list[_Hit]


class _Answer(msgspec.Struct):
    hits: _Hits
    timed_out: bool
    aggregations: dict[str, Any] = {}


_decoder = msgspec.json.Decoder(_Answer)


async def suggest(engine: SearchEngine, search: SuggestSearch) -> Suggested:
    """What the typed letters could become.

    Raises:
        SearchUnavailable: Elasticsearch is down, too slow, or nothing has been indexed yet.
    """
    words = split_typed(search.q)
    if not words:
        return Suggested([], [], [])
    answer = _decoder.decode(await engine.search(msgspec.json.encode(build_suggest(words, search.limit))))
    if answer.timed_out:
        raise SearchTimedOut
    found = answer.aggregations
    places = [*_read_cities(found["city"]), *_read_neighborhoods(found["neighborhood"])]
    typed = " ".join(words)
    places.sort(key=lambda at: (not _begins(at.text, words), not fold(at.text).startswith(typed), -at.count, at.text))
    return Suggested(
        places=places[: search.limit],
        properties=_read_titles(answer.hits.hits, search.limit),
        agents=_read_agents(found["agents"], words)[: search.limit],
    )


def split_typed(text: str) -> list[str]:
    """The words that count."""
    return [word for word in fold(text).replace(",", " ").split() if any(map(str.isalnum, word))][:MOST_WORDS]


def build_suggest(words: list[str], limit: int) -> dict[str, Any]:
    """The body that asks for all three groups."""
    typed = " ".join(words)
    places = {"city": _match_place("city", typed), "neighborhood": _match_neighborhood(words)}
    agents = _match_begun(["agent.name", "agent.company"], typed)
    titles = {"bool": {"must": _match_begun(["title"], typed), "boost": TITLE_BOOST, "_name": TITLE}}
    named = [titles, _match_begun(["address"], typed)]
    wanted = {"bool": {"should": [*named, *places.values(), agents], "minimum_should_match": 1}}
    one_agent = {"who": {"top_hits": {"size": 1, "_source": ["agent"]}}}
    return {
        "query": {"bool": {"filter": [ON_THE_MARKET], "must": [wanted]}},
        "post_filter": {"bool": {"should": named}},
        "size": limit * 4,
        "_source": ["id", "title", "address"],
        "track_total_hits": False,
        "timeout": TIME_LIMIT,
        "aggs": {
            "city": {"filter": places["city"], "aggs": {"names": _count_names("city", MOST_NAMES)}},
            "neighborhood": {
                "filter": places["neighborhood"],
                "aggs": {"names": _count_names("neighborhood", MOST_NAMES, city=_count_names("city", MOST_CITIES))},
            },
            "agents": {
                "filter": agents,
                "aggs": {"ids": {"terms": {"field": "user_id", "size": MOST_NAMES}, "aggs": one_agent}},
            },
        },
    }


def _match_place(field: str, typed: str) -> dict[str, Any]:
    return {"match": {f"{field}.beginnings": {"query": typed, "operator": "and", **FORGIVING}}}


def _match_neighborhood(words: list[str]) -> dict[str, Any]:
    """One word at least begins one of its name, and the others one of its name or its city's."""
    named = [_match_place("neighborhood", word) for word in words]
    anywhere = [
        {"bool": {"should": [name, _match_place("city", word)]}} for name, word in zip(named, words, strict=True)
    ]
    return {"bool": {"should": named, "minimum_should_match": 1, "must": anywhere}}


def _match_begun(fields: list[str], typed: str) -> dict[str, Any]:
    """Words of which the last may be begun, or whole words that may be mistyped."""
    asked = {"query": typed, "fields": fields, "operator": "and", "analyzer": "listing"}
    begun = {"multi_match": {**asked, "type": "bool_prefix", "boost": 2}}
    return {"dis_max": {"queries": [begun, {"multi_match": {**asked, **FORGIVING}}]}}


def _count_names(field: str, size: int, **within: dict[str, Any]) -> dict[str, Any]:
    """Places by their folded name, with the spelling that most rows have."""
    shown = {"terms": {"field": f"{field}.shown", "size": 1}}
    return {"terms": {"field": field, "size": size}, "aggs": {"shown": shown, **within}}


def _read_cities(found: dict[str, Any]) -> Iterator[PlaceSuggestion]:
    for bucket in found["names"]["buckets"]:
        name = _show(bucket)
        yield PlaceSuggestion(name, bucket["doc_count"], {"city": [name]})


def _read_neighborhoods(found: dict[str, Any]) -> Iterator[PlaceSuggestion]:
    """The same name in several cities is several places."""
    for bucket in found["names"]["buckets"]:
        name = _show(bucket)
        cities = bucket["city"]["buckets"]
        for within in cities:
            city = _show(within)
            yield PlaceSuggestion(f"{name}, {city}", within["doc_count"], {"neighborhood": [name], "city": [city]})
        if not cities:
            yield PlaceSuggestion(name, bucket["doc_count"], {"neighborhood": [name]})


def _show(bucket: dict[str, Any]) -> str:
    return str(bucket["shown"]["buckets"][0]["key"])


def _read_titles(hits: list[_Hit], limit: int) -> list[TitleSuggestion]:
    """One for each title, and then for each address."""
    named: dict[str, TitleSuggestion] = {}
    for hit in sorted(hits, key=lambda hit: TITLE not in hit.matched):
        text = hit.source.title if TITLE in hit.matched else hit.source.address or hit.source.title
        named.setdefault(fold(text), TitleSuggestion(text, hit.source.id, {"search": text, "interpret": "off"}))
    return list(named.values())[:limit]


def _read_agents(found: dict[str, Any], words: list[str]) -> list[AgentSuggestion]:
    agents = []
    for bucket in found["ids"]["buckets"]:
        agent = bucket["who"]["hits"]["hits"][0]["_source"]["agent"]
        name, company = agent.get("name"), agent.get("company")
        ids = [UUID(bucket["key"])]
        agents.append(AgentSuggestion(name or company, company, bucket["doc_count"], {"agent_id": ids}))
    return sorted(agents, key=lambda agent: (not _begins(f"{agent.text} {agent.company}", words), -agent.count))


def _begins(text: str, words: list[str]) -> bool:
    """Whether every typed word begins a word of the text, and so is no mistyping."""
    known = fold(text).replace(",", " ").split()
    return all(any(name.startswith(word) for name in known) for word in words)
