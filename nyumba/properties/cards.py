"""Lists of properties from PostgreSQL, for where the index does not reach: private ones, and those off the market.

Invariant: a card says what search says of the same property; a test compares the two.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Label, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.keyset import Query, convert_row, read_page
from nyumba.pagination import Page, Paging
from nyumba.properties.models import Amenity, Feature, Property, PropertyImage
from nyumba.properties.schemas import ListingCard
from nyumba.properties.vocabulary import PUBLIC_STATUSES

IS_PUBLIC = Property.status.in_(PUBLIC_STATUSES)

_MADE_HERE = ("amenities", "features", "image_url")
_PLAIN = [name for name in ListingCard.__struct_fields__ if name not in _MADE_HERE]


def select_cards() -> Query:
    """All properties as rows with the attributes of a card; the words and the image of each come with it."""
    return select(
        *(getattr(Property, name) for name in _PLAIN), _gather_names(Amenity), _gather_names(Feature), _find_image()
    ).select_from(Property)


async def list_cards(
    session: AsyncSession, condition: ColumnElement[bool], paging: Paging, scope: Sequence[object]
) -> Page[ListingCard]:
    """The properties for which the condition holds, newest first. `scope` says for the cursor which ones these are."""
    query = select_cards().where(condition)
    rows, total, page = await read_page(session, query, (Property.created_at, Property.id), paging, scope)
    return Page([convert_row(row, ListingCard) for row in rows], total, page)


async def list_user_properties(
    session: AsyncSession, user_id: UUID, paging: Paging, *, with_private: bool
) -> Page[ListingCard]:
    """The properties of a user: the public ones, or all. Somebody who is not there has none."""
    condition = Property.user_id == user_id
    if not with_private:
        condition &= IS_PUBLIC
    return await list_cards(session, condition, paging, ("user", user_id, with_private))


def _gather_names(words: type[Amenity | Feature]) -> Label[Any]:
    names = select(words.name).where(words.property_id == Property.id).order_by(words.name)
    return func.array(names.scalar_subquery()).label(words.__tablename__)


def _find_image() -> Label[Any]:
    image = PropertyImage
    order = (image.is_primary.desc(), image.display_order, image.id)
    url = select(func.coalesce(image.card_url, image.url)).where(image.property_id == Property.id).order_by(*order)
    return url.limit(1).scalar_subquery().label("image_url")
