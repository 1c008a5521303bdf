"""Pictures of the demonstration that are no photo for a licence, each for one reason."""

from __future__ import annotations

import secrets
import struct
import zlib
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from liangzheng.licences.photo_rules import HEIGHT, WIDTH

_BLUE: Final = (64, 96, 200)
_PADDING: Final = 20_000


def on_blue(picture: bytes) -> bytes:
    """The same drawn person before a blue wall."""
    image = _opened(picture)
    for corner in ((1, 1), (image.width - 2, 1)):
        ImageDraw.floodfill(image, corner, _BLUE, thresh=40)
    return _jpeg(image)


def too_light() -> bytes:
    """An empty white page: far fewer octets than any photo."""
    return _jpeg(Image.new("RGB", (WIDTH, HEIGHT), "white"))


def too_small(picture: bytes) -> bytes:
    """The same picture in half as many pixels a side, with octets enough."""
    return _jpeg(_opened(picture).resize((WIDTH // 2, HEIGHT // 2))) + bytes(_PADDING)


def grey(picture: bytes) -> bytes:
    """The same picture without colours."""
    page = BytesIO()
    _opened(picture).convert("L").save(page, "JPEG", quality=95)
    return page.getvalue() + bytes(_PADDING)


def two_pages(picture: bytes) -> bytes:
    """The same picture twice, as a scanner would file it (TIFF)."""
    page, image = BytesIO(), _opened(picture)
    image.save(page, "TIFF", compression="jpeg", save_all=True, append_images=[image])
    return page.getvalue()


def billion_pixels() -> bytes:
    """A PNG of a few octets that says 40,000 × 40,000 pixels: five gigabytes, were it decoded."""
    return _png(40_000, 40_000, secrets.token_bytes(_PADDING))


def lying(picture: bytes) -> bytes:
    """The same picture, whose header says 65,500 × 65,500."""
    octets = bytearray(_jpeg(_opened(picture)))
    at = octets.index(b"\xff\xc0")
    octets[at + 5 : at + 9] = struct.pack(">HH", 65_500, 65_500)
    return bytes(octets)


def without_end() -> bytes:
    """A PNG of 3,000 × 3,000 pixels whose data unpacks to sixty megabytes of nonsense."""
    return _png(3_000, 3_000, zlib.compress(b"\xff" * 60_000_000, 1))


def nobody(picture: bytes) -> bytes:
    """The same picture with nothing above the shoulders."""
    image = _opened(picture)
    ImageDraw.Draw(image).rectangle((0, 0, image.width, int(image.height * 0.62)), fill="white")
    return _jpeg(image) + bytes(_PADDING)


def two_people(picture: bytes) -> bytes:
    """The drawn person twice, side by side."""
    image = _opened(picture)
    narrow = image.resize((image.width // 2, image.height))
    for left in (0, image.width // 2):
        image.paste(narrow, (left, 0))
    return _jpeg(image) + bytes(_PADDING)


def aside(picture: bytes) -> bytes:
    """The drawn person at the edge of the picture."""
    image = _opened(picture)
    page = Image.new("RGB", image.size, "white")
    page.paste(image.resize((image.width // 2, image.height)), (0, 0))
    return _jpeg(page) + bytes(_PADDING)


def _opened(picture: bytes) -> Image.Image:
    with Image.open(BytesIO(picture)) as opened:
        return opened.convert("RGB")


def _jpeg(image: Image.Image) -> bytes:
    page = BytesIO()
    image.save(page, "JPEG", quality=92)
    return page.getvalue()


def _png(width: int, height: int, data: bytes) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
