"""Images in a folder, served by the API itself. Right for development and for one machine."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from nyumba.images.objects import StorageUnavailable, StoredObject

MEDIA = "/media"

T = TypeVar("T")


class FolderStorage:
    """A folder, made when it is first written to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def put(self, name: str, content: bytes) -> None:
        """Write a file; it is seen whole or not at all."""
        await _run(lambda: self._write(name, content))

    async def delete(self, name: str) -> None:
        """Remove a file."""
        await _run(lambda: (self.path / name).unlink(missing_ok=True))

    async def list_objects(self) -> AsyncIterator[StoredObject]:
        """All files."""
        for found in await _run(self._scan):
            yield found

    def locate(self, name: str) -> str:
        """The path at which the API serves it."""
        return f"{MEDIA}/{name}"

    def close(self) -> None:
        """Nothing is held."""

    def _write(self, name: str, content: bytes) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        unfinished = self.path / f"{name}.part"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path / name)

    def _scan(self) -> list[StoredObject]:
        if not self.path.exists():
            return []
        return [
            StoredObject(path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in self.path.iterdir()
        ]


async def _run(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise StorageUnavailable("images cannot be stored or removed at the moment") from error
