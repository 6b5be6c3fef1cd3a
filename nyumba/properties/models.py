"""Properties, the words attached to them, and what writing them leaves behind.

Invariant: `search_version` belongs to the triggers. It names the state of a property for Elasticsearch and never goes
down for an id, even when the row is deleted and inserted again.
"""

from datetime import datetime
from decimal import Decimal
from typing import get_args
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    FetchedValue,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from nyumba.db import Base, HasId, HasTimes
from nyumba.properties.vocabulary import LONGEST_DESCRIPTION, ListingType, PropertyType, Status


def _one_of(column: str, choices: object) -> CheckConstraint:
    values = ", ".join(f"'{choice}'" for choice in get_args(choices))
    return CheckConstraint(f"{column} IN ({values})", name=column)


class Property(HasId, HasTimes, Base):
    """A listing: a place offered for sale or rent by its owner."""

    __tablename__ = "properties"
    __table_args__ = (
        UniqueConstraint("source", "source_id"),
        _one_of("property_type", PropertyType),
        _one_of("listing_type", ListingType),
        _one_of("status", Status),
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint(f"char_length(description) <= {LONGEST_DESCRIPTION}", name="description"),
        CheckConstraint("price > 0", name="price"),
        CheckConstraint("price <> 'NaN'", name="price_is_a_number"),
        CheckConstraint("bedrooms BETWEEN 0 AND 100", name="bedrooms"),
        CheckConstraint("bathrooms BETWEEN 0 AND 100", name="bathrooms"),
        CheckConstraint("property_type <> 'land' OR coalesce(bedrooms, 0) = 0", name="land_has_no_bedrooms"),
        CheckConstraint("square_meters > 0", name="square_meters"),
        CheckConstraint("square_meters <> 'NaN'", name="square_meters_is_a_number"),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="coordinates"),
        CheckConstraint("year_built BETWEEN 1500 AND 2100", name="year_built"),
        CheckConstraint("view_count >= 0", name="view_count"),
        CheckConstraint("(source IS NULL) = (source_id IS NULL)", name="source"),
        Index(None, "user_id", "created_at", "id"),
        Index("ix_properties_lower_city_user_id", text("lower(city)"), "user_id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    property_type: Mapped[str] = mapped_column(String(16))
    listing_type: Mapped[str] = mapped_column(String(8))
    price: Mapped[Decimal] = mapped_column(Numeric(12, 2), index=True)
    bedrooms: Mapped[int | None] = mapped_column(SmallInteger)
    bathrooms: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    square_meters: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    address: Mapped[str | None] = mapped_column(String(255))
    neighborhood: Mapped[str | None] = mapped_column(String(100), index=True)
    city: Mapped[str | None] = mapped_column(String(100), index=True)
    latitude: Mapped[Decimal | None] = mapped_column(Numeric(10, 8))
    longitude: Mapped[Decimal | None] = mapped_column(Numeric(11, 8))
    status: Mapped[str] = mapped_column(String(16), index=True, server_default="active")
    year_built: Mapped[int | None] = mapped_column(SmallInteger)
    view_count: Mapped[int] = mapped_column(server_default="0")
    is_featured: Mapped[bool] = mapped_column(server_default="false")
    source: Mapped[str | None] = mapped_column(String(64))
    source_id: Mapped[str | None] = mapped_column(String(128))
    search_version: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())

    amenities: Mapped[list["Amenity"]] = relationship(order_by="Amenity.name", lazy="raise")
    features: Mapped[list["Feature"]] = relationship(order_by="Feature.name", lazy="raise")
    images: Mapped[list["PropertyImage"]] = relationship(
        order_by="(PropertyImage.display_order, PropertyImage.id)", lazy="raise"
    )


class Amenity(HasId, Base):
    """Something a home has, such as a pool."""

    __tablename__ = "amenities"
    __table_args__ = (UniqueConstraint("property_id", "name"), CheckConstraint("name <> ''", name="name"))

    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))


class Feature(HasId, Base):
    """Something special about a home, such as a sea view."""

    __tablename__ = "features"
    __table_args__ = (UniqueConstraint("property_id", "name"), CheckConstraint("name <> ''", name="name"))

    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))


class PropertyImage(HasId, Base):
    """One picture, in two sizes. While a property has images, one of them is the primary one, shown with it in lists.

    `url` is that of the size for pages, which `width` and `height` describe. Its objects in storage are named by `id`.
    A picture that lies elsewhere has its `url` alone.
    """

    __tablename__ = "property_images"
    __table_args__ = (
        CheckConstraint("display_order >= 0", name="display_order"),
        CheckConstraint("width > 0 AND height > 0", name="size"),
        Index("ix_property_images_property_id_display_order", "property_id", "display_order"),
        Index("uq_property_images_primary", "property_id", unique=True, postgresql_where=text("is_primary")),
    )

    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(String(500))
    card_url: Mapped[str | None] = mapped_column(String(500))
    width: Mapped[int | None]
    height: Mapped[int | None]
    is_primary: Mapped[bool] = mapped_column(server_default="false")
    display_order: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PriceChange(Base):
    """What a property cost from some moment on. Triggers note it; ids rise with the changes of a property.

    `previous_price` is NULL where there is nothing to compare with: at the beginning, and when a sale becomes a rent.
    """

    __tablename__ = "price_changes"
    __table_args__ = (
        CheckConstraint("price > 0 AND price <> 'NaN'", name="price"),
        CheckConstraint("previous_price > 0 AND previous_price <> 'NaN'", name="previous_price"),
        Index(None, "property_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    listing_type: Mapped[str] = mapped_column(String(8))
    price: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    previous_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    changed_at: Mapped[datetime]


class IdempotencyKey(Base):
    """A request that its sender may repeat, and what it was answered. It is forgotten after a day."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
