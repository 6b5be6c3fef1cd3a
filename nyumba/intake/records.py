"""A listing on its way into the database, whatever it came from."""

from datetime import datetime
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from nyumba.properties.vocabulary import ListingType, PropertyType, Status

_NAMESPACE = uuid5(NAMESPACE_URL, "nyumba/properties")


class PropertyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One property with its words, in the units of the schema: money as it is, areas in m², degrees of WGS 84."""

    source_id: str
    user_id: UUID
    title: str
    property_type: PropertyType
    listing_type: ListingType
    price: Decimal
    description: str | None = None
    bedrooms: int | None = None
    bathrooms: Decimal | None = None
    square_meters: Decimal | None = None
    address: str | None = None
    neighborhood: str | None = None
    city: str | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    status: Status = "active"
    year_built: int | None = None
    is_featured: bool = False
    created_at: datetime | None = None
    amenities: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


def property_id(source: str, source_id: str) -> UUID:
    """The id of a property that came from a source: the same in every database, so that its address is stable."""
    return uuid5(_NAMESPACE, f"{source}/{source_id}")
