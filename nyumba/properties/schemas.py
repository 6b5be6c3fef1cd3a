"""What a property looks like over HTTP."""

from datetime import datetime
from uuid import UUID

import msgspec


class ImageRead(msgspec.Struct, frozen=True):
    """One picture of a property.

    Addresses are absolute or relative to the API's. `url` is for pages and `card_url` for lists; width and height are
    those at `url`. Of a picture that lies elsewhere, only `url` is known.
    """

    id: UUID
    url: str
    card_url: str | None
    width: int | None
    height: int | None
    is_primary: bool
    display_order: int


class ListingCard(msgspec.Struct, frozen=True, kw_only=True):
    """A property as lists show it; the whole of it is at `/properties/{id}`."""

    id: UUID
    user_id: UUID
    title: str
    property_type: str
    listing_type: str
    status: str
    price: float
    bedrooms: int | None
    bathrooms: float | None
    square_meters: float | None
    address: str | None
    neighborhood: str | None
    city: str | None
    latitude: float | None
    longitude: float | None
    year_built: int | None
    is_featured: bool
    amenities: list[str]
    features: list[str]
    image_url: str | None
    created_at: datetime


class PropertyRead(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of a property. Money is in KES (a month, for rent), areas in m², degrees are of WGS 84."""

    id: UUID
    user_id: UUID
    title: str
    description: str | None
    property_type: str
    listing_type: str
    price: float
    bedrooms: int | None
    bathrooms: float | None
    square_meters: float | None
    address: str | None
    neighborhood: str | None
    city: str | None
    latitude: float | None
    longitude: float | None
    status: str
    year_built: int | None
    view_count: int
    is_featured: bool
    created_at: datetime
    updated_at: datetime
    amenities: list[str]
    features: list[str]
    images: list[ImageRead]


class PriceChangeRead(msgspec.Struct, frozen=True, kw_only=True):
    """What a property cost from some moment on. Money is in KES (a month, for rent).

    `previous_price` is null where there is nothing to compare with: at the beginning, and when a sale becomes a rent.
    """

    price: float
    previous_price: float | None
    listing_type: str
    changed_at: datetime
