"""Pictures are made small, upright and anonymous, and files that mean harm are refused or made harmless."""

import asyncio
import io
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageDraw

from nyumba.images import decoding, processing
from nyumba.images.processing import Decoders, Picture, PictureRefused, ProcessingBusy
from tests.pictures import (
    SECRET_WORDS,
    draw,
    encode,
    make_animation,
    make_bomb,
    make_exif,
    make_jpeg,
    make_photos_with_metadata,
    make_png_header,
    make_text_bomb,
    make_webp_header,
)

RED, GREEN, BLUE = (255, 0, 0), (0, 128, 0), (0, 0, 255)


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    decoders = Decoders()
    yield decoders
    decoders.close()


async def decode(decoders: Decoders, content: bytes) -> Picture:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return await decoders.decode(file)


def read(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    assert image.format == "WEBP"
    return image


def is_near(pixel: object, colour: tuple[int, ...]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_picture_is_taken_in_both_sizes(decoders: Decoders, form: str) -> None:
    picture = await decode(decoders, encode(draw(3000, 2000), form))
    assert (picture.width, picture.height) == (1600, 1067)
    assert read(picture.page).size == (1600, 1067)
    assert read(picture.card).size == (640, 427)
    assert is_near(read(picture.page).getpixel((100, 100)), RED)
    assert is_near(read(picture.card).getpixel((600, 400)), BLUE)


async def test_picture_is_never_enlarged(decoders: Decoders) -> None:
    picture = await decode(decoders, make_jpeg(100, 50))
    assert read(picture.page).size == read(picture.card).size == (100, 50)


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1)])
async def test_picture_of_extreme_shape_is_taken(decoders: Decoders, size: tuple[int, int]) -> None:
    picture = await decode(decoders, encode(Image.new("RGB", size), "PNG"))
    assert sorted(read(picture.page).size) == [1, 1600]


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_picture_is_turned_upright(decoders: Decoders, orientation: int) -> None:
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    upright = draw(600, 400)
    ImageDraw.Draw(upright).rectangle((0, 0, 600, 60), GREEN)
    held = upright if orientation == 1 else upright.transpose(_undo(Image.Transpose(turns[orientation])))
    picture = await decode(decoders, encode(held, "JPEG", exif=make_exif(orientation), quality=95))
    page = read(picture.page)
    assert page.size == (picture.width, picture.height) == (600, 400)
    assert is_near(page.getpixel((20, 200)), RED)
    assert is_near(page.getpixel((580, 200)), BLUE)
    assert is_near(page.getpixel((300, 20)), GREEN)


def _undo(turn: Image.Transpose) -> Image.Transpose:
    quarter = {
        Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
        Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
    }
    return quarter.get(turn, turn)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
async def test_place_camera_and_all_other_metadata_are_gone(decoders: Decoders, form: str) -> None:
    photo = make_photos_with_metadata()[form]
    assert SECRET_WORDS in photo
    assert Image.open(io.BytesIO(photo)).getexif().get_ifd(0x8825), "the test's photo says where it was taken"
    picture = await decode(decoders, photo)
    for content in (picture.page, picture.card):
        image = read(content)
        assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
        assert dict(image.getexif()) == {}
        assert not re.search(rb"EXIF|XMP |ICCP|Exif|GPS|" + SECRET_WORDS, content)
        assert set(re.findall(rb"VP8.|ALPH|ICCP|EXIF|XMP |ANIM", content[:64])) <= {b"VP8 ", b"VP8X", b"VP8L", b"ALPH"}
    assert (picture.width, picture.height) == (40, 60), "it was turned by what is gone now"


