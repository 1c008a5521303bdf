"""What only plays an engine that counts faces: it counts what stands in the middle band of a picture on a white ground, and says
so in its log. For the demonstration and for tests, whose people are drawn. It refuses to be made in production.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from itertools import groupby
from typing import Final

from liangzheng.infra.logs import logger
from liangzheng.kernel.errors import Unavailable

_log = logger(__name__)

_BAND: Final = (0.16, 0.58)
"""Of the height: where the head of a licence photo is, above the shoulders."""
_NOT_WHITE: Final = 232
_FILLED: Final = 64
"""Of 255: a column of the band in which at least a quarter is not white."""
_NARROWEST: Final = 20
_OFF_MIDDLE: Final = 0.1


class SimulatedFaces:
    """Counts shapes, not faces."""

    simulated = True

    def __init__(self, mode: str) -> None:
        """Raises Unavailable in production."""
        if mode == "production":
            raise Unavailable("the simulated count of faces does not run in production")

    async def faces(self, jpeg: bytes) -> tuple[int, bool | None]:
        """How many shapes stand side by side, and whether a single one stands in the middle. Keeps nothing."""
        _log.warning("SIMULATED count of faces: no face was looked at")
        return await asyncio.to_thread(shapes, jpeg)

    def close(self) -> None:
        """Nothing runs."""


def shapes(jpeg: bytes) -> tuple[int, bool | None]:
    """How many shapes the band holds; of a single one whether it is in the middle. `jpeg` is one we made ourselves."""
    from PIL import Image, ImageChops

    with Image.open(BytesIO(jpeg), formats=("JPEG",)) as opened:
        picture = opened.convert("RGB")
    top, bottom = (int(picture.height * part) for part in _BAND)
    red, green, blue = picture.crop((0, top, picture.width, bottom)).split()
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    inked = darkest.point([255 if value < _NOT_WHITE else 0 for value in range(256)])
    columns = inked.resize((picture.width, 1), Image.Resampling.BOX).tobytes()
    found, at = [], 0
    for filled, run in groupby(columns, key=lambda ink: ink >= _FILLED):
        wide = len(list(run))
        if filled and wide >= _NARROWEST:
            found.append(at + wide / 2)
        at += wide
    if len(found) != 1:
        return len(found), None
    return 1, abs(found[0] - picture.width / 2) <= _OFF_MIDDLE * picture.width
