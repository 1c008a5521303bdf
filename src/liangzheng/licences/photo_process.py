"""A holder's picture, decoded, measured and made anew in a guarded child: what is kept are our octets, never theirs.

Nothing of the file survives but its pixels: no EXIF, no thumbnail, no place it was taken, nothing behind its end.
"""

from __future__ import annotations

import asyncio
import re
import struct
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import msgspec

from liangzheng.infra import guarded
from liangzheng.infra.guarded import Guarded
from liangzheng.kernel.errors import Unavailable
from liangzheng.licences.photo_rules import HEIGHT, WIDTH

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_SIDE: Final = 4096
MOST_PIXELS: Final = 9_000_000
MOST_WAITING: Final = 16
"""Pictures of one server process at a time, a mebibyte each; a child thinks four seconds about one at most."""
_MOST_SCANS: Final = 64
_MOST_CHUNKS: Final = 512
KEPT_OCTETS: Final = 30 * 1024
"""A kept photo is about 14 to 30 KB (docs/reference.md §1.4); beyond it the quality goes down, never below 70."""
_QUALITIES: Final = (88, 79, 70)
_JPEG: Final = b"\xff\xd8\xff"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TAKEN: Final = (0x9003, 0x0132)
"""EXIF DateTimeOriginal and DateTime."""
_EXIF_DAY: Final = re.compile(r"([12]\d{3}):(\d{2}):(\d{2})")
_WHITE_LEAST: Final = 222
_WHITE_SPREAD: Final = 24


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What the child says of a picture; `jpeg` is the picture made anew, 260 × 378 pixels."""

    width: int = 0
    height: int = 0
    three_channels: bool = True
    colour: int = 0
    white_permille: int = 0
    brightness: int = 0
    sharpness: int = 0
    embedded_day: date | None = None
    jpeg: bytes = b""

    def __repr__(self) -> str:
        return f"Measured({self.width}×{self.height})"


@dataclass(slots=True)
class PhotoProcess:
    """The child of one server process; requests take turns, and there is an end to how many wait."""

    waiting: int = 0
    _child: Guarded = field(default_factory=lambda: Guarded("liangzheng.licences.photo_process"))
    _queue: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def judge(self, picture: bytes) -> Measured | None:
        """As `prepare`, without blocking the loop. Raises Unavailable while many pictures wait already."""
        if self.waiting >= MOST_WAITING:
            raise Unavailable("many photos are being looked at; try again shortly", retry_after_s=5)
        self.waiting += 1
        try:
            async with self._queue:  # one thread at a time: the others stay free for everybody else
                return await asyncio.to_thread(self.prepare, picture)
        finally:
            self.waiting -= 1

    def prepare(self, picture: bytes) -> Measured | None:
        """The picture's measures and the picture anew; None when it is no JPEG or PNG that can be decoded within the
        limits of size, memory and time. Blocks."""
        if not _is_promising(picture):
            return None
        answer = self._child.ask(picture)
        return msgspec.msgpack.decode(answer, type=Measured) if answer else None

    def close(self) -> None:
        """The child is gone."""
        self._child.end()


def _is_promising(picture: bytes) -> bool:
    """Nothing is decoded yet: the kind by its first octets, and what makes decoding long by counting."""
    if picture.startswith(_JPEG):
        return picture.count(b"\xff\xda") <= _MOST_SCANS
    if picture.startswith(_PNG) and picture[12:16] == b"IHDR" and len(picture) > 24:
        width, height = struct.unpack_from(">II", picture, 16)
        return _is_bearable(width, height) and picture.count(b"IDAT") <= _MOST_CHUNKS
    return False


def _is_bearable(width: int, height: int) -> bool:
    return 0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE and width * height <= MOST_PIXELS


# --- in the child -----------------------------------------------------------------------------------


def main() -> None:
    """Entry of the process."""
    from PIL import Image, PngImagePlugin

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    PngImagePlugin.MAX_TEXT_CHUNK = 64 * 1024
    PngImagePlugin.MAX_TEXT_MEMORY = 256 * 1024
    warm = BytesIO()
    Image.new("RGB", (2 * WIDTH, 2 * HEIGHT), "white").save(warm, "PNG")
    answer(warm.getvalue())
    guarded.serve(answer, guarded.small_jpeg(2 * WIDTH, 2 * HEIGHT))


def answer(picture: bytes) -> bytes:
    """The measures in MessagePack; nothing for a picture that cannot be decoded."""
    from PIL import Image

    try:
        return msgspec.msgpack.encode(_measured(picture))
    except (OSError, SyntaxError, ValueError, MemoryError, OverflowError, struct.error):
        return b""
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return b""


def _measured(picture: bytes) -> Measured:
    from PIL import ImageOps, JpegImagePlugin, PngImagePlugin

    kind: Any = JpegImagePlugin.JpegImageFile if picture.startswith(_JPEG) else PngImagePlugin.PngImageFile
    with kind(BytesIO(picture)) as image:
        if not _is_bearable(*image.size):
            raise ValueError("too many pixels")
        exif = image.getexif()
        taken = _day_of(exif)
        three = image.mode in ("RGB", "RGBA", "P", "YCbCr")
        image.load()
        upright = ImageOps.exif_transpose(image)
        width, height = upright.size
        small = _flat(upright).resize((WIDTH, HEIGHT))
    return _measures(small, width, height, three, taken)


def _flat(image: Picture) -> Picture:
    """Three channels, what is transparent on white."""
    from PIL import Image

    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image.convert("RGBA"))
    return page.convert("RGB")


def _day_of(exif: Any) -> date | None:
    values = [exif.get_ifd(0x8769).get(_TAKEN[0]), exif.get(_TAKEN[1])]
    for value in values:
        named = _EXIF_DAY.match(value) if isinstance(value, str) else None
        if named is not None:
            try:
                return date(int(named[1]), int(named[2]), int(named[3]))
            except ValueError:
                continue
    return None


def _measures(small: Picture, width: int, height: int, three: bool, taken: date | None) -> Measured:
    from PIL import ImageChops, ImageFilter, ImageStat

    red, green, blue = small.split()
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    spread = ImageChops.subtract(ImageChops.lighter(ImageChops.lighter(red, green), blue), darkest)
    white = ImageChops.multiply(
        darkest.point([255 * (value >= _WHITE_LEAST) for value in range(256)]),
        spread.point([255 * (value <= _WHITE_SPREAD) for value in range(256)]),
    )
    middle = small.convert("L").crop((WIDTH // 5, HEIGHT // 6, WIDTH - WIDTH // 5, HEIGHT * 2 // 3))
    # Edges of either sign count: the kernel's answer is laid around the middle of the scale.
    laplacian = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
    edges = middle.filter(laplacian).crop(
        (1, 1, middle.width - 1, middle.height - 1)
    )  # its rim is not filtered
    small.info.clear()  # a comment of the file would be written again
    return Measured(
        width=width,
        height=height,
        three_channels=three,
        colour=int(ImageStat.Stat(spread).mean[0]),
        white_permille=_share(white),
        brightness=int(ImageStat.Stat(middle).mean[0]),
        sharpness=int(ImageStat.Stat(edges).var[0]),
        embedded_day=taken,
        jpeg=_made_anew(small),
    )


def _made_anew(small: Picture) -> bytes:
    """24-bit JPEG, 300 dpi, of the best quality that is not too large."""
    octets = b""
    for quality in _QUALITIES:
        page = BytesIO()
        small.save(page, "JPEG", quality=quality, subsampling=0, dpi=(300, 300))
        octets = page.getvalue()
        if len(octets) <= KEPT_OCTETS:
            break
    return octets


def _share(white: Picture) -> int:
    """White of 1,000 along the upper edge and the upper half of both sides: where a head-and-shoulders picture
    shows its ground."""
    side, top, down = WIDTH // 16, HEIGHT // 32, HEIGHT // 2
    boxes = ((0, 0, WIDTH, top), (0, top, side, down), (WIDTH - side, top, WIDTH, down))
    counts = [white.crop(box).histogram() for box in boxes]
    return 1000 * sum(count[255] for count in counts) // sum(sum(count) for count in counts)
