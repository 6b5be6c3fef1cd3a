"""Saving properties, and listing what was saved.

Invariant: a draft is nobody's business but its owner's, so a listing that was taken back to one is not shown, and
appears again when it is published.
"""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.errors import PropertyNotFound
from nyumba.keyset import convert_row, read_page
from nyumba.pagination import Page, Paging
from nyumba.properties.cards import IS_PUBLIC, select_cards
from nyumba.properties.models import Property
from nyumba.saved.models import SavedProperty
from nyumba.saved.schemas import SavedCard


async def save_property(session: AsyncSession, user_id: UUID, property_id: UUID) -> None:
    """Note that a user keeps an eye on a property. Does nothing when they do already.

    Raises:
        PropertyNotFound: there is none, or it is not public: strangers cannot tell these apart.
    """
    found = select(Property.id).where(Property.id == property_id, IS_PUBLIC)
    if await session.scalar(found.with_for_update(read=True, key_share=True)) is None:
        raise PropertyNotFound(f"there is no property {property_id}")
    await session.execute(
        insert(SavedProperty).values(user_id=user_id, property_id=property_id).on_conflict_do_nothing()
    )


async def forget_property(session: AsyncSession, user_id: UUID, property_id: UUID) -> None:
    """Undo saving. Does nothing where nothing was saved."""
    saved = (SavedProperty.user_id == user_id, SavedProperty.property_id == property_id)
    await session.execute(delete(SavedProperty).where(*saved))


async def list_saved(session: AsyncSession, user_id: UUID, paging: Paging) -> Page[SavedCard]:
    """What a user saved, last saved first."""
    query = (
        select_cards()
        .add_columns(SavedProperty.saved_at, IS_PUBLIC.label("available"))
        .join(SavedProperty, SavedProperty.property_id == Property.id)
        .where(SavedProperty.user_id == user_id, Property.status != "draft")
    )
    keys = (SavedProperty.saved_at, SavedProperty.id)
    rows, total, page = await read_page(session, query, keys, paging, ("saved", user_id))
    return Page([convert_row(row, SavedCard) for row in rows], total, page)
