"""A storage of each kind, and people who have something to show."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import boto3
import pytest
from httpx import AsyncClient, Response
from moto.server import ThreadedMotoServer

from nyumba.accounts.families import start_family
from nyumba.accounts.tokens import TokenKeys
from nyumba.db import create_session_factory
from nyumba.images.folder import FolderStorage
from nyumba.images.removals import Remover
from nyumba.images.s3 import S3Storage
from nyumba.images.storage import open_storage
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import serve
from tests.pictures import make_jpeg


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """An S3 server on a free port of this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_settings(settings: Settings, s3_url: str) -> Settings:
    """A bucket of its own for one test, that everyone may read."""
    bucket = f"images-{uuid4().hex}"
    settings = replace(
        settings,
        s3_bucket=bucket,
        s3_endpoint_url=s3_url,
        s3_access_key="test",
        s3_secret_key="test",  # noqa: S106
    )
    client = boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
    )
    client.create_bucket(Bucket=bucket)
    everyone_reads = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everyone_reads]}))
    client.close()
    return settings


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Nothing is removed from storage but by the test."""
    monkeypatch.setattr("nyumba.images.removals.INTERVAL_S", 3600)
    return settings


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[AsyncClient]:
    async with serve(settings) as client:
        yield client


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in."""

    id: UUID
    headers: dict[str, str]


class Gallery:
    """The strokes that these tests are made of."""

    def __init__(self, api: AsyncClient, world: World, settings: Settings, storage: FolderStorage | S3Storage) -> None:
        self.api = api
        self.world = world
        self.sql = world.sql
        self.storage = storage
        self.remover = Remover(world.engine, storage)
        self._keys = TokenKeys(settings.secret_key)
        self._sessions = create_session_factory(world.engine)

    async def add_person(self, role: str = "seller") -> Person:
        user_id = await self.world.add_user(role=role)
        async with self._sessions.begin() as session:
            pair = await start_family(session, self._keys, user_id)
        return Person(user_id, {"Authorization": f"Bearer {pair.access_token}"})

    async def upload(self, person: Person, property_id: UUID, *files: bytes, field: str = "files") -> Response:
        parts = [(field, ("picture.jpg", content, "image/jpeg")) for content in files]
        return await self.api.post(address(property_id), files=parts, headers=person.headers)

    async def add_images(self, person: Person, property_id: UUID, count: int) -> list[dict[str, Any]]:
        """All images of the property, after some have been added."""
        answer = await self.upload(person, property_id, *(make_jpeg(60 + n) for n in range(count)))
        assert answer.status_code == 201, answer.text
        images: list[dict[str, Any]] = answer.json()["images"]
        return images

    async def change(self, method: str, person: Person, property_id: UUID, path: str, **body: object) -> Response:
        target = f"{address(property_id)}/{path}"
        return await self.api.request(method, target, json=body or None, headers=person.headers)

    async def read_rows(self) -> list[tuple[Any, ...]]:
        """Id, whether it is the primary one, and place, in order."""
        rows = await self.sql("SELECT id, is_primary, display_order FROM property_images ORDER BY display_order, id")
        return [(str(row[0]), row[1], row[2]) for row in rows]

    async def list_names(self) -> set[str]:
        return {found.name async for found in self.storage.list_objects()}

    async def make_due(self) -> None:
        """As if the time until a removal had passed."""
        await self.sql("UPDATE image_removals SET visible_at = now()")


def address(property_id: UUID) -> str:
    return f"/api/v1/properties/{property_id}/images"


@pytest.fixture
def gallery(api: AsyncClient, world: World, settings: Settings) -> Iterator[Gallery]:
    storage = open_storage(settings)
    yield Gallery(api, world, settings, storage)
    storage.close()


@pytest.fixture
async def owner(gallery: Gallery) -> Person:
    return await gallery.add_person()


@pytest.fixture
async def property_id(gallery: Gallery, owner: Person) -> UUID:
    return await gallery.world.add_property(owner.id)
