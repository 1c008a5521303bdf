"""Faces in stills: what the detector's findings mean, what becomes of a child that fails, and the real one where it is."""

from __future__ import annotations

import asyncio
import os
from importlib.util import find_spec

import pytest

from liangzheng.drivers.draw import portrait
from liangzheng.infra import guarded, photo_faces
from liangzheng.infra.guarded import Guarded
from liangzheng.infra.photo_faces import MOST_WAITING, DlibFaces, found
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Unavailable
from liangzheng.wiring import _face_finder

MODULE = "tests.infra.test_photo_faces"
SAID = {b"one": (1, True), b"turned": (1, False), b"aslant": (1, None), b"two": (2, None), b"none": (0, None)}


def main() -> None:
    """The child of these tests: says what it is asked to have seen."""
    guarded.serve(answer, b"one")


def answer(question: bytes) -> bytes:
    if question == b"die":
        os._exit(3)
    return photo_faces._write(SAID.get(question))


@pytest.mark.parametrize(
    ("scores", "views", "means"),
    [
        ([], [], (0, None)),
        ([1.4], [0], (1, True)),
        ([1.4], [1], (1, False)),
        ([1.4], [2], (1, False)),
        ([0.8], [3], (1, None)),
        ([0.8], [4], (1, None)),
        ([0.5], [0], (1, True)),
        # A fold of cloth beside a face is no second person, and a faint face alone is nobody's word.
        ([1.16, 0.12], [0, 3], (1, True)),
        ([0.49], [0], None),
        ([1.18, 1.14], [0, 0], (2, None)),
        ([1.18, 0.7, 0.6], [0, 1, 2], (3, None)),
    ],
)
def test_one_clear_face_that_looks_ahead_is_frontal_and_a_faint_one_is_no_word(
    scores: list[float], views: list[int], means: tuple[int, bool | None] | None
) -> None:
    assert found(scores, views) == means


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were there; nothing of it is loaded on this side of the child."""
    monkeypatch.setattr(photo_faces, "find_spec", lambda _name: object())


@pytest.mark.usefixtures("installed")
async def test_what_the_child_says_is_said_and_a_child_that_dies_says_nothing() -> None:
    with Guarded(MODULE, within_s=60) as child:
        faces = DlibFaces(_child=child)
        for question, means in SAID.items():
            assert await faces.faces(question) == means
        for nothing in (b"die", b"who knows"):
            assert await faces.faces(nothing) is None
        assert await faces.faces(b"one") == (1, True)
        faces.close()
        assert child._child is None


@pytest.mark.usefixtures("installed")
async def test_what_comes_while_many_wait_goes_to_the_reviewer_as_it_is() -> None:
    with Guarded(MODULE, within_s=60) as child:
        faces = DlibFaces(_child=child)
        many = await asyncio.gather(*(faces.faces(b"one") for _ in range(MOST_WAITING + 2)))
        assert (many.count((1, True)), many.count(None), faces.waiting) == (MOST_WAITING, 2, 0)


@pytest.mark.parametrize("missing", ["dlib", "numpy"])
def test_an_engine_that_is_named_and_not_installed_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(photo_faces, "find_spec", lambda name: None if name == missing else object())
    settings = Settings.from_env({"LZ_DATA_DIR": "/nowhere", "LZ_PHOTO_FACES": "dlib"})
    with pytest.raises(Unavailable, match=r"liangzheng\[face\]"):
        _face_finder(settings)


@pytest.mark.skipif(find_spec("dlib") is None, reason="the extra `face` is not installed")
async def test_the_real_detector_in_its_child_is_not_sure_of_a_drawn_person_and_sees_none_on_white() -> None:
    faces = DlibFaces()
    try:
        assert await faces.faces(guarded.small_jpeg(260, 378)) == (0, None)
        assert await faces.faces(portrait(7, 1)) is None
        assert await faces.faces(b"no picture") is None
        assert await faces.faces(guarded.small_jpeg(260, 378)) == (0, None)
    finally:
        faces.close()
