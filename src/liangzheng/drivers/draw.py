"""Portraits of people who do not exist: drawn, never photographed, and marked FICTIONAL.

Proportions are those of a real photo (260 × 378 pixels, head 165–189 wide and 224–260 high, 10–20 above the
hair), so that screens and checks meet what they will meet. Source of the proportions: published photo
guidance. What can be seen of a record, the sex and about the age, is drawn; nothing else of it is.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

from liangzheng.drivers.brush import HEIGHT, SCALE, WIDTH
from liangzheng.drivers.sketch import Looks, Sketch
from liangzheng.kernel.people import Sex

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

OLD_FROM: Final = 55
"""Years of age from which somebody is drawn with grey hair and lines."""

_SKIN: Final = ("#f3d6bd", "#eecbab", "#e6bd98", "#dcae86", "#cf9f77")
_HAIR: Final = ("#16140f", "#1f1a18", "#2a211d", "#3a2a22")
_GREY: Final = ("#5e5a58", "#77736f", "#8f8b87", "#a9a6a2")
_SUIT: Final = ("#22304a", "#2c2f36", "#37414f", "#3b2f38", "#20363a")
_SHIRT: Final = ("#f3f4f6", "#dbe6f1", "#e9e4d8", "#c9d6e6")
_BLOUSE: Final = ("#8e2f4a", "#2f5d62", "#5b3f6e", "#a34d3a", "#33507d", "#d9cfc3")
_TIE: Final = ("#7a2331", "#1f3f6e", "#3d4a3a", "#4a3c63")


class Whose(NamedTuple):
    """Whom a picture is drawn for."""

    sex: Sex
    is_old: bool


def seen(sex: Sex, years: float) -> Whose:
    """Whom to draw for somebody of that sex and age."""
    return Whose(sex, years >= OLD_FROM)


EVERYBODY: Final = tuple(Whose(sex, is_old) for sex in Sex for is_old in (False, True))


def whose(number: int) -> Whose:
    """Whom picture `number` of a pack shows: men and women in turn, every fourth of each old."""
    return Whose(Sex.FEMALE if number % 2 else Sex.MALE, number // 2 % 4 == 3)


def albums(pictures: Sequence[str]) -> dict[Whose, Sequence[str]]:
    """Which of the pictures, named in the order of their numbers, somebody may have. Where too few were drawn, one of the other
    age, or anybody's."""
    of = [(whose(number), name) for number, name in enumerate(pictures)]
    return {
        who: [name for seen, name in of if seen == who]
        or [name for seen, name in of if seen.sex is who.sex]
        or pictures
        for who in EVERYBODY
    }


def portrait(seed: int, number: int, who: Whose | None = None) -> bytes:
    """The JPEG of picture `number`, of `who` or of whom such a picture shows: the same for the same seed, another for every
    number."""
    from PIL import Image, ImageDraw

    of = who or whose(number)
    chance = random.Random(f"liangzheng portrait {seed} {number} {of.sex.value} {of.is_old}")
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "white")
    Sketch(image, _looks(chance, of)).portray()
    small = image.reduce(SCALE)
    _marked(ImageDraw.Draw(small), number)
    page = BytesIO()
    small.save(page, "JPEG", quality=92, subsampling=0, dpi=(300, 300))
    return page.getvalue()


# --- what somebody looks like ---------------------------------------------------------------------------

_CUTS: Final = {
    (False, False): ("short", "short", "parted", "parted", "brushed", "crew"),
    (False, True): ("short", "receding", "receding", "parted"),
    (True, False): ("long", "long", "bob", "fringe", "fringe", "tied"),
    (True, True): ("bob", "bob", "tied", "waves", "waves"),
}


def _looks(chance: random.Random, of: Whose) -> Looks:
    woman, old = of.sex is Sex.FEMALE, of.is_old
    spread = chance.uniform
    top = spread(12, 18)
    return Looks(
        woman=woman, old=old, skin=chance.choice(_SKIN), hair=chance.choice(_GREY if old else _HAIR),
        cut=chance.choice(_CUTS[woman, old]), parting=chance.choice((-1, 1) if not woman else (-1, 0, 1)),
        half=spread(84, 90) if woman else spread(85, 93), top=top,
        chin=top + (spread(228, 240) if woman else spread(232, 248)),
        jaw=spread(0.60, 0.68) if woman else spread(0.72, 0.84),
        apart=spread(0.415, 0.45), eye=spread(16, 18.5) if woman else spread(14.5, 17),
        open=spread(7.2, 9) if woman else spread(5.6, 7.4), tilt=spread(-1.5, 2.5),
        brow=spread(4.2, 5.6) if woman else spread(7.5, 10.5), arch=spread(4, 7.5) if woman else spread(0.5, 3.5),
        nose=spread(12, 15) if woman else spread(15, 19), mouth=spread(24, 29) if woman else spread(26, 33),
        lips=spread(6.8, 8.6) if woman else spread(4.2, 5.8), smile=spread(1.5, 5),
        glasses=chance.choice(("", "", "", "round", "square")), moustache=not woman and chance.random() < 0.12,
        clothes=chance.choice(("round", "vee", "collar", "jacket") if woman else ("suit", "suit", "collar", "polo")),
        cloth=chance.choice(_BLOUSE if woman else _SUIT), shirt=chance.choice(_SHIRT), tie=chance.choice(_TIE),
    )  # fmt: skip


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
