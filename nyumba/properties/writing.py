"""Creating, changing and removing properties.

Invariant: whoever changes a property holds the lock of its row from before they look at it. So If-Match and the status
moves are held against what is really there, and no edit undoes another unseen.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.errors import Forbidden
from nyumba.accounts.models import User
from nyumba.errors import FieldError, InvalidRequest, PropertyNotFound
from nyumba.preconditions import check_match
from nyumba.properties.lifecycle import explain_refusal
from nyumba.properties.models import Amenity, Feature, Property
from nyumba.properties.schemas import PropertyRead
from nyumba.properties.service import is_owned, is_visible, read_property, select_whole, tag_property, to_read
from nyumba.properties.write_schemas import PropertyCreate, PropertyUpdate, find_conflicts, tidy_word

_DECIMALS = {"price": 2, "bathrooms": 2, "square_meters": 2, "latitude": 8, "longitude": 8}
_WORDS: Mapping[str, type[Amenity | Feature]] = {"amenities": Amenity, "features": Feature}


class StatusMoveRefused(InvalidRequest):
    """A listing cannot go this way from where it is."""

    status = 409
    exit_code = 1
    code = "status-move-refused"
    title = "Status move refused"


async def create_property(session: AsyncSession, user: User, body: PropertyCreate) -> PropertyRead:
    """Offer a property.

    Raises:
        InvalidRequest: the body sets what only administrators may.
    """
    values = _read_values(body)
    if errors := _find_forbidden(user, values, is_featured=False):
        raise InvalidRequest(errors)
    words = {name: values.pop(name) for name in _WORDS}
    prop = Property(user_id=user.id, **values)
    session.add(prop)
    await session.flush()
    for name, names in words.items():
        await _replace_words(session, _WORDS[name], prop.id, names)
    return await read_property(session, prop.id)


async def update_property(
    session: AsyncSession, user: User, property_id: UUID, update: PropertyUpdate, if_match: str | None
) -> PropertyRead:
    """Change what the update names. Nothing is written where nothing differs.

    Raises:
        PropertyNotFound, Forbidden: as `_lock_property`.
        PreconditionFailed: it is no longer what `if_match` names.
        InvalidRequest: the update sets what only administrators may, or does not go with the rest of the property.
        StatusMoveRefused: the status cannot change this way.
    """
    prop = await _lock_property(session, user, property_id)
    check_match(if_match, tag_property(to_read(prop)))
    values = _read_values(update)
    _check_update(user, prop, values)
    for name, value in values.items():
        if name not in _WORDS:
            setattr(prop, name, value)
    await session.flush()
    for name in _WORDS.keys() & values.keys():
        await _replace_words(session, _WORDS[name], prop.id, values[name])
    return await read_property(session, prop.id)


async def remove_property(session: AsyncSession, user: User, property_id: UUID, if_match: str | None) -> None:
    """Remove a property and all that hangs on it.

    Raises:
        PropertyNotFound, Forbidden: as `_lock_property`.
        PreconditionFailed: it is no longer what `if_match` names.
    """
    prop = await _lock_property(session, user, property_id)
    check_match(if_match, tag_property(to_read(prop)))
    await session.execute(delete(Property).where(Property.id == property_id))


async def _lock_property(session: AsyncSession, user: User, property_id: UUID) -> Property:
    """Load a property and hold it against all other writers until the transaction ends.

    Raises:
        PropertyNotFound: there is none, or one that the user may not even see.
        Forbidden: it is somebody else's.
    """
    prop: Property | None = await session.scalar(select_whole(property_id).with_for_update(key_share=True))
    if prop is None or not is_visible(user, prop.user_id, prop.status):
        raise PropertyNotFound(f"there is no property {property_id}")
    if not is_owned(user, prop.user_id):
        raise Forbidden("only its owner may change a property")
    return prop


def _read_values(body: PropertyCreate | PropertyUpdate) -> dict[str, Any]:
    """What a body names, as the columns hold it."""
    given = msgspec.structs.asdict(body)
    return {name: _to_column(name, value) for name, value in given.items() if value is not msgspec.UNSET}


def _to_column(name: str, value: object) -> object:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):
        return round(Decimal(repr(value)), _DECIMALS[name])
    return [tidy_word(word) for word in value] if isinstance(value, list) else value


def _find_forbidden(user: User, values: Mapping[str, Any], *, is_featured: bool) -> list[FieldError]:
    """What the user may not set to other than it is."""
    if user.role == "admin" or values.get("is_featured", is_featured) == is_featured:
        return []
    return [FieldError("can be set by administrators only", pointer="/is_featured")]


def _check_update(user: User, prop: Property, values: Mapping[str, Any]) -> None:
    """Hold an update against the rest of the property, and against what the user may set."""
    merged = {name: values.get(name, getattr(prop, name)) for name in PropertyUpdate.__struct_fields__}
    errors = _find_forbidden(user, values, is_featured=prop.is_featured) + find_conflicts(merged)
    moves = []
    if {"status", "listing_type"} & values.keys():
        refusal = explain_refusal(prop.status, merged["status"], merged["listing_type"])  # type: ignore[arg-type]
        pointer = "/status" if "status" in values else "/listing_type"
        moves = [FieldError(refusal, pointer=pointer)] if refusal else []
    if errors:
        raise InvalidRequest(errors + moves)
    if moves:
        raise StatusMoveRefused(moves)


async def _replace_words(
    session: AsyncSession, words: type[Amenity | Feature], property_id: UUID, names: Sequence[str]
) -> None:
    """Leave a property with exactly these words. Those that stay are not written, so they cause no indexing."""
    await session.execute(delete(words).where(words.property_id == property_id, words.name.not_in(names)))
    if names:
        rows = [{"property_id": property_id, "name": name} for name in names]
        await session.execute(insert(words).values(rows).on_conflict_do_nothing())
