"""Pictures of every kind through the real child: what is good is made anew, what is hostile is no picture."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Iterator
from datetime import date
from io import BytesIO

import pytest
from PIL import Image, ImageFilter, PngImagePlugin

from liangzheng.infra import jpeg as jpeg_header
from liangzheng.kernel.errors import Unavailable
from liangzheng.licences.photo_process import KEPT_OCTETS, MOST_PIXELS, MOST_WAITING, Measured, PhotoProcess
from tests.licences.photos import SIZE, drawn, jpeg, on_blue, png


@pytest.fixture(scope="module")
def process() -> Iterator[PhotoProcess]:
    made = PhotoProcess()
    yield made
    made.close()


@pytest.mark.parametrize("octets", [jpeg(drawn()), jpeg(drawn(), progressive=True), png(drawn())])
def test_a_picture_is_measured_and_made_anew(process: PhotoProcess, octets: bytes) -> None:
    found = process.prepare(octets)
    assert found is not None
    assert (found.width, found.height) == SIZE
    assert jpeg_header.dimensions(found.jpeg) == (260, 378)
    assert found.three_channels and found.white_permille > 950 and found.colour > 10
    assert 60 < found.brightness < 240 and found.sharpness > 100


def test_what_is_kept_is_of_the_size_and_the_quality_it_must_be(process: PhotoProcess) -> None:
    def kept(image: Image.Image) -> tuple[int, int]:
        """Octets, and the step of the first number of the table of quantisation, which grows as quality goes down."""
        found = process.prepare(png(image))
        assert found is not None
        with Image.open(BytesIO(found.jpeg)) as made:
            assert (made.size, made.mode, made.info["dpi"]) == ((260, 378), "RGB", (300, 300))
            return len(found.jpeg), made.quantization[0][0]  # type: ignore[attr-defined]

    drawn_octets, fine = kept(drawn())
    busy = Image.blend(drawn(), Image.effect_noise(SIZE, 90).convert("RGB"), 0.3)
    busy_octets, coarser = kept(busy)
    assert drawn_octets <= KEPT_OCTETS and busy_octets <= KEPT_OCTETS and coarser > fine
    noise, coarsest = kept(Image.effect_noise(SIZE, 90).convert("RGB"))
    assert noise > KEPT_OCTETS and coarsest == 10, "quality 70 of the usual table, whose first step is 16"


def test_nothing_of_the_file_is_left_but_its_pixels(process: PhotoProcess) -> None:
    secret = b"a place and a name"
    exif = Image.Exif()
    exif[0x010E] = secret.decode()
    page = BytesIO()
    drawn().save(page, "JPEG", exif=exif, comment=secret)
    sent = page.getvalue() + secret
    found = process.prepare(sent)
    assert secret in sent and found is not None
    assert secret not in found.jpeg and b"Exif" not in found.jpeg


def test_the_day_of_taking_is_read_and_not_kept(process: PhotoProcess) -> None:
    found = process.prepare(jpeg(drawn(), date(2026, 5, 1)))
    assert found is not None and found.embedded_day == date(2026, 5, 1)
    nonsense = Image.Exif()
    nonsense[0x0132] = "2026:13:45 xx"
    page = BytesIO()
    drawn().save(page, "JPEG", exif=nonsense)
    without = process.prepare(page.getvalue())
    assert without is not None and without.embedded_day is None


def test_a_picture_taken_on_its_side_is_turned(process: PhotoProcess) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    page = BytesIO()
    drawn().transpose(Image.Transpose.ROTATE_90).save(page, "JPEG", exif=exif)
    found = process.prepare(page.getvalue())
    assert found is not None and (found.width, found.height) == SIZE


def test_each_measure_follows_what_is_changed(process: PhotoProcess) -> None:
    def measured(image: Image.Image) -> tuple[int, int, int, int]:
        found = process.prepare(png(image))
        assert found is not None
        return found.white_permille, found.colour, found.brightness, found.sharpness

    white, colour, brightness, sharpness = measured(drawn())
    assert measured(on_blue(drawn()))[0] < 350 < white
    assert measured(drawn().convert("L").convert("RGB"))[1] < 6 < colour
    assert measured(drawn().point(lambda value: value // 4))[2] < 60 < brightness
    assert measured(drawn().filter(ImageFilter.GaussianBlur(12)))[3] < 30 < sharpness


def test_grey_is_no_colour_and_transparent_is_white(process: PhotoProcess) -> None:
    grey = process.prepare(jpeg(drawn().convert("L")))
    assert grey is not None and not grey.three_channels
    clear = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    found = process.prepare(png(clear))
    assert found is not None and found.white_permille == 1000


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, *chunks: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IEND", b"")


def huge_jpeg() -> bytes:
    """The header says 65,500 × 65,500; the scan is that of a small picture."""
    octets = bytearray(jpeg(drawn()))
    at = octets.index(b"\xff\xc0")
    octets[at + 5 : at + 9] = struct.pack(">HH", 65500, 65500)
    return bytes(octets)


def many_scans() -> bytes:
    octets = jpeg(drawn(), progressive=True)
    at = octets.rindex(b"\xff\xda")
    return octets[:at] + octets[at:-2] * 100 + b"\xff\xd9"


BOMBS = {
    "png of a billion pixels": png_of(40_000, 40_000, chunk(b"IDAT", zlib.compress(bytes(1 << 20)))),
    "png one pixel over the limit": png_of(3001, MOST_PIXELS // 3001 + 1, chunk(b"IDAT", zlib.compress(b""))),
    "png whose data unpacks without end": png_of(
        300, 400, chunk(b"IDAT", zlib.compress(bytes(200 * 1024 * 1024), 9))
    ),
    "png of ten thousand pieces": png_of(300, 400, *[chunk(b"IDAT", b"\x00")] * 10_000),
    "png without data": png_of(300, 400),
    "png cut short": png(drawn())[:5000],
    "jpeg of a billion pixels": huge_jpeg(),
    "jpeg of many scans": many_scans(),
    "jpeg cut short": jpeg(drawn())[:5000],
    "jpeg of marks only": b"\xff\xd8\xff" + b"\xff" * 50_000,
    "gif": b"GIF89a" + bytes(20_000),
    "heic": b"\x00\x00\x00\x18ftypheic" + bytes(20_000),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    + b" " * 20_000,
    "webp": b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(20_000),
    "nothing": b"",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_no_picture_and_the_next_one_is_served(process: PhotoProcess, name: str) -> None:
    found = process.prepare(BOMBS[name])
    # A decoder may read the picture before the rest: then only its pixels come out.
    assert found is None or (name == "png whose data unpacks without end" and found.width == 300)
    assert process.prepare(png(drawn())) is not None


def test_a_text_that_unpacks_without_end_is_no_picture(process: PhotoProcess) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "x" * 50_000_000, zip=True)
    assert process.prepare(png(drawn(), pnginfo=text)) is None


async def test_many_at_once_take_turns_and_beyond_an_end_are_told_to_come_again() -> None:
    process = PhotoProcess()
    good = jpeg(drawn())
    try:
        found = await asyncio.gather(
            *(process.judge(good) for _ in range(MOST_WAITING + 2)), return_exceptions=True
        )
    finally:
        process.close()
    refused = [each for each in found if isinstance(each, Unavailable)]
    measured = [each for each in found if isinstance(each, Measured)]
    assert (len(refused), len(measured)) == (2, MOST_WAITING)
    assert process.waiting == 0
