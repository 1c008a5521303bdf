from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from liangzheng.infra.face_simulated import played_frames
from liangzheng.infra.jpeg import bare, dimensions, picture_hash
from liangzheng.kernel.errors import Invalid


def picture(width: int, height: int, **how: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(written, "JPEG", **how)
    return written.getvalue()


@pytest.mark.parametrize(
    "how", [{}, {"progressive": True}, {"quality": 5}, {"exif": b"Exif\0\0" + b"\0" * 900}]
)
def test_the_size_of_a_real_picture_is_read_from_its_header(how: dict[str, object]) -> None:
    assert dimensions(picture(480, 640, **how)) == (480, 640)


def test_the_frames_we_play_have_the_form_of_pictures() -> None:
    assert {dimensions(frame.jpeg) for frame in played_frames(3)} == {(480, 640)}


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\xff\xd8\xff\xd9",
        picture(8, 8)[:-1],
        picture(8, 8) + b"\0",
        b"GIF89a" + picture(8, 8)[6:],
        b"\xff\xd8\xff\xe0\xff\xff" + b"\0" * 20 + b"\xff\xd9",
        b"\xff\xd8\xff\xe0\x00\x00" + b"\0" * 20 + b"\xff\xd9",
        b"\xff\xd8" + b"\xff\xfe\x00\x02" * 70 + b"\xff\xd9",
        b"\xff\xd8\xff\xc3\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00\xff\xd9",
        b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x00\x10\x01\x01\x11\x00\xff\xd9",
        b"\xff\xd8\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00\xff\xd9",
    ],
    ids=[
        "empty", "markers only", "cut off", "something behind", "GIF inside", "segment past the end",
        "segment of no length", "seventy comments", "lossless", "no height", "scan without a frame",
    ],
)  # fmt: skip
def test_what_is_no_whole_picture_is_refused(octets: bytes) -> None:
    with pytest.raises(Invalid):
        dimensions(octets)


# --- which picture it is ----------------------------------------------------------------------------

COMMENT = b"\xff\xfe\x00\x06more"
APPLICATION = b"\xff\xe5\x00\x06more"
TABLE = b"\xff\xdb\x00\x43\x03" + b"\x01" * 64
ONE = picture(64, 48)
SCAN = ONE.index(b"\xff\xda")
CHANGES = {
    "a comment": ONE[:2] + COMMENT + ONE[2:],
    "a comment before the scan": ONE[:SCAN] + COMMENT + ONE[SCAN:],
    "a comment behind the scan": ONE[:-2] + COMMENT + ONE[-2:],
    "an application segment": ONE[:2] + APPLICATION + ONE[2:],
    "an application segment before the scan": ONE[:SCAN] + APPLICATION + ONE[SCAN:],
    "a table nobody uses": ONE[:SCAN] + TABLE + ONE[SCAN:],
    "fill octets": ONE[:SCAN] + b"\xff\xff" + ONE[SCAN:],
    "fill octets behind the scan": ONE[:-2] + b"\xff\xff" + ONE[-2:],
    "something behind the end": ONE + b"more" + ONE[-2:],
}


@pytest.mark.parametrize("octets", CHANGES.values(), ids=CHANGES)
def test_what_changes_nothing_to_be_seen_leaves_the_same_picture(octets: bytes) -> None:
    assert octets != ONE
    with Image.open(io.BytesIO(octets)) as changed, Image.open(io.BytesIO(ONE)) as one:
        assert changed.tobytes() == one.tobytes()
    assert picture_hash(octets) == picture_hash(ONE)


def test_other_pictures_are_others() -> None:
    written = io.BytesIO()
    almost = Image.new("RGB", (64, 48), (200, 30, 30))
    almost.paste((0, 0, 0), (0, 0, 8, 8))
    almost.save(written, "JPEG")
    made = [ONE, written.getvalue(), picture(64, 48, progressive=True)]
    frames = [frame.jpeg for frame in played_frames(3)]
    assert len({picture_hash(octets) for octets in (*made, *frames)}) == len(made) + len(frames)


@pytest.mark.parametrize(
    "octets",
    [
        ONE[:SCAN] + ONE[-2:],
        ONE[:SCAN] + b"no marker" + ONE[SCAN:],
        ONE[:2] + COMMENT * 300 + ONE[2:],
        ONE[:SCAN] + b"\xff\xda\xff\xff" + ONE[-2:],
    ],
    ids=["no scan", "octets between segments", "three hundred comments", "a scan header past the end"],
)
def test_what_has_no_picture_data_is_refused(octets: bytes) -> None:
    with pytest.raises(Invalid):
        picture_hash(octets)


@given(st.binary(max_size=400).map(lambda inner: ONE[:SCAN] + inner + b"\xff\xd9"))
def test_any_octets_have_a_hash_or_are_refused(octets: bytes) -> None:
    try:
        assert len(picture_hash(octets)) == 32
    except Invalid:
        return


@given(st.binary(max_size=400).map(lambda inner: b"\xff\xd8\xff" + inner + b"\xff\xd9"))
def test_any_octets_have_a_size_or_are_refused(octets: bytes) -> None:
    try:
        width, height = dimensions(octets)
    except Invalid:
        return
    assert 0 < width < 65_536
    assert 0 < height < 65_536


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_bare_is_the_same_picture_and_tells_nothing_beside_it(how: dict[str, object]) -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (31.0, 14.0, 0.0)}
    told = picture(64, 48, exif=exif.tobytes(), comment=b"beside", **how)
    assert b"Exif" in told and b"beside" in told
    left = bare(told)
    assert b"Exif" not in left and b"beside" not in left and b"JFIF" not in left
    assert picture_hash(left) == picture_hash(told)
    with Image.open(io.BytesIO(left)) as after, Image.open(io.BytesIO(told)) as before:
        assert after.tobytes() == before.tobytes()
    assert bare(left) == left


@given(st.binary(max_size=400).map(lambda octets: b"\xff\xd8\xff" + octets + b"\xff\xd9"))
def test_any_octets_are_made_bare_or_refused(octets: bytes) -> None:
    try:
        left = bare(octets)
    except Invalid:
        return
    assert left[-2:] == b"\xff\xd9" and len(left) <= len(octets)


def test_what_ends_in_the_middle_is_not_made_bare() -> None:
    with pytest.raises(Invalid):
        bare(picture(8, 8)[:-2])
