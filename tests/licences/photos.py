"""Fictional pictures as holders send them: drawn, on white, and each fault one change away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from liangzheng.api.octets import to_base64url
from liangzheng.drivers.draw import portrait
from tests.api.phone import done
from tests.licences.holders import Holder

SIZE = (520, 756)


@cache
def drawn(number: int = 1) -> Image.Image:
    """The number-th fictional person, twice as large as kept."""
    with Image.open(BytesIO(portrait(7, number))) as small:
        return small.convert("RGB").resize(SIZE)


def jpeg(image: Image.Image, taken: date | None = None, **options: Any) -> bytes:
    """As a file; `taken` stands in its EXIF."""
    exif = Image.Exif()
    if taken is not None:
        exif.get_ifd(0x8769)[0x9003] = f"{taken:%Y:%m:%d} 10:11:12"
        exif[0x0132] = f"{taken:%Y:%m:%d} 10:11:12"
    page = BytesIO()
    image.save(page, "JPEG", quality=92, exif=exif, **options)
    return page.getvalue()


def png(image: Image.Image, **options: Any) -> bytes:
    """As a file without loss."""
    page = BytesIO()
    image.save(page, "PNG", **options)
    return page.getvalue()


def picture(number: int = 1, change: Callable[[Image.Image], Image.Image] = lambda image: image) -> bytes:
    """A good picture, or one changed in one respect."""
    return jpeg(change(drawn(number)))


def on_blue(image: Image.Image) -> Image.Image:
    """The same person before a blue wall."""
    blue = image.copy()
    for corner in ((2, 2), (blue.width - 3, 2)):
        ImageDraw.floodfill(blue, corner, (60, 90, 200), thresh=40)
    return blue


async def send(
    holder: Holder, octets: bytes | None = None, source: str = "camera", **more: Any
) -> dict[str, Any]:
    """POST /holder/photos."""
    body = {"source": source, "picture": to_base64url(octets or picture())} | more
    return done(await holder.phone.post("/holder/photos", body, headers=holder.place.key()), 200)


async def usable(holder: Holder, number: int = 1, source: str = "camera") -> str:
    """The id of a good photo of the holder's."""
    return str((await send(holder, picture(number), source))["photo_id"])


async def apply_with_own(holder: Holder, number: int = 1, source: str = "camera") -> dict[str, Any]:
    """An application with a camera or album photo."""
    return await holder.apply(photo=source, photo_id=await usable(holder, number, source))


async def replace(holder: Holder, number: int = 2, source: str = "album") -> dict[str, Any]:
    """A replacement asked for."""
    body = {
        "photo": source,
        "photo_id": await usable(holder, number, source),
        "face_check": await holder.phone.pass_face_check("apply"),
    }
    return done(await holder.phone.post("/holder/licence/photo", body, headers=holder.place.key()), 202)
