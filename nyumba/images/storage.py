"""Where the bytes of pictures lie: in a bucket of an S3 service, or in a folder while no bucket is set."""

from collections.abc import AsyncIterator
from typing import Protocol

from nyumba.images.folder import FolderStorage
from nyumba.images.objects import StoredObject
from nyumba.settings import Settings


class Storage(Protocol):
    """Keeps objects. Its coroutines raise StorageUnavailable where they cannot do what they are for."""

    async def put(self, name: str, content: bytes) -> None:
        """Keep an object, for good once this has returned."""

    async def delete(self, name: str) -> None:
        """Remove an object. One that is not there is no error."""

    def list_objects(self) -> AsyncIterator[StoredObject]:
        """All there are, also those that are not of images."""

    def locate(self, name: str) -> str:
        """The address of an object, absolute or relative to the API's."""

    def close(self) -> None:
        """Let go of connections and threads."""


def open_storage(settings: Settings) -> Storage:
    """The storage that the settings ask for."""
    if settings.s3_bucket is None:
        return FolderStorage(settings.state_dir / "images")
    from nyumba.images.s3 import S3Storage  # noqa: PLC0415  (boto3 is large, and most processes never need it)

    return S3Storage(settings, settings.s3_bucket)