async def test_transparency_is_kept(decoders: Decoders) -> None:
    image = draw().convert("RGBA")
    image.putalpha(0)
    picture = await decode(decoders, encode(image, "PNG"))
    assert read(picture.card).getpixel((5, 5))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("image", "form", "options"),
    [
        (draw().convert("L"), "JPEG", {}),
        (draw().convert("CMYK"), "JPEG", {}),
        (draw().convert("1"), "PNG", {}),
        (draw().quantize(4), "PNG", {}),
        (draw().quantize(4), "PNG", {"transparency": 0}),
        (draw(), "PNG", {"transparency": (255, 0, 0)}),
        (draw().convert("LA"), "PNG", {}),
        (draw(), "JPEG", {"progressive": True}),
        (draw(), "WEBP", {"lossless": True}),
    ],
)
async def test_every_kind_of_pixel_is_taken(
    decoders: Decoders, image: Image.Image, form: str, options: dict[str, object]
) -> None:
    picture = await decode(decoders, encode(image, form, **options))
    assert read(picture.page).size == (60, 40)


async def test_tones_of_16_bits_are_scaled_rather_than_clipped(decoders: Decoders) -> None:
    picture = await decode(decoders, encode(Image.new("I;16", (20, 20), 0x8000), "PNG"))
    assert is_near(read(picture.page).getpixel((5, 5)), (128, 128, 128))


