"""What lists of similar, trending and featured listings take and answer."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from nyumba.pagination import Page
from nyumba.properties.vocabulary import ListingType, PropertyType
from nyumba.search.answers import SearchItem

Place = Annotated[str, Meta(min_length=1, max_length=100)]
Limit = Annotated[int, Meta(ge=1, le=50)]
Scope = Literal["neighborhood", "city", "everywhere"]


class SimilarParameters(msgspec.Struct, frozen=True, kw_only=True):
    """How many similar listings."""

    limit: Limit = 6


class DiscoveryParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Which trending or featured listings."""

    city: Annotated[Place | None, Meta(description="accents and case do not matter")] = None
    neighborhood: Annotated[Place | None, Meta(description="accents and case do not matter")] = None
    listing_type: ListingType | None = None
    property_type: PropertyType | None = None
    limit: Limit = 12

    def list_filters(self, *places: str) -> list[dict[str, Any]]:
        """The clauses of what is set, of places only the named ones."""
        names = ("listing_type", "property_type", *places)
        return [{"term": {name: getattr(self, name)}} for name in names if getattr(self, name) is not None]


class TrendingPage(Page[SearchItem], frozen=True):
    """What is trending. `scope` is where: wider than asked for when there is nothing at all in the place."""

    scope: Scope


SimilarPage = Page[SearchItem]
FeaturedPage = Page[SearchItem]
