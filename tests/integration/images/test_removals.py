"""Objects go with their images, whoever removes these, and nothing is left behind by what fails."""

import asyncio
import os
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from nyumba.images.folder import FolderStorage
from nyumba.images.objects import StorageUnavailable, name_objects
from nyumba.images.removals import MOST_ATTEMPTS, Remover, find_orphans
from tests.integration.images.conftest import Gallery, Person
from tests.pictures import make_jpeg

QUEUE = "SELECT attempts, extract(epoch FROM visible_at - now())::int FROM image_removals"


@pytest.mark.parametrize(
    "removal",
    [
        "DELETE FROM property_images",
        "DELETE FROM properties",
        "DELETE FROM users",
        "WITH gone AS (DELETE FROM property_images RETURNING id) SELECT id FROM gone",
    ],
)
async def test_objects_go_with_their_rows(gallery: Gallery, owner: Person, property_id: UUID, removal: str) -> None:
    await gallery.add_images(owner, property_id, 3)
    kept = await gallery.add_person()
    other = await gallery.world.add_property(kept.id)
    [image] = await gallery.add_images(kept, other, 1)
    removal = removal.replace("property_images", f"property_images WHERE property_id = '{property_id}'")
    removal = removal.replace("properties", f"properties WHERE id = '{property_id}'")
    await gallery.sql(removal.replace("users", f"users WHERE id = '{owner.id}'"))
    assert len(await gallery.list_names()) == 8
    assert await gallery.remover.drain() == 3
    assert await gallery.list_names() == set(name_objects(UUID(image["id"])))
    assert await gallery.sql(QUEUE) == []


