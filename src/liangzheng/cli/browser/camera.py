"""A film for the browser's fake camera: YUV4MPEG2, which Chromium reads anew each time a page opens the camera."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH: Final = 1280
HEIGHT: Final = 720
_TABLE: Final = 108
"""The grey of what lies behind a phone."""


def film_code(path: Path, screenshot: bytes, *, side: int = 520, turned: float = 7.0) -> None:
    """A phone's screen held before the camera: the picture `side` pixels wide, turned by so many degrees, a little soft."""
    from PIL import Image, ImageFilter

    with Image.open(BytesIO(screenshot)) as picture:
        shown = picture.convert("L").resize((side, side * picture.height // picture.width))
    shown = shown.rotate(turned, expand=True, fillcolor=_TABLE, resample=Image.Resampling.BICUBIC)
    scene = Image.new("L", (WIDTH, HEIGHT), _TABLE)
    scene.paste(shown, ((WIDTH - shown.width) // 2, (HEIGHT - shown.height) // 2))
    _write(path, [scene.filter(ImageFilter.GaussianBlur(0.8))])


def film_noise(path: Path) -> None:
    """Nothing to be recognised: a grey wall with some spots."""
    from PIL import Image, ImageDraw

    chance, scene = random.Random(1), Image.new("L", (WIDTH, HEIGHT), 190)
    brush = ImageDraw.Draw(scene)
    for _ in range(60):
        x, y, size = chance.randrange(WIDTH), chance.randrange(HEIGHT), chance.randrange(10, 120)
        brush.ellipse((x, y, x + size, y + size), fill=chance.randrange(60, 240))
    _write(path, [scene])


def _write(path: Path, scenes: Sequence[Image]) -> None:
    """Grey pictures; in the place of the file before at once, which a page may be filming."""
    colours = bytes([128]) * (WIDTH * HEIGHT // 2)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode())
        for scene in scenes:
            file.write(b"FRAME\n" + scene.tobytes() + colours)
    os.replace(new, path)


NEVER_THE_SAME: Final = """(() => {
  if (!location.hostname.startsWith('driver.')) return
  const own = CanvasRenderingContext2D.prototype.drawImage
  CanvasRenderingContext2D.prototype.drawImage = function (source, ...rest) {
    own.call(this, source, ...rest)
    if (!(source instanceof HTMLVideoElement)) return
    for (let spot = 0; spot < 60; spot++) {
      this.fillStyle = '#' + Math.floor(Math.random() * 4096).toString(16).padStart(3, '0')
      this.fillRect(Math.random() * 400, Math.random() * 300, 6, 6)
    }
  }
})()"""
"""For a context's `add_init_script`: a face check takes no picture twice, and a film repeats itself."""
