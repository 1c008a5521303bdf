"""Faces in a still picture, found on this machine by dlib's own detector: how many, and whether the one looks ahead.

The detector is part of the library (Boost licence) and loads no model file. It turns pictures away and approves none: a
person looks at every photo. It works in a guarded child, keeps nothing, and says nothing where it is not sure.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from io import BytesIO
from typing import Any, ClassVar, Final

from liangzheng.infra import guarded
from liangzheng.infra.guarded import Guarded
from liangzheng.kernel.errors import Unavailable

CLEAR: Final = 0.5
"""The detector's score of what is certainly a face; folds of cloth reach 0.2, a face out of focus 0.25."""
_AHEAD, _TO_A_SIDE = (0,), (1, 2)
"""Which of the detector's five views found it; the others are a head held aslant."""
MOST_WAITING: Final = 16
"""Photos at a time; those beyond go to the reviewer as they are."""
_UPSAMPLED: Final = 1
"""Once doubled, heads of forty pixels are found: somebody in the background, too."""


@dataclass(slots=True)
class DlibFaces:
    """The child of one server process; requests take turns."""

    simulated: ClassVar[bool] = False

    waiting: int = 0
    _child: Guarded = field(default_factory=lambda: Guarded("liangzheng.infra.photo_faces"))
    _queue: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Raises Unavailable where the library is not installed."""
        if find_spec("dlib") is None or find_spec("numpy") is None:
            raise Unavailable("LZ_PHOTO_FACES=dlib needs the extra `face`: pip install 'liangzheng[face]'")

    async def faces(self, jpeg: bytes) -> tuple[int, bool | None] | None:
        """How many, and whether the one looks ahead; None when nobody can say, or while many wait. Keeps nothing."""
        if self.waiting >= MOST_WAITING:
            return None
        self.waiting += 1
        try:
            async with self._queue:
                answer = await asyncio.to_thread(self._child.ask, jpeg)
        finally:
            self.waiting -= 1
        return _read(answer)

    def close(self) -> None:
        """The child is gone."""
        self._child.end()


def found(scores: Sequence[float], views: Sequence[int]) -> tuple[int, bool | None] | None:
    """What the detector's findings mean; None where all it has is a faint one."""
    clear = [view for score, view in zip(scores, views, strict=True) if score >= CLEAR]
    if not clear:
        return None if scores else (0, None)
    if len(clear) > 1:
        return len(clear), None
    return 1, True if clear[0] in _AHEAD else False if clear[0] in _TO_A_SIDE else None


_FRONTAL: Final = {b"y": True, b"n": False, b"?": None}


def _write(told: tuple[int, bool | None] | None) -> bytes:
    """One letter and the number; nothing when nobody can say."""
    if told is None:
        return b""
    letter = next(letter for letter, frontal in _FRONTAL.items() if frontal is told[1])
    return letter + str(told[0]).encode()


def _read(answer: bytes | None) -> tuple[int, bool | None] | None:
    return (int(answer[1:]), _FRONTAL[answer[:1]]) if answer else None


# --- in the child -----------------------------------------------------------------------------------


def main() -> None:
    """Entry of the process."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # every thread of it would take memory of its own
    import dlib

    detector = dlib.get_frontal_face_detector()
    guarded.serve(lambda jpeg: _write(_look(detector, jpeg)), guarded.small_jpeg(260, 378))


def _look(detector: Any, jpeg: bytes) -> tuple[int, bool | None] | None:
    import numpy
    from PIL import Image

    with Image.open(BytesIO(jpeg), formats=("JPEG",)) as picture:
        pixels = numpy.asarray(picture.convert("RGB"))
    _, scores, views = detector.run(pixels, _UPSAMPLED, 0.0)
    return found(list(scores), [int(view) for view in views])