async def test_objects_go_with_a_property_that_its_owner_removes(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    await gallery.add_images(owner, property_id, 2)
    answer = await gallery.api.delete(f"/api/v1/properties/{property_id}", headers=owner.headers)
    assert answer.status_code == 204
    assert await gallery.remover.drain() == 2
    assert await gallery.list_names() == set()


async def test_objects_of_a_removal_that_was_rolled_back_stay(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    await gallery.add_images(owner, property_id, 1)
    async with gallery.world.engine.connect() as connection:
        await connection.exec_driver_sql("DELETE FROM properties")
        await connection.rollback()
    assert await gallery.remover.drain() == 0
    assert len(await gallery.list_names()) == 2


async def test_picture_that_lies_elsewhere_leaves_no_removal(gallery: Gallery, property_id: UUID) -> None:
    await gallery.sql(
        "INSERT INTO property_images (property_id, url) VALUES (:id, 'https://x.example')", id=property_id
    )
    await gallery.sql("DELETE FROM property_images")
    assert await gallery.sql(QUEUE) == []


async def test_queue_is_empty_after_an_upload(gallery: Gallery, owner: Person, property_id: UUID) -> None:
    await gallery.add_images(owner, property_id, 3)
    assert await gallery.sql(QUEUE) == []


async def test_removal_is_queued_before_anything_is_written(
    gallery: Gallery, owner: Person, property_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    put = FolderStorage.put

    async def watch(self: FolderStorage, name: str, content: bytes) -> None:
        seen.append([name.startswith(str(row[0])) for row in await gallery.sql("SELECT image_id FROM image_removals")])
        await put(self, name, content)

    monkeypatch.setattr(FolderStorage, "put", watch)
    await gallery.add_images(owner, property_id, 1)
    assert seen == [[True], [True]]


async def test_objects_of_a_failed_upload_are_removed_after_an_hour(
    gallery: Gallery, owner: Person, property_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = FolderStorage.put

    async def fail_at_the_card(self: FolderStorage, name: str, content: bytes) -> None:
        if "card" in name:
            raise StorageUnavailable("down")
        await put(self, name, content)

    monkeypatch.setattr(FolderStorage, "put", fail_at_the_card)
    assert (await gallery.upload(owner, property_id, make_jpeg())).status_code == 503
    assert await gallery.read_rows() == []
    assert len(await gallery.list_names()) == 1
    assert await gallery.remover.drain() == 0, "it might still be under way"
    [(_, seconds)] = await gallery.sql(QUEUE)
    assert 3500 < seconds <= 3600
    await gallery.make_due()
    assert await gallery.remover.drain() == 1
    assert await gallery.list_names() == set()


async def test_property_that_is_deleted_during_an_upload_leaves_no_object(
    gallery: Gallery, owner: Person, property_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = FolderStorage.put

    async def delete_meanwhile(self: FolderStorage, name: str, content: bytes) -> None:
        await gallery.sql("DELETE FROM properties")
        await put(self, name, content)

    monkeypatch.setattr(FolderStorage, "put", delete_meanwhile)
    assert (await gallery.upload(owner, property_id, make_jpeg())).status_code == 404
    await gallery.make_due()
    await gallery.remover.drain()
    assert await gallery.list_names() == set()


async def test_upload_that_lost_its_objects_to_the_clean_up_fails(
    gallery: Gallery, owner: Person, property_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better an error than a row that shows nothing."""
    put = FolderStorage.put

    async def clean_up_meanwhile(self: FolderStorage, name: str, content: bytes) -> None:
        await put(self, name, content)
        await gallery.make_due()
        await gallery.remover._claim()

    monkeypatch.setattr(FolderStorage, "put", clean_up_meanwhile)
    answer = await gallery.upload(owner, property_id, make_jpeg())
    assert (answer.status_code, answer.json()["type"]) == (408, "urn:nyumba:problem:upload-too-slow")
    assert await gallery.read_rows() == []


async def test_removal_is_tried_again_later_and_given_up_in_the_end(
    gallery: Gallery,
    owner: Person,
    property_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await gallery.add_images(owner, property_id, 1)
    await gallery.sql("DELETE FROM property_images")
    delete = FolderStorage.delete

    async def fail(self: FolderStorage, name: str) -> None:
        raise StorageUnavailable("down")

    monkeypatch.setattr(FolderStorage, "delete", fail)
    waited = []
    for _ in range(MOST_ATTEMPTS - 1):
        assert await gallery.remover.drain() == 1, "not due again at once"
        waited += [row[1] for row in await gallery.sql(QUEUE)]
        await gallery.make_due()
    assert waited[:4] == pytest.approx([60, 240, 960, 3840], abs=5)
    assert len(await gallery.list_names()) == 2
    await gallery.remover.drain()
    assert await gallery.sql(QUEUE) == []
    assert "nyumba images orphans" in caplog.text
    monkeypatch.setattr(FolderStorage, "delete", delete)


async def test_removal_succeeds_once_the_storage_is_back(
    gallery: Gallery, owner: Person, property_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gallery.add_images(owner, property_id, 1)
    await gallery.sql("DELETE FROM property_images")
    with monkeypatch.context() as patch:

        async def fail(self: FolderStorage, name: str) -> None:
            raise StorageUnavailable("down")

        patch.setattr(FolderStorage, "delete", fail)
        await gallery.remover.drain()
    await gallery.make_due()
    await gallery.remover.drain()
    assert await gallery.list_names() == set()
    assert await gallery.sql(QUEUE) == []


async def test_several_work_on_one_queue(gallery: Gallery, owner: Person, property_id: UUID) -> None:
    await gallery.add_images(owner, property_id, 9)
    await gallery.sql("DELETE FROM properties")
    counts = await asyncio.gather(*(Remover(gallery.world.engine, gallery.storage).drain() for _ in range(3)))
    assert sum(counts) == 9
    assert await gallery.list_names() == set()


async def test_api_works_the_queue_off_by_itself(
    gallery: Gallery, owner: Person, property_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gallery.add_images(owner, property_id, 1)
    await gallery.sql("DELETE FROM properties")
    monkeypatch.setattr("nyumba.images.removals.INTERVAL_S", 0.01)
    async with gallery.remover.work(), asyncio.timeout(20):
        while await gallery.list_names():
            await asyncio.sleep(0.01)


async def test_removals_go_on_after_a_failure(
    gallery: Gallery,
    owner: Person,
    property_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await gallery.add_images(owner, property_id, 1)
    monkeypatch.setattr("nyumba.images.removals.INTERVAL_S", 0.01)
    drain, failures = Remover.drain, [RuntimeError("a bug"), ConnectionRefusedError()]

    async def fail_first(self: Remover) -> int:
        if failures:
            raise failures.pop(0)
        return await drain(self)

    monkeypatch.setattr(Remover, "drain", fail_first)
    async with gallery.remover.work(), asyncio.timeout(20):
        await gallery.sql("DELETE FROM properties")
        while await gallery.list_names():
            await asyncio.sleep(0.01)
    assert "a bug" in caplog.text
    assert "PostgreSQL is unavailable" in caplog.text


async def test_orphans_are_old_objects_that_no_row_names(
    gallery: Gallery, owner: Person, property_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nyumba.images.removals.CHUNK", 2)
    await gallery.add_images(owner, property_id, 2)
    await gallery.sql("DELETE FROM property_images WHERE is_primary")
    old, young = uuid4(), uuid4()
    for name in (*name_objects(old), *name_objects(young), "something-else", f"{old}-page.webp.part"):
        await gallery.storage.put(name, b"x")
    assert isinstance(gallery.storage, FolderStorage)
    for path in gallery.storage.path.iterdir():
        if str(young) not in path.name:
            make_older(path)
    orphans = [orphan.name async for orphan in find_orphans(gallery.world.engine, gallery.storage)]
    assert sorted(orphans) == sorted([*name_objects(old), f"{old}-page.webp.part"])


def make_older(path: Path) -> None:
    at = time.time() - 3700
    os.utime(path, (at, at))
