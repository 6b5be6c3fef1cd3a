"""What goes in and out with images, besides the files."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from nyumba.parameters import EXPECTED
from nyumba.properties.schemas import ImageRead

MOST_IMAGES = 50


class PropertyImages(Struct, frozen=True):
    """All images of a property, in their order."""

    images: list[ImageRead]


class ImageOrder(Struct, frozen=True, kw_only=True):
    """The order in which the images are shown from now on."""

    image_ids: Annotated[
        list[UUID], Meta(max_length=MOST_IMAGES, extra={EXPECTED: "the ids of all images of the property, each once"})
    ]
