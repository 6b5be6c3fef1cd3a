"""The images of a property, over HTTP: one primary, one order, and only what the rules allow."""

import asyncio
from collections import Counter
from typing import Self
from uuid import UUID, uuid4

import pytest
from PIL import Image
from sqlalchemy import Engine, event

from nyumba.images.folder import FolderStorage
from nyumba.images.uploads import MOST_BYTES
from tests.integration.images.conftest import Gallery, Person, address
from tests.pictures import encode, make_jpeg, make_photos_with_metadata


async def test_uploaded_images_are_shown_with_the_property_and_can_be_fetched(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    answer = await gallery.upload(owner, property_id, make_jpeg(1000, 500), *make_photos_with_metadata().values())
    assert answer.status_code == 201
    images = answer.json()["images"]
    assert [image["display_order"] for image in images] == [0, 1, 2, 3]
    assert [image["is_primary"] for image in images] == [True, False, False, False]
    assert (images[0]["width"], images[0]["height"]) == (1000, 500)
    prop = (await gallery.api.get(f"/api/v1/properties/{property_id}")).json()
    assert prop["images"] == images
    for name, size in (("url", (1000, 500)), ("card_url", (640, 320))):
        file = await gallery.api.get(images[0][name], headers={"Accept-Encoding": "gzip"})
        assert file.status_code == 200
        assert file.headers["Content-Type"] == "image/webp"
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        assert "Content-Encoding" not in file.headers
        head = await gallery.api.head(images[0][name])
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(file.content)))
        with Image.open(file) as image:
            assert (image.format, image.size) == ("WEBP", size)


