"""Reading properties from PostgreSQL, which is always right, also while search is down or behind.

Invariant: strangers cannot tell a property that is not public from one that does not exist.
"""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from nyumba.accounts.models import User
from nyumba.errors import PropertyNotFound
from nyumba.keyset import convert_row, read_page
from nyumba.pagination import Page, Paging
from nyumba.preconditions import make_tag
from nyumba.properties.models import PriceChange, Property
from nyumba.properties.schemas import ImageRead, PriceChangeRead, PropertyRead
from nyumba.properties.vocabulary import PUBLIC_STATUSES

_PLAIN = [
    field.name
    for field in msgspec.structs.fields(PropertyRead)
    if field.name not in ("amenities", "features", "images")
]


def is_owned(user: User | None, owner_id: UUID) -> bool:
    """Whether somebody may do with a property what its owner may."""
    return user is not None and (user.id == owner_id or user.role == "admin")


def is_visible(viewer: User | None, owner_id: UUID, status: str) -> bool:
    """Whether somebody, logged in or not, may know of a property."""
    return status in PUBLIC_STATUSES or is_owned(viewer, owner_id)


async def get_property(session: AsyncSession, viewer: User | None, property_id: UUID) -> PropertyRead:
    """Read one property: anybody one that is on the market, its owner and administrators in every state.

    Raises:
        PropertyNotFound: there is none, or none that the viewer may see.
    """
    prop: Property | None = await session.scalar(select_whole(property_id))
    if prop is None or not is_visible(viewer, prop.user_id, prop.status):
        raise PropertyNotFound(f"there is no property {property_id}")
    return to_read(prop)


async def find_visible(session: AsyncSession, viewer: User | None, property_id: UUID) -> Row[UUID, str]:
    """`user_id` and `status` of a property that the viewer may see.

    Raises:
        PropertyNotFound: there is none, or none that the viewer may see.
    """
    statement = select(Property.user_id, Property.status).where(Property.id == property_id)
    found = (await session.execute(statement)).one_or_none()
    if found is None or not is_visible(viewer, found.user_id, found.status):
        raise PropertyNotFound(f"there is no property {property_id}")
    return found


async def list_prices(
    session: AsyncSession, viewer: User | None, property_id: UUID, paging: Paging
) -> Page[PriceChangeRead]:
    """What a property has cost, last change first.

    Raises:
        PropertyNotFound: there is none, or none that the viewer may see.
    """
    await find_visible(session, viewer, property_id)
    columns = [getattr(PriceChange, name) for name in PriceChangeRead.__struct_fields__]
    query = select(*columns).where(PriceChange.property_id == property_id)
    rows, total, page = await read_page(session, query, (PriceChange.id,), paging, ("prices", property_id))
    return Page([convert_row(row, PriceChangeRead) for row in rows], total, page)


def select_whole(property_id: UUID) -> Select[Property]:
    """A property with all that is shown of it, as it is now."""
    related = (selectinload(Property.amenities), selectinload(Property.features), selectinload(Property.images))
    statement = select(Property).where(Property.id == property_id).options(*related)
    return statement.execution_options(populate_existing=True)


async def read_property(session: AsyncSession, property_id: UUID) -> PropertyRead:
    """A property that the caller knows to be there."""
    return to_read((await session.scalars(select_whole(property_id))).one())


def tag_property(read: PropertyRead) -> str:
    """Its entity tag: of all that is shown but `view_count`, lest every visitor make its owner's edit stale."""
    return make_tag(msgspec.structs.replace(read, view_count=0))


def to_read(prop: Property) -> PropertyRead:
    """The HTTP form of a property whose words and images are loaded."""
    values: dict[str, Any] = {name: getattr(prop, name) for name in _PLAIN}
    return msgspec.convert(
        values
        | {
            "amenities": [amenity.name for amenity in prop.amenities],
            "features": [feature.name for feature in prop.features],
            "images": msgspec.convert(prop.images, list[ImageRead], from_attributes=True),
        },
        PropertyRead,
        strict=False,
    )
