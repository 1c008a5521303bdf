"""Portraits of people who do not exist: drawn, never photographed, and marked FICTIONAL.

Proportions are those of a real photo (260 × 378 pixels, head 165–189 wide and 224–260 high, 10–20 above the
hair), so that screens and checks meet what they will meet. Source of the proportions: published photo
guidance.
"""

from __future__ import annotations

import random
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH: Final = 260
HEIGHT: Final = 378
_SCALE: Final = 2  # drawn larger and reduced, for smooth edges

_SKIN: Final = ("#f2d3b8", "#e8c19f", "#dcae86", "#c99872", "#f6dcc6")
_HAIR: Final = ("#1c1a1a", "#2b2320", "#3a2c25", "#5b5450", "#8c8a88")
_SHIRT: Final = ("#26344f", "#3b2f4a", "#274139", "#4a3030", "#33383f")
_Box = tuple[float, float, float, float]


def portrait(seed: int, number: int) -> bytes:
    """The JPEG of picture `number`: the same for the same seed, another for every number."""
    from PIL import Image, ImageDraw

    chance = random.Random(f"liangzheng portrait {seed} {number}")
    image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), "white")
    _person(ImageDraw.Draw(image), chance)
    small = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    _marked(ImageDraw.Draw(small), number)
    page = BytesIO()
    small.save(page, "JPEG", quality=92, subsampling=0, dpi=(300, 300))
    return page.getvalue()


def _box(left: float, top: float, right: float, bottom: float) -> _Box:
    return left * _SCALE, top * _SCALE, right * _SCALE, bottom * _SCALE


def _person(draw: ImageDraw, chance: random.Random) -> None:
    skin, hair, shirt = chance.choice(_SKIN), chance.choice(_HAIR), chance.choice(_SHIRT)
    half, top = chance.uniform(83, 94), chance.uniform(11, 19)
    bottom = top + chance.uniform(226, 250)
    middle = WIDTH / 2
    long_hair = chance.random() < 0.35
    if long_hair:
        draw.rounded_rectangle(
            _box(middle - half - 6, top + 60, middle + half + 6, bottom + 40), 60, fill=hair
        )
    draw.ellipse(_box(-30, bottom + 18, WIDTH + 30, HEIGHT + 170), fill=shirt)
    draw.rectangle(_box(middle - 34, bottom - 40, middle + 34, bottom + 40), fill=_darker(skin))
    draw.polygon([(x * _SCALE, y * _SCALE) for x, y in
                  ((middle - 46, bottom + 30), (middle + 46, bottom + 30), (middle, bottom + 92))], fill="#f4f4f4")  # fmt: skip
    draw.ellipse(_box(middle - half, top + 8, middle + half, bottom), fill=skin)
    fringe = chance.uniform(55, 95)
    draw.pieslice(_box(middle - half - 3, top, middle + half + 3, top + 2.2 * fringe), 180, 360, fill=hair)
    if chance.random() < 0.6:
        draw.pieslice(
            _box(middle - half, top + fringe * 0.5, middle + half * 0.6, top + 1.7 * fringe),
            190,
            350,
            fill=hair,
        )
    _face(draw, chance, middle, top + (bottom - top) * 0.52, half)


def _face(draw: ImageDraw, chance: random.Random, middle: float, eyes: float, half: float) -> None:
    apart, wide, open_ = half * chance.uniform(0.40, 0.48), chance.uniform(13, 18), chance.uniform(6, 9)
    for x in (middle - apart, middle + apart):
        draw.ellipse(
            _box(x - wide, eyes - open_, x + wide, eyes + open_), fill="white", outline="#444444", width=2
        )
        draw.ellipse(_box(x - open_ + 1, eyes - open_ + 1, x + open_ - 1, eyes + open_ - 1), fill="#33261f")
        brow = eyes - chance.uniform(20, 26)
        draw.line(
            _box(x - wide - 3, brow, x + wide + 3, brow - chance.uniform(-3, 3)), fill="#3a2c25", width=9
        )
    if chance.random() < 0.3:
        for x in (middle - apart, middle + apart):
            draw.ellipse(_box(x - 28, eyes - 22, x + 28, eyes + 24), outline="#222222", width=5)
        draw.line(_box(middle - apart + 28, eyes, middle + apart - 28, eyes), fill="#222222", width=5)
    nose = eyes + chance.uniform(40, 52)
    draw.line([(middle * _SCALE, (eyes + 8) * _SCALE), ((middle - 9) * _SCALE, nose * _SCALE),
               ((middle + 8) * _SCALE, nose * _SCALE)], fill="#a8795a", width=5, joint="curve")  # fmt: skip
    mouth, smile = nose + chance.uniform(22, 32), chance.uniform(4, 16)
    draw.arc(_box(middle - 30, mouth - smile, middle + 30, mouth + smile), 15, 165, fill="#a2483f", width=7)


def _darker(colour: str) -> str:
    return "#" + "".join(f"{int(colour[place : place + 2], 16) * 9 // 10:02x}" for place in (1, 3, 5))


def _marked(draw: ImageDraw, number: int) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(13)
    draw.rectangle((0, HEIGHT - 22, WIDTH, HEIGHT), fill="#ffffff")
    draw.text(
        (WIDTH / 2, HEIGHT - 11),
        f"FICTIONAL  {number:04d}  LIANGZHENG",
        fill="#b02020",
        font=font,
        anchor="mm",
    )
