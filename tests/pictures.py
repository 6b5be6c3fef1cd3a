"""Pictures for tests, honest ones and hostile ones."""

import io
import struct
import zlib

from PIL import Image, ImageCms, ImageDraw

GPS_IFD = 0x8825
SECRET_WORDS = b"Canon EOS of Wanjiku"  # what only metadata says


def encode(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def draw(width: int = 60, height: int = 40) -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), "red")
    ImageDraw.Draw(image).rectangle((width // 2, 0, width, height), "blue")
    return image


def make_jpeg(width: int = 60, height: int = 40, **options: object) -> bytes:
    return encode(draw(width, height), "JPEG", **options)


def make_exif(orientation: int = 1) -> Image.Exif:
    """What a telephone writes: the camera, how it was held, and where."""
    exif = Image.Exif()
    exif[0x0110] = SECRET_WORDS.decode()
    exif[0x0112] = orientation
    exif.get_ifd(GPS_IFD).update({1: "S", 2: (1.0, 17.0, 30.0), 3: "E", 4: (36.0, 49.0, 0.0)})
    return exif


def make_photos_with_metadata() -> dict[str, bytes]:
    """One of each format, with everything that can say where and by whom it was taken."""
    exif = make_exif(orientation=6)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>' + SECRET_WORDS + b"</exif:GPSLatitude></x:xmpmeta>"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = _chunk(b"tEXt", b"Comment\0" + SECRET_WORDS)
    png = encode(draw(), "PNG", exif=exif, icc_profile=profile)
    return {
        "jpeg": encode(draw(), "JPEG", exif=exif, xmp=xmp, icc_profile=profile, comment=SECRET_WORDS, quality=95),
        "png": png[:33] + text + png[33:] + SECRET_WORDS,
        "webp": encode(draw(), "WEBP", exif=exif, xmp=xmp, icc_profile=profile, quality=95),
    }


def make_png_header(width: int, height: int, data: bytes = b"", *, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG that claims a size, whatever its data says."""
    head = struct.pack("!IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def make_bomb(width: int, height: int) -> bytes:
    """A PNG of one bit for each pixel that is small as a file and immense as a picture."""
    deflater = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(deflater.compress(row) for _ in range(height)) + deflater.flush()
    return make_png_header(width, height, data, depth=1, colour=0)


def make_text_bomb() -> bytes:
    """A small PNG with 200 MB of compressed text in front of its pixels."""
    deflater = zlib.compressobj(9)
    text = b"".join(deflater.compress(bytes(1_000_000)) for _ in range(200)) + deflater.flush()
    png = encode(draw(), "PNG")
    return png[:33] + _chunk(b"zTXt", b"Comment\0\0" + text) + png[33:]


def make_animation(form: str, frames: int = 50) -> bytes:
    """Each frame is as large as a page."""
    stills = [Image.new("RGB", (1200, 1200), (number * 5 % 256, 0, 0)) for number in range(frames)]
    return encode(stills[0], form, save_all=True, append_images=stills[1:], duration=20)


def make_webp_header(width: int, height: int) -> bytes:
    """A WebP that claims a canvas, and is cut off behind it."""
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
