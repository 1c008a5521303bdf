"""The guarded child that looks at faces. It is given two model files, loads them, and then can open nothing any more.

Only here dlib is imported. Pictures are decoded by Pillow, made small, looked at and forgotten with the answer.
"""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any, Final

import msgspec
from PIL import Image, JpegImagePlugin

from liangzheng.infra import guarded
from liangzheng.infra.face_dlib import Seen, SeenFrame

LEAST_SCORE: Final = 0.3
"""Of the detector: what it finds with less is no second face (a fold of cloth reaches 0.1)."""
_LONGEST_SIDE: Final = 640
_MOST_PIXELS: Final = 2_000_000
_MEMORY: Final = 2 * 1024 * 1024 * 1024
"""Of address space: what the libraries reserve and never touch is in it."""


class _Face(msgspec.Struct):
    turn: float
    embedding: Any


class Looker:
    """The models, and what is done with them."""

    def __init__(self, shape_file: str, resnet_file: str) -> None:
        import dlib  # type: ignore[import-not-found,unused-ignore]

        self._detector = dlib.get_frontal_face_detector()
        self._shape = dlib.shape_predictor(shape_file)
        self._resnet = dlib.face_recognition_model_v1(resnet_file)

    def warm(self) -> None:
        """Everything has been loaded and run once: later nothing can be opened or started."""
        import dlib

        blank = BytesIO()
        Image.new("RGB", (260, 378), "white").save(blank, "JPEG")
        picture = _decoded(blank.getvalue())
        self._detector.run(picture, 0, 0.0)
        points = self._shape(picture, dlib.rectangle(60, 100, 200, 240))
        self._resnet.compute_face_descriptor(picture, points)

    def answer(self, question: bytes) -> bytes:
        """What is seen, in MessagePack; nothing for pictures that cannot be decoded."""
        try:
            portrait, frames = msgspec.msgpack.decode(question, type=tuple[bytes, list[tuple[int, bytes]]])
            return msgspec.msgpack.encode(self._seen(portrait, frames))
        except (OSError, SyntaxError, ValueError, MemoryError, OverflowError):
            return b""
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            return b""

    def _seen(self, portrait: bytes, frames: list[tuple[int, bytes]]) -> Seen:
        looked = [(step, self._faces(jpeg)) for step, jpeg in frames]
        fronts = [faces[0] for step, faces in looked if step == 0 and len(faces) == 1]
        front = min(fronts, key=lambda face: abs(face.turn), default=None)
        archived = self._faces(portrait)
        seen = tuple(
            SeenFrame(
                step, len(faces),
                faces[0].turn if len(faces) == 1 else 0.0,
                _distance(faces[0], front) if front is not None and len(faces) == 1 else None,
            )
            for step, faces in looked
        )  # fmt: skip
        comparable = front is not None and len(archived) == 1
        return Seen(len(archived), seen, _distance(archived[0], front) if comparable else None)

    def _faces(self, jpeg: bytes) -> list[_Face]:
        picture = _decoded(jpeg)
        rectangles, scores, _ = self._detector.run(picture, 0, 0.0)
        clear = [place for place, score in zip(rectangles, scores, strict=True) if score >= LEAST_SCORE]
        if len(clear) != 1:
            return [_Face(0.0, None)] * len(clear)
        points = self._shape(picture, clear[0])
        return [_Face(_turn(points), self._resnet.compute_face_descriptor(picture, points))]


def _decoded(jpeg: bytes) -> Any:
    import numpy

    with JpegImagePlugin.JpegImageFile(BytesIO(jpeg)) as image:
        if image.size[0] * image.size[1] > _MOST_PIXELS:
            raise ValueError("too many pixels")
        image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
        small = image.convert("RGB")
        small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        return numpy.asarray(small)


def _turn(points: Any) -> float:
    """How far the nose stands to the person's left of between the eyes, in eye distances. Of the five points 0 and 1 are the
    corners of the person's left eye (to the right in the picture), 2 and 3 of the right eye, 4 the base of the nose."""
    place = [(points.part(n).x, points.part(n).y) for n in range(5)]
    left = ((place[0][0] + place[1][0]) / 2, (place[0][1] + place[1][1]) / 2)
    right = ((place[2][0] + place[3][0]) / 2, (place[2][1] + place[3][1]) / 2)
    across = (left[0] - right[0], left[1] - right[1])
    square = across[0] ** 2 + across[1] ** 2
    middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    off = (place[4][0] - middle[0], place[4][1] - middle[1])
    return float((off[0] * across[0] + off[1] * across[1]) / square) if square else 0.0


def _distance(one: _Face, other: _Face | None) -> float | None:
    if other is None or one.embedding is None or other.embedding is None:
        return None
    return float(sum((a - b) ** 2 for a, b in zip(one.embedding, other.embedding, strict=True)) ** 0.5)


def main() -> None:
    """Entry of the process."""
    looker = Looker(sys.argv[1], sys.argv[2])
    looker.warm()
    guarded.serve(looker.answer, b"", _MEMORY)
