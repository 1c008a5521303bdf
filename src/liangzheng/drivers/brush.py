"""A brush for drawn portraits: shapes by a few points, and shades without an edge.

Lengths are pixels of the finished picture; x is counted from the middle line, y from the top.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

WIDTH: Final = 260
HEIGHT: Final = 378
SCALE: Final = 2
"""It is drawn so much larger, for smooth edges."""
Point = tuple[float, float]


def smooth(points: Sequence[Point], *, closed: bool = True, steps: int = 7) -> list[Point]:
    """A curve through all the points (Catmull and Rom's)."""
    count = len(points)
    found: list[Point] = []
    for place in range(count if closed else count - 1):
        around = [
            points[(place + step) % count] if closed else points[min(max(place + step, 0), count - 1)]
            for step in (-1, 0, 1, 2)
        ]
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = around
        for step in range(steps):
            t = step / steps
            u, v, w, x = -t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2
            found.append(((ax * u + bx * v + cx * w + dx * x) / 2, (ay * u + by * v + cy * w + dy * x) / 2))
    return found if closed else [*found, points[-1]]


def both(right: Sequence[Point]) -> list[Point]:
    """A closed outline from its right half, given from top to bottom; a point in the middle is there once."""
    left = [(-x, y) for x, y in reversed(right) if x]
    return [*right, *left]


def mixed(colour: str, other: str, share: float) -> str:
    """`colour` with that share of `other` in it."""
    parts = (
        round(int(colour[place : place + 2], 16) * (1 - share) + int(other[place : place + 2], 16) * share)
        for place in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in parts)


def pixels(points: Iterable[Point], corner: tuple[int, int] = (0, 0)) -> list[Point]:
    """In pixels of the large picture, from that corner of it."""
    return [((x + WIDTH / 2) * SCALE - corner[0], y * SCALE - corner[1]) for x, y in points]


def box_of(x: float, y: float, wide: float, high: float) -> tuple[float, float, float, float]:
    """In pixels of the large picture, of what has its middle there and half that width and height."""
    x += WIDTH / 2
    return (x - wide) * SCALE, (y - high) * SCALE, (x + wide) * SCALE, (y + high) * SCALE


class Brush:
    """On one large picture."""

    def __init__(self, image: Picture) -> None:
        from PIL import ImageDraw

        self.image = image
        self.draw = ImageDraw.Draw(image)

    def fill(self, points: Iterable[Point], colour: str) -> None:
        """The area within these corners."""
        self.draw.polygon(pixels(points), fill=colour)

    def shape(self, points: Sequence[Point], colour: str) -> None:
        """The area within the curve through these points."""
        self.fill(smooth(points), colour)

    def stroke(self, points: Sequence[Point], colour: str, width: float) -> None:
        """A curve through these points."""
        curve = smooth(points, closed=False)
        self.draw.line(pixels(curve), fill=colour, width=round(width * SCALE), joint="curve")

    def oval(self, x: float, y: float, wide: float, high: float, colour: str) -> None:
        """Around a point, with half its width and height."""
        self.draw.ellipse(box_of(x, y, wide, high), fill=colour)

    def soft(
        self, at: tuple[float, float, float, float], colour: str, strength: float, blur: float,
        inside: Sequence[Point] = (),
    ) -> None:  # fmt: skip
        """An oval (middle, half width, half height) without an edge, on the picture as it is; `inside` this outline alone."""
        from PIL import Image, ImageDraw, ImageFilter

        # At the size of the finished picture: there is nothing sharp in it, and blurring costs by the pixel.
        x, y, wide, high = at
        x += WIDTH / 2
        left, top = int(x - wide - 2 * blur), int(y - high - 2 * blur)
        veil = Image.new("L", (int(2 * (wide + 2 * blur)) + 1, int(2 * (high + 2 * blur)) + 1), 0)
        oval = (x - wide - left, y - high - top, x + wide - left, y + high - top)
        ImageDraw.Draw(veil).ellipse(oval, fill=round(255 * strength))
        self.veil(veil.filter(ImageFilter.GaussianBlur(blur)), (left * SCALE, top * SCALE), colour, inside)

    def veil(self, veil: Picture, at: tuple[int, int], colour: str, inside: Sequence[Point]) -> None:
        """A colour where the veil is light; `at`: its corner, in pixels of the large picture."""
        from PIL import Image, ImageChops, ImageDraw

        large = veil.resize((veil.width * SCALE, veil.height * SCALE), Image.Resampling.BILINEAR)
        if inside:
            mask = Image.new("L", large.size, 0)
            ImageDraw.Draw(mask).polygon(pixels(inside, at), fill=255)
            large = ImageChops.multiply(large, mask)
        self.image.paste(colour, (*at, at[0] + large.width, at[1] + large.height), large)
