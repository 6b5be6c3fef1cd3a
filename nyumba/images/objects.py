"""The objects of images, as every storage knows them.

Invariant: names are made here, of an image's id and nothing else, so none that a client wrote ever reaches a storage.
What has once been written under a name never changes.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nyumba.errors import NyumbaError

MEDIA_TYPE = "image/webp"
CACHE_CONTROL = "public, max-age=31536000, immutable"

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAME = re.compile(rf"({_UUID})-(?:page|card)\.webp(?:\.part)?")


class StorageUnavailable(NyumbaError):
    """The storage cannot be reached, or does not do as it is told."""

    status = 503
    exit_code = 3
    code = "storage-unavailable"
    title = "The storage of images is unavailable"
    retry_after_s = 5


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a storage says of one of its objects."""

    name: str
    modified_at: datetime


def name_objects(image_id: UUID) -> tuple[str, str]:
    """The objects of an image: the picture for its page, and the one for cards."""
    return f"{image_id}-page.webp", f"{image_id}-card.webp"


def read_image_id(name: str) -> UUID | None:
    """Which image an object belongs to, an unfinished one, too; None when it is not one of ours."""
    match = _NAME.fullmatch(name)
    return None if match is None else UUID(match[1])
