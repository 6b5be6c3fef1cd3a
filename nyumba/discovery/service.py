"""Finding similar, trending and featured listings, with one request to Elasticsearch each where there are any.

Invariant: nothing that its owner has hidden is shown as similar, even while the index is behind: PostgreSQL is asked.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.models import User
from nyumba.discovery import likeness, queries
from nyumba.discovery.schemas import (
    DiscoveryParameters,
    FeaturedPage,
    Scope,
    SimilarPage,
    SimilarParameters,
    TrendingPage,
)
from nyumba.elastic import SearchEngine
from nyumba.pagination import PageInfo, Total
from nyumba.properties.models import Property
from nyumba.properties.schemas import PropertyRead
from nyumba.properties.service import get_property
from nyumba.search.answers import Match, SearchItem
from nyumba.search.asking import ITEMS, ask


async def find_similar(
    session: AsyncSession, engine: SearchEngine, viewer: User | None, property_id: UUID, asked: SimilarParameters
) -> SimilarPage:
    """The most similar listings that are on the market, with the two strongest reasons of each.

    Raises:
        PropertyNotFound: there is no such property, or none that the viewer may see.
        SearchUnavailable: Elasticsearch is down, too slow, or nothing has been indexed yet.
    """
    prop = await get_property(session, viewer, property_id)
    answer = await ask(engine, queries.build_candidates(prop), ITEMS)
    ranked = rank_similar(prop, [hit.source for hit in answer.hits.hits])[: 2 * asked.limit]
    shown = await _find_active(session, [item.id for item in ranked])
    items = [item for item in ranked if item.id in shown][: asked.limit]
    return SimilarPage(items, Total(len(items)), PageInfo(asked.limit))


def rank_similar(prop: PropertyRead, candidates: list[SearchItem]) -> list[SearchItem]:
    """The same listings, the most similar first, with scores and reasons."""
    for item in candidates:
        parts = likeness.compare(prop, item)
        item.match = Match(round(sum(parts.values()), 4), likeness.explain(prop, item, parts))
    return sorted(candidates, key=lambda item: (-(item.match.score or 0), item.id))


async def find_trending(engine: SearchEngine, asked: DiscoveryParameters) -> TrendingPage:
    """What is trending in a place; where there is nothing on the market, in the city, and else everywhere.

    Raises:
        SearchUnavailable: Elasticsearch is down, too slow, or nothing has been indexed yet.
    """
    for scope, places in _widen(asked):
        answer = await ask(engine, queries.build_trending(asked.list_filters(*places), asked.limit), ITEMS)
        if answer.hits.hits or scope == "everywhere":
            break
    items = [hit.source for hit in answer.hits.hits]
    return TrendingPage(items, answer.hits.total, PageInfo(asked.limit), scope)


def _widen(asked: DiscoveryParameters) -> Iterator[tuple[Scope, tuple[str, ...]]]:
    if asked.neighborhood is not None:
        yield "neighborhood", ("neighborhood", "city")
    if asked.city is not None:
        yield "city", ("city",)
    yield "everywhere", ()


async def find_featured(engine: SearchEngine, asked: DiscoveryParameters) -> FeaturedPage:
    """What is featured, labelled as `promoted`.

    Raises:
        SearchUnavailable: Elasticsearch is down, too slow, or nothing has been indexed yet.
    """
    filters = asked.list_filters("neighborhood", "city")
    body = queries.build_featured(filters, asked.limit, datetime.now(UTC))
    answer = await ask(engine, body, ITEMS)
    items = [hit.source for hit in answer.hits.hits]
    for item in items:
        item.promoted = True
    return FeaturedPage(items, answer.hits.total, PageInfo(asked.limit))


async def _find_active(session: AsyncSession, ids: list[UUID]) -> set[UUID]:
    return set(await session.scalars(select(Property.id).where(Property.id.in_(ids), Property.status == "active")))
