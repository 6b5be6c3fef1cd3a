"""The program that decodes one picture: run by nyumba.images.processing, in a process of its own.

It reads a file from standard input and writes width, height and the length of the page's picture (three big-endian
32-bit numbers), that picture and the card's. A refusal is an exit code, one of Fault.

Invariant: this imports nothing of Nyumba and knows no secret, and what it writes comes from pixels alone: no metadata.
"""

import enum
import io
import resource
import struct
import sys
import warnings
from typing import BinaryIO

from PIL import ExifTags, Image, ImageCms

MOST_PIXELS = 25_000_000
PAGE_SIDE = 1600
CARD_SIDE = 640
QUALITY = 80
MEMORY_BYTES = 640 * 2**20
CPU_S = 20
FORMATS = ("JPEG", "PNG", "WEBP")
READY_MODES = ("L", "LA", "RGB", "RGBA", "CMYK")
HEADER = struct.Struct("!III")

_TURNS: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Fault(enum.IntEnum):
    """Why a file is refused, as an exit code. Any other code but 0 means that decoding broke down."""

    UNREADABLE = 10
    TOO_MANY_PIXELS = 11
    ANIMATED = 12


def main() -> None:
    """Decode standard input."""
    _limit_resources()
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    source = _open(sys.stdin.buffer)
    if source.format in ("PNG", "WEBP") and getattr(source, "n_frames", 1) > 1:
        sys.exit(Fault.ANIMATED)
    try:
        page = _shrink(source)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error):  # all of them are Pillow's words for "damaged"
        sys.exit(Fault.UNREADABLE)
    card = page.copy()
    card.thumbnail((CARD_SIDE, CARD_SIDE), Image.Resampling.LANCZOS)
    large, small = _encode(page), _encode(card)
    sys.stdout.buffer.write(HEADER.pack(*page.size, len(large)) + large + small)


def _limit_resources() -> None:
    """Let a hostile file exhaust nothing but this process, and write nothing but the answer."""
    limits = {
        resource.RLIMIT_DATA: MEMORY_BYTES,
        resource.RLIMIT_CPU: CPU_S,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)  # none may be raised
        resource.setrlimit(kind, (allowed, allowed))


def _open(file: BinaryIO) -> Image.Image:
    """Read the header. The number of pixels is checked here, before any of them is decoded."""
    try:
        return Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        sys.exit(Fault.TOO_MANY_PIXELS)
    except (OSError, ValueError):
        sys.exit(Fault.UNREADABLE)


def _shrink(source: Image.Image) -> Image.Image:
    """Fit a picture to the page, upright and in sRGB. It is never enlarged."""
    is_ready = source.mode in READY_MODES and "transparency" not in source.info
    image = source if is_ready else _simplify(source)
    image.thumbnail((PAGE_SIDE, PAGE_SIDE), Image.Resampling.LANCZOS, reducing_gap=1.5)
    image.load()  # one that is small already has not been decoded yet
    plain = _convert_colours(image, source.info.get("icc_profile"), "RGBA" if image.mode.endswith("A") else "RGB")
    plain.info = {}
    turn = _TURNS.get(_read_orientation(source))
    return plain if turn is None else plain.transpose(turn)


def _simplify(image: Image.Image) -> Image.Image:
    """Palettes, single transparent colours and 16 bits to what can be resized well."""
    if image.mode.startswith("I"):  # Pillow would clip these grey tones, not scale them
        return image.convert("I").point(lambda tone: tone / 256, "L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _read_orientation(image: Image.Image) -> object:
    """EXIF's number for how the camera was held. What cannot be read says nothing."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except (SyntaxError, ValueError, struct.error):
        return None


def _convert_colours(image: Image.Image, profile: bytes | None, mode: str) -> Image.Image:
    """Bring colours to sRGB, which is what is assumed of a picture without a usable profile."""
    if profile:
        try:
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode=mode)
        except (ImageCms.PyCMSError, OSError):
            return image.convert(mode)
        if converted is not None:
            return converted
    return image.convert(mode)


def _encode(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