async def test_what_the_client_says_of_a_file_is_ignored(gallery: Gallery, owner: Person, property_id: UUID) -> None:
    names = [
        "../../../etc/passwd",
        "..\\..\\x.svg",
        "a\x00b.php",
        "/absolute.jpg",
        "x" * 900,
        "C:\\boot.ini",
        ".htaccess",
    ]
    parts = [("files", (name, make_jpeg(), "image/svg+xml")) for name in names]
    answer = await gallery.api.post(address(property_id), files=parts, headers=owner.headers)
    assert answer.status_code == 201
    images = answer.json()["images"]
    wanted = {f"{image['id']}-{size}.webp" for image in images for size in ("page", "card")}
    assert await gallery.list_names() == wanted
    assert {image[key].rpartition("/")[2] for image in images for key in ("url", "card_url")} == wanted


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2furls.json",
        "../urls.json",
        "%2e%2e/urls.json",
        "x.webp",
        f"{UUID(int=1)}-page.webp",
        f"{UUID(int=1)}-page.webp.part",
    ],
)
async def test_only_images_are_served(gallery: Gallery, name: str, property_id: UUID) -> None:
    answer = await gallery.api.get(f"/media/{name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


async def test_file_that_is_not_finished_is_not_served(gallery: Gallery) -> None:
    name = f"{uuid4()}-page.webp.part"
    await gallery.storage.put(name, b"half")
    assert (await gallery.api.get(f"/media/{name}")).status_code == 404


async def test_images_are_added_behind_those_there_are(gallery: Gallery, owner: Person, property_id: UUID) -> None:
    first = await gallery.add_images(owner, property_id, 2)
    second = await gallery.add_images(owner, property_id, 2)
    assert second[:2] == first
    assert [image["is_primary"] for image in second] == [True, False, False, False]


async def test_refused_files_are_all_named_and_nothing_is_added(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    wrong = [make_jpeg(), b"<svg/>", make_jpeg()[:-200], make_jpeg(), encode(Image.new("1", (5001, 5000)), "PNG")]
    answer = await gallery.upload(owner, property_id, *wrong)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/files/1", "/files/2", "/files/4"]
    assert "25 megapixels" in answer.json()["errors"][2]["detail"]
    assert await gallery.read_rows() == []
    await gallery.make_due()
    await gallery.remover.drain()
    assert await gallery.list_names() == set()


async def test_file_of_the_largest_size_is_taken_and_one_more_byte_is_not(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    photo = make_jpeg()
    answer = await gallery.upload(owner, property_id, photo + bytes(MOST_BYTES - len(photo)))
    assert answer.status_code == 201
    answer = await gallery.upload(owner, property_id, photo, photo + bytes(MOST_BYTES - len(photo) + 1))
    assert (answer.status_code, answer.json()["detail"]) == (413, "files/1: must have 10 MB or less")
    assert len(await gallery.read_rows()) == 1


async def test_body_that_is_too_large_is_not_read(gallery: Gallery, owner: Person, property_id: UUID) -> None:
    headers = {**owner.headers, "Content-Type": "multipart/form-data; boundary=x", "Content-Length": "200000000"}
    answer = await gallery.api.post(address(property_id), content=b"--x", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (413, "the body must have 100,100,000 bytes or less")


async def test_eleven_files_at_once_are_too_many(gallery: Gallery, owner: Person, property_id: UUID) -> None:
    answer = await gallery.upload(owner, property_id, *[make_jpeg()] * 11)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/files")
    assert await gallery.read_rows() == []


FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/json", b"{}", "malformed-body"),
        ("multipart/form-data", b"", "malformed-body"),
        ("multipart/form-data; boundary=", b"----", "malformed-body"),
        (FORM, b"", "malformed-body"),
        (FORM, b"--x--\r\n", "invalid-request"),
        (FORM, PART, "malformed-body"),
        (FORM, PART + make_jpeg(), "malformed-body"),
        (FORM, PART + b"\r\n--x--\r\n", "invalid-request"),
        (FORM, b"--x\r\n\r\n\r\n--x--", "malformed-body"),
        (FORM, b"--x\r\nContent-Disposition: attachment\r\n\r\n\r\n--x--", "malformed-body"),
        (FORM, b"--x\r\n" + b"a: b\r\n" * 100, "malformed-body"),
        (FORM, b"--x\r\nx: " + b"a" * 100_000, "malformed-body"),
        (FORM, PART.replace(b"files", b"file") + b"\r\n--x--", "invalid-request"),
        (FORM, PART.replace(b'"files"', b'"../../x"') + b"\r\n--x--", "invalid-request"),
        (FORM, PART.replace(b"files", b"\xff\xfe") + b"\r\n--x--", "malformed-body"),
    ],
)
async def test_body_that_is_no_form_of_files_is_refused(
    gallery: Gallery, owner: Person, property_id: UUID, content_type: str, body: bytes, code: str
) -> None:
    headers = {**owner.headers, "Content-Type": content_type}
    answer = await gallery.api.post(address(property_id), content=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (400, f"urn:nyumba:problem:{code}")


async def test_property_has_fifty_images_at_most(gallery: Gallery, owner: Person, property_id: UUID) -> None:
    await gallery.sql(
        "INSERT INTO property_images (property_id, url, is_primary, display_order)"
        " SELECT :id, 'https://elsewhere.example/' || n, n = 0, n FROM generate_series(0, 47) n",
        id=property_id,
    )
    answer = await gallery.upload(owner, property_id, *[make_jpeg()] * 3)
    assert (answer.status_code, "50 images at most" in answer.json()["detail"]) == (409, True)
    assert len(await gallery.add_images(owner, property_id, 2)) == 50
    assert (await gallery.upload(owner, property_id, make_jpeg())).status_code == 409


async def test_parallel_uploads_keep_one_primary_image_and_the_limit(
    gallery: Gallery, owner: Person, property_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All six add their rows at the same moment, when there is room for three of them."""
    await gallery.sql(
        "INSERT INTO property_images (property_id, url, is_primary, display_order)"
        " SELECT :id, 'https://elsewhere.example/' || n, n = 0, n FROM generate_series(0, 39) n",
        id=property_id,
    )
    put, together, done = FolderStorage.put, asyncio.Barrier(6), Counter[object]()

    async def wait_for_each_other(self: FolderStorage, name: str, content: bytes) -> None:
        await put(self, name, content)
        done[asyncio.current_task()] += 1
        if done[asyncio.current_task()] == 6:
            await together.wait()

    monkeypatch.setattr(FolderStorage, "put", wait_for_each_other)
    answers = await asyncio.gather(*(gallery.upload(owner, property_id, *[make_jpeg(70 + n)] * 3) for n in range(6)))
    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 3}
    rows = await gallery.read_rows()
    assert [row[2] for row in rows] == list(range(49)), "no two have one place"
    assert [row[1] for row in rows].count(True) == 1


async def test_parallel_first_uploads_leave_one_primary_image(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    answers = await asyncio.gather(*(gallery.upload(owner, property_id, make_jpeg(70 + n)) for n in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    rows = await gallery.read_rows()
    assert [row[1:] for row in rows] == [(True, 0), (False, 1), (False, 2), (False, 3), (False, 4)]


async def test_parallel_choices_of_a_primary_image_leave_one(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    images = await gallery.add_images(owner, property_id, 4)
    answers = await asyncio.gather(
        *(gallery.change("PUT", owner, property_id, f"{images[n % 4]['id']}/primary") for n in range(20))
    )
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        assert [image["is_primary"] for image in answer.json()["images"]].count(True) == 1
    assert [row[1] for row in await gallery.read_rows()].count(True) == 1


async def test_parallel_removals_and_choices_leave_one_primary_image(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    images = await gallery.add_images(owner, property_id, 8)
    removals = [gallery.change("DELETE", owner, property_id, image["id"]) for image in images[:6]]
    choices = [gallery.change("PUT", owner, property_id, f"{image['id']}/primary") for image in images[:6]]
    answers = await asyncio.gather(*(task for pair in zip(removals, choices, strict=True) for task in pair))
    assert {answer.status_code for answer in answers} <= {200, 204, 404}
    rows = await gallery.read_rows()
    assert [row[0] for row in rows] == [image["id"] for image in images[6:]]
    assert [row[1] for row in rows].count(True) == 1


async def test_removed_primary_image_is_followed_by_the_next_in_order(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    images = await gallery.add_images(owner, property_id, 3)
    ids = [image["id"] for image in images]
    await gallery.change("PUT", owner, property_id, "order", image_ids=[ids[2], ids[0], ids[1]])
    assert (await gallery.change("DELETE", owner, property_id, ids[0])).status_code == 204
    assert [row[:2] for row in await gallery.read_rows()] == [(ids[2], True), (ids[1], False)]
    assert (await gallery.change("DELETE", owner, property_id, ids[1])).status_code == 204
    assert (await gallery.change("DELETE", owner, property_id, ids[2])).status_code == 204
    assert await gallery.read_rows() == []
    assert (await gallery.add_images(owner, property_id, 1))[0]["is_primary"] is True


async def test_order_stays_as_it_was_put(gallery: Gallery, owner: Person, property_id: UUID) -> None:
    ids = [image["id"] for image in await gallery.add_images(owner, property_id, 5)]
    wanted = [ids[3], ids[0], ids[4], ids[2], ids[1]]
    answer = await gallery.change("PUT", owner, property_id, "order", image_ids=wanted)
    assert [image["id"] for image in answer.json()["images"]] == wanted
    assert [image["is_primary"] for image in answer.json()["images"]] == [False, True, False, False, False]
    prop = (await gallery.api.get(f"/api/v1/properties/{property_id}")).json()
    assert [image["id"] for image in prop["images"]] == wanted
    assert len(await gallery.add_images(owner, property_id, 1)) == 6
    assert [row[0] for row in await gallery.read_rows()][:5] == wanted


async def test_images_change_the_entity_tag_of_their_property(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    async def read_tag() -> str:
        answer = await gallery.api.get(f"/api/v1/properties/{property_id}", headers=owner.headers)
        return str(answer.headers["ETag"])

    tags = [await read_tag()]
    one, two = await gallery.add_images(owner, property_id, 2)
    for change in (
        ("PUT", f"{two['id']}/primary", {}),
        ("PUT", "order", {"image_ids": [two["id"], one["id"]]}),
        ("DELETE", one["id"], {}),
    ):
        tags.append(await read_tag())
        method, path, body = change
        assert (await gallery.change(method, owner, property_id, path, **body)).is_success
    assert len({*tags, await read_tag()}) == 5


async def test_order_must_name_each_image_once(gallery: Gallery, owner: Person, property_id: UUID) -> None:
    one, two = [image["id"] for image in await gallery.add_images(owner, property_id, 2)]
    before = await gallery.read_rows()
    for wrong in ([], [one], [one, one], [one, two, two], [one, str(uuid4())], [one, "x"], "x", None, [1, 2]):
        answer = await gallery.change("PUT", owner, property_id, "order", image_ids=wrong)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/image_ids"), wrong
        assert "each once" in answer.json()["errors"][0]["detail"]
    assert await gallery.read_rows() == before


async def test_answer_takes_as_many_statements_for_many_images_as_for_one(
    gallery: Gallery, owner: Person, property_id: UUID
) -> None:
    counts = []
    for number in (1, 9):
        images = await gallery.add_images(owner, property_id, number)
        ids = [image["id"] for image in reversed(images)]
        with CountedStatements() as counted:
            assert (await gallery.change("PUT", owner, property_id, "order", image_ids=ids)).status_code == 200
            assert (await gallery.change("PUT", owner, property_id, f"{ids[0]}/primary")).status_code == 200
            assert (await gallery.api.get(f"/api/v1/properties/{property_id}")).status_code == 200
        counts.append(counted.statements)
    assert len(counts[1]) <= len(counts[0]) + 2, "choosing another primary image is two statements more"


class CountedStatements:
    """What any engine executes meanwhile."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def _note(self, _: object, __: object, statement: str, *___: object) -> None:
        self.statements.append(statement)

    def __enter__(self) -> Self:
        event.listen(Engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._note)
