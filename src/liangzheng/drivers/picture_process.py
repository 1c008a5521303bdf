"""Archived pictures from outside are decoded in a guarded child: a decoder that is led astray by a crafted picture dies
there and takes nothing with it; the picture counts as refused.
"""

from __future__ import annotations

import struct
from io import BytesIO
from types import TracebackType
from typing import Final

from liangzheng.infra import guarded
from liangzheng.infra.guarded import Guarded
from liangzheng.kernel.errors import Invalid

_SIZE: Final = struct.Struct(">HH")
CPU_SECONDS: Final = 2
"""Of the processor, for one picture."""
_MOST_PIXELS: Final = 4096 * 4096
_ANSWERS: Final = {
    b"g": "",
    b"j": "a JPEG picture that can be decoded",
    b"s": "the size its header says",
    b"c": "24-bit colour",
    b"t": "nothing after the picture's end",
}


class PictureProcess:
    """The child, started when first asked and again after it died. A context manager: it is gone after the block."""

    def __init__(self, child: Guarded | None = None) -> None:
        self._child = child or Guarded("liangzheng.drivers.picture_process")

    def __enter__(self) -> PictureProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.end()

    def check(self, picture: bytes, width: int, height: int) -> None:
        """The octets decode to a colour picture of that size. Raises Invalid, also when the decoder dies of
        it."""
        answer = self._child.ask(_SIZE.pack(width, height) + picture)
        if answer not in _ANSWERS:
            raise Invalid("photo", "a picture that can be decoded within the limits of time and memory")
        if _ANSWERS[answer]:
            raise Invalid("photo", _ANSWERS[answer])


# --- in the child -----------------------------------------------------------------------------------


def main() -> None:
    """Entry of the process: size and picture in, one letter out."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
    guarded.serve(_judge, _SIZE.pack(8, 8) + guarded.small_jpeg(8, 8), cpu_seconds=CPU_SECONDS)


def _judge(question: bytes) -> bytes:
    from PIL import Image, JpegImagePlugin

    picture = question[_SIZE.size :]
    try:
        with JpegImagePlugin.JpegImageFile(BytesIO(picture)) as image:
            if image.size != _SIZE.unpack_from(question):
                return b"s"
            if image.mode != "RGB":
                return b"c"
            image.load()
    except (OSError, SyntaxError, ValueError, MemoryError, Image.DecompressionBombError):
        return b"j"
    # A second file behind the first is how one upload becomes two things.
    return b"g" if picture.find(b"\xff\xd9", _first_scan(picture)) == len(picture) - 2 else b"t"


def _first_scan(picture: bytes) -> int:
    """Where the first scan begins, past the headers, which may hold a thumbnail with an end marker of its
    own."""
    position = 2
    while picture[position : position + 2] != b"\xff\xda" and position < len(picture) - 4:
        position += 2 + int.from_bytes(picture[position + 2 : position + 4], "big")
    return position