async def test_colours_of_another_profile_become_srgb(decoders: Decoders) -> None:
    """This profile says that what is written as red is blue, and the other way round."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    for form in ("JPEG", "PNG", "WEBP"):
        picture = await decode(decoders, encode(draw(), form, icc_profile=swapped))
        assert is_near(read(picture.page).getpixel((5, 5)), BLUE)


@pytest.mark.parametrize(
    "profile", [b"no profile at all", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()]
)
async def test_profile_that_is_broken_or_does_not_fit_is_left_aside(decoders: Decoders, profile: bytes) -> None:
    picture = await decode(decoders, encode(draw(), "PNG", icc_profile=profile))
    assert is_near(read(picture.page).getpixel((5, 5)), RED)


async def test_telephone_picture_with_a_second_one_inside_is_a_still(decoders: Decoders) -> None:
    mpo = encode(draw(), "MPO", save_all=True, append_images=[Image.new("RGB", (60, 40), "green")])
    assert is_near(read((await decode(decoders, mpo)).page).getpixel((5, 5)), RED)


async def test_page_with_a_script_behind_its_pixels_loses_it(decoders: Decoders) -> None:
    script = b"<script>alert(1)</script>PK\x03\x04"
    photo = encode(draw(), "JPEG", comment=script) + script
    assert Image.open(io.BytesIO(photo)).size == (60, 40)
    picture = await decode(decoders, photo)
    assert b"script" not in picture.page + picture.card
    assert b"PK\x03\x04" not in picture.page + picture.card


HOSTILE = {
    "nothing": (b"", "must be a whole"),
    "text": (b"hello", "must be a whole"),
    "svg": (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "must be a whole"),
    "svg behind the first bytes of a JPEG": (b"\xff\xd8\xff\xe0" + b"<svg xmlns='x'/>" * 100, "must be a whole"),
    "gif": (encode(draw(), "GIF"), "must be a whole"),
    "tiff": (encode(draw(), "TIFF"), "must be a whole"),
    "bmp": (encode(draw(), "BMP"), "must be a whole"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "must be a whole"),
    "truncated JPEG": (make_jpeg(600, 400)[:-500], "must be a whole"),
    "truncated PNG": (encode(Image.effect_noise((90, 90), 50), "PNG")[:3000], "must be a whole"),
    "truncated WebP": (encode(Image.effect_noise((90, 90), 50), "WEBP")[:500], "must be a whole"),
    "PNG without data": (make_png_header(100, 100), "must be a whole"),
    "PNG of no size": (make_png_header(0, 0), "must be a whole"),
    "text bomb": (make_text_bomb(), "must be a whole"),
    "bomb of 100 megapixels": (make_bomb(10_000, 10_000), "25 megapixels"),
    "bomb of 900 megapixels": (make_bomb(30_000, 30_000), "25 megapixels"),
    "one row of pixels too many": (make_bomb(5000, 5001), "25 megapixels"),
    "size beyond all measure": (make_png_header(2**31 - 1, 2**31 - 1), "25 megapixels"),
    "WebP of 268 megapixels": (make_webp_header(16_383, 16_383), "25 megapixels"),
    "WebP of 40 megapixels": (make_webp_header(8000, 5000), "must be a whole|25 megapixels"),
    "animated PNG": (make_animation("PNG"), "still"),
    "animated WebP": (make_animation("WEBP"), "still"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_file_is_refused(decoders: Decoders, name: str) -> None:
    content, sentence = HOSTILE[name]
    with pytest.raises(PictureRefused, match=sentence):
        await decode(decoders, content)
    assert (await decode(decoders, make_jpeg())).width == 60, "the next picture is taken"


async def test_file_damaged_anywhere_breaks_nothing(decoders: Decoders) -> None:
    """Whatever Pillow makes of it: a picture, or a refusal."""
    photos = make_photos_with_metadata()
    for number, photo in enumerate([photos["jpeg"], photos["png"], photos["webp"]] * 6):
        damaged = bytearray(photo)
        for place in range(number * 7 + 13, len(damaged), 211):
            damaged[place] ^= 0x5A
        try:
            await decode(decoders, bytes(damaged))
        except PictureRefused as error:
            assert str(error)  # noqa: PT017


def replace_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(code)
    monkeypatch.setattr(decoding, "__file__", str(program))


@pytest.mark.parametrize("code", ["import os; os.kill(os.getpid(), 9)", "raise MemoryError", "import sys; sys.exit(3)"])
async def test_process_that_breaks_down_is_a_refusal(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    replace_program(monkeypatch, tmp_path, code)
    with pytest.raises(PictureRefused, match="must be a whole"):
        await decode(decoders, make_jpeg())
    assert "broke down" in caplog.text


async def test_process_that_hangs_is_ended(decoders: Decoders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    replace_program(
        monkeypatch, tmp_path, f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    monkeypatch.setattr(processing, "TIMEOUT_S", 1)
    with pytest.raises(PictureRefused, match="must be a whole"):
        await decode(decoders, make_jpeg())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_process_inherits_no_secret(decoders: Decoders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("NYUMBA_SECRET_KEY", "s3cret")
    replace_program(
        monkeypatch, tmp_path, f"import os; open({str(seen)!r}, 'w').write(str(os.environ)); raise SystemExit(3)"
    )
    with pytest.raises(PictureRefused):
        await decode(decoders, make_jpeg())
    assert "s3cret" not in seen.read_text()


async def test_memory_of_the_process_is_limited(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = Path(decoding.__file__).read_text()
    replace_program(monkeypatch, tmp_path, source.replace("640 * 2**20", "64 * 2**20"))
    assert (await decode(decoders, make_jpeg())).width == 60
    with pytest.raises(PictureRefused, match="must be a whole"):
        await decode(decoders, encode(Image.new("RGB", (5000, 5000)), "PNG"))


async def test_time_of_the_processor_is_limited(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = Path(decoding.__file__).read_text().replace("CPU_S = 20", "CPU_S = 1")
    endless = source.replace(
        'if __name__ == "__main__":', "def _shrink(_: object) -> None:\n    while True: pass\n\nif True:"
    )
    replace_program(monkeypatch, tmp_path, endless)
    with pytest.raises(PictureRefused, match="must be a whole"):
        await decode(decoders, make_jpeg())
    assert "broke down with exit code -" in caplog.text


async def test_queue_is_bounded(decoders: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "LONGEST_QUEUE", 3)
    answers = await asyncio.gather(*(decode(decoders, make_jpeg()) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(answer, Picture) for answer in answers) == 3
    assert sum(isinstance(answer, ProcessingBusy) for answer in answers) == 5
    assert (await decode(decoders, make_jpeg())).width == 60
