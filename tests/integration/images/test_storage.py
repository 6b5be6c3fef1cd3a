"""Both storages, the one of S3 against a real server."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image

from nyumba.images import s3
from nyumba.images.folder import FolderStorage
from nyumba.images.objects import StorageUnavailable, name_objects, read_image_id
from nyumba.images.s3 import S3Storage
from nyumba.images.storage import Storage, open_storage
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import serve
from tests.integration.images.conftest import Gallery
from tests.pictures import make_jpeg, make_photos_with_metadata


@pytest.fixture(params=["folder", "s3"])
async def storage(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Storage]:
    if request.param == "s3":
        settings = request.getfixturevalue("s3_settings")
    storage = open_storage(settings)
    yield storage
    storage.close()


async def list_names(storage: Storage) -> list[str]:
    return sorted([found.name async for found in storage.list_objects()])


async def test_objects_are_kept_listed_and_removed(storage: Storage) -> None:
    assert await list_names(storage) == []
    for name in ("one", "two"):
        await storage.put(name, name.encode())
    assert await list_names(storage) == ["one", "two"]
    await storage.put("two", b"again")
    await storage.delete("one")
    await storage.delete("one")
    assert await list_names(storage) == ["two"]


async def test_listing_goes_on_behind_the_first_page(s3_settings: Settings) -> None:
    storage = open_storage(s3_settings)
    await asyncio.gather(*(storage.put(f"{number:04}", b"x") for number in range(1010)))
    assert len(await list_names(storage)) == 1010
    storage.close()


async def test_object_of_the_bucket_says_what_it_is_and_that_it_stays(s3_settings: Settings) -> None:
    storage = open_storage(s3_settings)
    await storage.put("name", b"content")
    async with httpx.AsyncClient() as client:
        answer = await client.get(storage.locate("name"))
    assert answer.content == b"content"
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    storage.close()


@pytest.mark.parametrize(
    ("change", "address"),
    [
        ({}, "https://pictures.s3.us-east-1.amazonaws.com/x"),
        ({"s3_region": "af-south-1"}, "https://pictures.s3.af-south-1.amazonaws.com/x"),
        ({"s3_endpoint_url": "http://minio:9000"}, "http://minio:9000/pictures/x"),
        ({"s3_public_url": "https://cdn.example/i", "s3_endpoint_url": "http://minio:9000"}, "https://cdn.example/i/x"),
    ],
)
def test_address_is_the_one_that_the_public_uses(settings: Settings, change: dict[str, str], address: str) -> None:
    storage = open_storage(replace(settings, s3_bucket="pictures", **change))  # type: ignore[arg-type]
    assert isinstance(storage, S3Storage)
    assert storage.locate("x") == address
    storage.close()


@pytest.mark.parametrize(
    "change", [{"s3_bucket": "there-is-no-such-bucket"}, {"s3_endpoint_url": "http://127.0.0.1:1"}], ids=str
)
async def test_bucket_that_is_away_is_an_outage(
    s3_settings: Settings, change: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "CONFIG", s3.CONFIG.merge(s3.Config(retries={"total_max_attempts": 1})))
    storage = open_storage(replace(s3_settings, **change))  # type: ignore[arg-type]
    with pytest.raises(StorageUnavailable):
        await storage.put("name", b"content")
    with pytest.raises(StorageUnavailable):
        await list_names(storage)
    storage.close()


async def test_folder_that_cannot_be_written_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageUnavailable):
        await FolderStorage(tmp_path / "file" / "images").put("name", b"content")


async def test_file_is_seen_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = FolderStorage(tmp_path)
    page, _ = name_objects(uuid4())

    def fail(_: int) -> None:
        raise OSError

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageUnavailable):
        await storage.put(page, b"content")
    assert not (tmp_path / page).exists()
    assert [read_image_id(name) is not None for name in await list_names(storage)] == [True], "orphans tells of it"


def test_names_of_others_are_no_images() -> None:
    image_id = uuid4()
    assert {read_image_id(name) for name in name_objects(image_id)} == {image_id}
    for name in (
        f"{image_id}.webp",
        f"x/{image_id}-page.webp",
        f"{image_id}-page.webp\n",
        f"{image_id}-page.webp/..",
        "",
    ):
        assert read_image_id(name) is None


async def test_images_go_to_the_bucket_without_place_and_time(s3_settings: Settings, world: World) -> None:
    storage = open_storage(s3_settings)
    async with serve(s3_settings) as api:
        gallery = Gallery(api, world, s3_settings, storage)
        owner = await gallery.add_person()
        property_id = await world.add_property(owner.id)
        answer = await gallery.upload(owner, property_id, *make_photos_with_metadata().values())
        assert answer.status_code == 201
        async with httpx.AsyncClient() as client:
            for image in answer.json()["images"]:
                for key in ("url", "card_url"):
                    content = (await client.get(image[key])).content
                    with Image.open(io.BytesIO(content)) as picture:
                        assert (picture.format, picture.size, dict(picture.getexif())) == ("WEBP", (40, 60), {})
        await gallery.change("DELETE", owner, property_id, answer.json()["images"][0]["id"])
        assert len(await gallery.list_names()) == 6
        assert await gallery.remover.drain() == 1
        assert len(await gallery.list_names()) == 4
    storage.close()


async def test_upload_while_the_bucket_is_away_is_503_and_adds_nothing(s3_settings: Settings, world: World) -> None:
    away = replace(s3_settings, s3_bucket="there-is-no-such-bucket")
    storage = open_storage(away)
    async with serve(away) as api:
        gallery = Gallery(api, world, away, storage)
        owner = await gallery.add_person()
        property_id = await world.add_property(owner.id)
        answer = await gallery.upload(owner, property_id, make_jpeg())
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:nyumba:problem:storage-unavailable")
        assert "Retry-After" in answer.headers
        assert "bucket" not in answer.text
        assert await gallery.read_rows() == []
        assert len(await gallery.sql("SELECT image_id FROM image_removals")) == 1
        assert isinstance(property_id, UUID)
    storage.close()
