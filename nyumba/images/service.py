"""Adding, ordering and removing the images of a property.

Invariant: whatever changes the images of a property holds the lock of its row. So there is exactly one primary image
while there are images, and never more of them than allowed.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import ARRAY, Uuid, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from nyumba.accounts.errors import Forbidden
from nyumba.accounts.models import User
from nyumba.errors import FieldError, InvalidRequest, NyumbaError, PropertyNotFound
from nyumba.images.models import ImageRemoval
from nyumba.images.objects import name_objects
from nyumba.images.processing import Decoders, Picture, PictureRefused
from nyumba.images.schemas import MOST_IMAGES, PropertyImages
from nyumba.images.storage import Storage
from nyumba.images.uploads import FIELD
from nyumba.properties.models import Property, PropertyImage
from nyumba.properties.schemas import ImageRead
from nyumba.properties.service import is_owned, is_visible

LONGEST_UPLOAD = timedelta(hours=1)

Sessions = async_sessionmaker[AsyncSession]


class ImageNotFound(NyumbaError):
    """The property has no such image."""

    status = 404
    code = "image-not-found"
    title = "Image not found"


class TooManyImages(NyumbaError):
    """The property has as many images as it may."""

    status = 409
    code = "too-many-images"
    title = "Too many images"


class UploadTooSlow(NyumbaError):
    """The upload took so long that what it had stored was cleaned up."""

    status = 408
    code = "upload-too-slow"
    title = "Upload too slow"


@dataclass(frozen=True, slots=True)
class Imaging:
    """What the application gives to those who take pictures in."""

    sessions: Sessions
    storage: Storage
    decoders: Decoders


async def add_images(imaging: Imaging, user: User, property_id: UUID, files: AsyncIterator[BinaryIO]) -> PropertyImages:
    """Take pictures in, all of them or none. No connection is held while files arrive and are decoded.

    Objects are written before the rows that show them. Until then their removal is queued, so that nothing is left
    behind by a request that fails, nor by a process that dies.

    Raises:
        PropertyNotFound, Forbidden: before any file is read.
        InvalidRequest: with each file that is not a picture that is taken.
        TooManyImages, StorageUnavailable, ProcessingBusy, UploadTooSlow: as their names say.
    """
    async with imaging.sessions.begin() as session:
        await lock_property(session, user, property_id)
        await _check_room(session, property_id, 1)
    images: list[PropertyImage] = []
    errors: list[FieldError] = []
    number = 0
    async for file in files:
        try:
            picture = await imaging.decoders.decode(file)
        except PictureRefused as error:
            errors.append(FieldError(str(error), pointer=f"/{FIELD}/{number}"))
        else:
            if not errors:
                images.append(await _store(imaging, property_id, picture))
        number += 1
    if not number:
        errors.append(FieldError("is missing", pointer=f"/{FIELD}"))
    if errors:
        raise InvalidRequest(errors)
    async with imaging.sessions.begin() as session:
        await lock_property(session, user, property_id)
        await _append(session, property_id, images)
        return await _read_images(session, property_id)


async def remove_image(session: AsyncSession, user: User, property_id: UUID, image_id: UUID) -> None:
    """Remove an image; the next in order takes its place if it was the primary one. Its objects go a little later."""
    await lock_property(session, user, property_id)
    image = await _find_image(session, property_id, image_id)
    await session.delete(image)
    await session.flush()
    if image.is_primary:
        following = select(PropertyImage.id).where(PropertyImage.property_id == property_id)
        following = following.order_by(PropertyImage.display_order, PropertyImage.id).limit(1)
        promote = update(PropertyImage).where(PropertyImage.id == following.scalar_subquery())
        await session.execute(promote.values(is_primary=True))


async def set_primary(session: AsyncSession, user: User, property_id: UUID, image_id: UUID) -> PropertyImages:
    """Make an image the primary one. Does nothing if it is."""
    await lock_property(session, user, property_id)
    image = await _find_image(session, property_id, image_id)
    if not image.is_primary:
        siblings = update(PropertyImage).where(PropertyImage.property_id == property_id, PropertyImage.is_primary)
        await session.execute(siblings.values(is_primary=False))
        image.is_primary = True
        await session.flush()
    return await _read_images(session, property_id)


async def order_images(session: AsyncSession, user: User, property_id: UUID, image_ids: list[UUID]) -> PropertyImages:
    """Show the images in this order.

    Raises:
        InvalidRequest: these are not all the images of the property, each once.
    """
    await lock_property(session, user, property_id)
    known = await session.scalars(select(PropertyImage.id).where(PropertyImage.property_id == property_id))
    if sorted(known) != sorted(image_ids):
        detail = "must be the ids of all images of the property, each once"
        raise InvalidRequest([FieldError(detail, pointer="/image_ids")])
    place = func.array_position(literal(image_ids, ARRAY(Uuid)), PropertyImage.id) - 1
    moved = update(PropertyImage).where(PropertyImage.property_id == property_id, PropertyImage.display_order != place)
    await session.execute(moved.values(display_order=place).execution_options(synchronize_session=False))
    return await _read_images(session, property_id)


async def lock_property(session: AsyncSession, user: User, property_id: UUID) -> None:
    """Hold a property against all other writers until the transaction ends.

    Raises:
        PropertyNotFound: there is none, or one that the user may not even see.
        Forbidden: it is somebody else's.
    """
    statement = select(Property.user_id, Property.status).where(Property.id == property_id)
    found = (await session.execute(statement.with_for_update(key_share=True))).one_or_none()
    if found is None or not is_visible(user, found.user_id, found.status):
        raise PropertyNotFound(f"there is no property {property_id}")
    if not is_owned(user, found.user_id):
        raise Forbidden("only its owner may change a property")


async def _store(imaging: Imaging, property_id: UUID, picture: Picture) -> PropertyImage:
    """Write the objects of a picture whose removal is queued: the row that this returns is still to be added."""
    image_id = uuid4()
    async with imaging.sessions.begin() as session:
        session.add(ImageRemoval(image_id=image_id, visible_at=func.now() + LONGEST_UPLOAD))
    page, card = name_objects(image_id)
    await imaging.storage.put(page, picture.page)
    await imaging.storage.put(card, picture.card)
    return PropertyImage(
        id=image_id,
        property_id=property_id,
        url=imaging.storage.locate(page),
        card_url=imaging.storage.locate(card),
        width=picture.width,
        height=picture.height,
    )


async def _append(session: AsyncSession, property_id: UUID, images: list[PropertyImage]) -> None:
    """Add the rows behind those there are, and take back the removals of their objects."""
    count, last = await _check_room(session, property_id, len(images))
    for place, image in enumerate(images, start=last + 1):
        image.display_order = place
        image.is_primary = count == 0 and image is images[0]
    ids = [image.id for image in images]
    # A claimed removal is under way, whether or not it has come to these objects yet.
    taken_back = delete(ImageRemoval).where(ImageRemoval.image_id.in_(ids), ImageRemoval.attempts == 0)
    kept = await session.scalars(taken_back.returning(ImageRemoval.image_id))
    if len(kept.all()) < len(ids):
        raise UploadTooSlow("the upload took too long; send fewer files at once")
    session.add_all(images)
    await session.flush()


async def _check_room(session: AsyncSession, property_id: UUID, wanted: int) -> tuple[int, int]:
    """How many images there are, and the place of the last one; -1 without any."""
    statement = select(func.count(), func.coalesce(func.max(PropertyImage.display_order), -1))
    count, last = (await session.execute(statement.where(PropertyImage.property_id == property_id))).one()
    if count + wanted > MOST_IMAGES:
        raise TooManyImages(f"a property has {MOST_IMAGES} images at most, and this one has {count}")
    return count, last


async def _find_image(session: AsyncSession, property_id: UUID, image_id: UUID) -> PropertyImage:
    statement = select(PropertyImage).where(PropertyImage.id == image_id, PropertyImage.property_id == property_id)
    image = await session.scalar(statement)
    if image is None:
        raise ImageNotFound(f"the property has no image {image_id}")
    return image


async def _read_images(session: AsyncSession, property_id: UUID) -> PropertyImages:
    statement = select(PropertyImage).where(PropertyImage.property_id == property_id)
    images = await session.scalars(statement.order_by(PropertyImage.display_order, PropertyImage.id))
    return PropertyImages(msgspec.convert(images.all(), list[ImageRead], from_attributes=True))
