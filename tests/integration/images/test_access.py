"""Who may change the images of a property."""

from uuid import UUID, uuid4

import pytest
from httpx import Response

from tests.integration.images.conftest import Gallery, Person, address
from tests.pictures import make_jpeg

ROUTES = ["upload", "order", "primary", "delete"]
SUCCESS = {"upload": 201, "order": 200, "primary": 200, "delete": 204}


async def call(gallery: Gallery, route: str, property_id: UUID, image_id: object, headers: dict[str, str]) -> Response:
    images = address(property_id)
    match route:
        case "upload":
            return await gallery.api.post(images, files=[("files", make_jpeg())], headers=headers)
        case "order":
            return await gallery.api.put(f"{images}/order", json={"image_ids": [str(image_id)]}, headers=headers)
        case "primary":
            return await gallery.api.put(f"{images}/{image_id}/primary", headers=headers)
    return await gallery.api.delete(f"{images}/{image_id}", headers=headers)


@pytest.fixture
async def image_id(gallery: Gallery, owner: Person, property_id: UUID) -> str:
    return str((await gallery.add_images(owner, property_id, 1))[0]["id"])


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("who", ["owner", "admin"])
async def test_owner_and_admin_may(
    gallery: Gallery, owner: Person, property_id: UUID, image_id: str, route: str, who: str
) -> None:
    person = owner if who == "owner" else await gallery.add_person("admin")
    for status in ("draft", "active", "sold"):
        await gallery.sql("UPDATE properties SET status = :status", status=status)
        if route == "delete":
            image_id = (await gallery.add_images(owner, property_id, 1))[-1]["id"]
        answer = await call(gallery, route, property_id, image_id, person.headers)
        assert answer.status_code == SUCCESS[route], answer.text
        if route == "upload":
            await gallery.sql("DELETE FROM property_images WHERE id <> :id", id=UUID(image_id))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("role", ["buyer", "seller", "agent"])
async def test_others_get_403_for_a_public_property_and_404_for_a_private_one(
    gallery: Gallery, property_id: UUID, image_id: str, route: str, role: str
) -> None:
    other = await gallery.add_person(role)
    for status in ("active", "under_offer"):
        await gallery.sql("UPDATE properties SET status = :status", status=status)
        assert (await call(gallery, route, property_id, image_id, other.headers)).status_code == 403
    nowhere = uuid4()
    missing = await call(gallery, route, nowhere, image_id, other.headers)
    for status in ("draft", "sold", "let", "withdrawn", "expired"):
        await gallery.sql("UPDATE properties SET status = :status", status=status)
        foreign = await call(gallery, route, property_id, image_id, other.headers)
        assert (foreign.status_code, foreign.text.replace(str(property_id), str(nowhere))) == (404, missing.text)
    assert len(await gallery.read_rows()) == 1


@pytest.mark.parametrize("route", ROUTES)
async def test_nobody_and_those_who_are_deactivated_get_401(
    gallery: Gallery, owner: Person, property_id: UUID, image_id: str, route: str
) -> None:
    assert (await call(gallery, route, property_id, image_id, {})).status_code == 401
    await gallery.sql("UPDATE users SET is_active = false")
    assert (await call(gallery, route, property_id, image_id, owner.headers)).status_code == 401


@pytest.mark.parametrize("route", ["primary", "delete"])
async def test_image_of_another_property_of_ones_own_is_not_found(
    gallery: Gallery, owner: Person, image_id: str, route: str
) -> None:
    other = await gallery.world.add_property(owner.id)
    for wrong in (image_id, uuid4()):
        answer = await call(gallery, route, other, wrong, owner.headers)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:nyumba:problem:image-not-found")
    assert len(await gallery.read_rows()) == 1


async def test_body_of_a_stranger_is_not_read(gallery: Gallery, property_id: UUID) -> None:
    other = await gallery.add_person()

    async def send() -> None:
        raise AssertionError("the body was asked for")
        yield b""

    headers = {**other.headers, "Content-Type": "multipart/form-data; boundary=x"}
    answer = await gallery.api.post(address(property_id), content=send(), headers=headers)
    assert answer.status_code == 403
