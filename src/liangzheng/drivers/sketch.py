"""One made-up face, drawn from what is behind to what is before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liangzheng.drivers.brush import HEIGHT, SCALE, WIDTH, Brush, Point, both, box_of, mixed, pixels, smooth

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


@dataclass(frozen=True, slots=True)
class Looks:
    """One made-up face. Lengths in pixels of the finished picture."""

    woman: bool
    old: bool
    skin: str
    hair: str
    cut: str
    parting: int
    """-1 left, 0 middle, 1 right."""
    half: float
    """Half the width of the head with its hair."""
    top: float
    chin: float
    jaw: float
    """Half the width of the jaw, as a share of the cheeks'."""
    apart: float
    eye: float
    open: float
    tilt: float
    brow: float
    arch: float
    nose: float
    mouth: float
    lips: float
    smile: float
    glasses: str
    moustache: bool
    clothes: str
    cloth: str
    shirt: str
    tie: str


class Sketch(Brush):
    """One portrait on its way, from what is behind to what is before."""

    def __init__(self, image: Picture, looks: Looks) -> None:
        super().__init__(image)
        self._looks = looks
        self._cheek = looks.half - (7 if looks.cut in ("crew", "receding") else 9)
        """Half the width of the face."""
        self._eyes = looks.top + (looks.chin - looks.top) * 0.50
        self._shade = mixed(looks.skin, "#8a4a2e", 0.22)
        self._line = mixed(looks.skin, "#5a2c1c", 0.55)

    def portray(self) -> None:
        """Everything."""
        self._hair_behind()
        self._neck_and_clothes()
        self._ears()
        self._head()
        self._features()
        self._hair_before()
        if self._looks.glasses:
            self._glasses()

    # -- what is behind ------------------------------------------------------------------------------------

    def _hair_behind(self) -> None:
        of = self._looks
        falls = {"long": of.chin + 62, "fringe": of.chin + 48, "bob": of.chin - 4, "waves": of.chin + 14}.get(
            of.cut
        )
        if falls is None:
            if of.cut == "tied":
                self.oval(0, of.top + 7, 24, 13, mixed(of.hair, "#000000", 0.15))
            return
        wide, dark = of.half + 3, mixed(of.hair, "#000000", 0.28)
        bulge = wide + (9 if of.cut == "waves" else 4)
        self.shape(
            both([(0, of.top), (wide * 0.75, of.top + 24), (wide, of.top + 92), (bulge, falls - 60),
                   (bulge - 2, falls - 18), (wide * 0.62, falls), (0, falls - 6)]), dark)  # fmt: skip

    def _neck_and_clothes(self) -> None:
        of = self._looks
        neck = 30.0 if of.woman else 39.0
        slope = of.chin + (34 if of.woman else 27)
        reach = 112 if of.woman else 132
        under = HEIGHT + 6.0
        body = [
            (0, slope - 6), (neck + 14, slope - 2), (reach * 0.72, slope + 22), (reach, slope + 52),
            (reach + 16, under), (0, under),
        ]  # fmt: skip
        shoulders = smooth(both(body), steps=8)
        outer = of.cloth
        self.fill(shoulders, outer)
        skin_neck = [
            (neck, of.chin - 46), (neck - 2, of.chin + 4), (neck + 8, slope + 2), (neck * 0.5, slope + 26),
            (0, slope + 34),
        ]  # fmt: skip
        neck_line = smooth(both(skin_neck), steps=8)
        if of.clothes == "vee":
            self.fill([(-neck - 16, slope - 3), (neck + 16, slope - 3), (0, slope + 62)], of.skin)
        self.fill(neck_line, of.skin)
        self.soft((0, of.chin + 2, neck + 4, 22), self._shade, 0.95, 7, neck_line)
        self._redress(neck_line, shoulders, neck, slope)

    def _redress(self, neck_line: list[Point], shoulders: list[Point], neck: float, slope: float) -> None:
        """Collar, lapels and tie, before the neck."""
        of = self._looks
        seam = mixed(of.cloth, "#000000", 0.30)
        light = mixed(of.cloth, "#ffffff", 0.16)
        if of.clothes == "round":
            self.stroke([(-neck - 13, slope - 2), (-24, slope + 27), (0, slope + 34), (24, slope + 27),
                          (neck + 13, slope - 2)], light, 3.2)  # fmt: skip
        elif of.clothes == "vee":
            for side in (-1, 1):
                self.stroke(
                    [(side * (neck + 15), slope - 3), (side * 22, slope + 36), (0, slope + 62)],
                    light,
                    3.2,
                )
        elif of.clothes in ("collar", "polo"):
            self._collar(of.cloth, seam, neck, slope)
        else:
            self._jacket(seam, light, neck, slope)

    def _collar(self, colour: str, seam: str, neck: float, slope: float) -> None:
        pale = mixed(colour, "#ffffff", 0.12)
        self.fill([(0, slope + 20), (30, slope + 46), (-30, slope + 46)], colour)
        for side in (-1, 1):
            flap = [(side * (neck + 3), slope - 20), (side * (neck + 16), slope + 3), (side * 27, slope + 42),
                    (0, slope + 24), (side * (neck * 0.62), slope + 10)]  # fmt: skip
            self.fill(flap, pale)
            self.stroke([flap[1], flap[2], flap[3]], seam, 1.4)
        self.stroke([(0, slope + 25), (0, HEIGHT)], seam, 1.6)
        self.oval(0, slope + 52, 2.6, 2.6, seam)

    def _jacket(self, seam: str, light: str, neck: float, slope: float) -> None:
        of = self._looks
        self.fill(
            [
                (-neck - 12, slope - 6),
                (neck + 12, slope - 6),
                (30, HEIGHT),
                (-30, HEIGHT),
            ],
            of.shirt,
        )
        throat = slope + (30 if of.woman else 13)
        bare = [(-neck - 1, of.chin - 40), (neck + 1, of.chin - 40), (neck - 1, slope - 5), (0, throat),
                (-neck + 1, slope - 5)]  # fmt: skip
        self.fill(bare, of.skin)
        self.soft((0, of.chin + 2, neck + 1, 20), self._shade, 0.95, 6, bare)
        if not of.woman:
            dark = mixed(of.tie, "#000000", 0.2)
            self.fill(
                [
                    (-10, slope + 12),
                    (10, slope + 12),
                    (7, slope + 30),
                    (-7, slope + 30),
                ],
                dark,
            )
            self.fill([(-7, slope + 30), (7, slope + 30), (17, HEIGHT), (-17, HEIGHT)], of.tie)
        shade = mixed(of.shirt, "#3a4656", 0.22)
        for side in (-1, 1):
            flap = [(side * (neck - 1), slope - 22), (side * (neck + 13), slope + 2), (side * 25, slope + 33),
                    (0, throat)]  # fmt: skip
            self.fill(flap, of.shirt)
            self.stroke(flap[1:], shade, 1.3)
            lapel = [(side * (neck + 10), slope - 12), (side * (neck + 34), slope + 4), (side * (neck + 26), slope + 44),
                     (side * (neck + 12), slope + 50), (side * 26, HEIGHT + 4), (side * 60, HEIGHT + 4)]  # fmt: skip
            inner = [
                (side * (neck + 11), slope - 10),
                (side * 34, slope + 40),
                (side * 16, HEIGHT + 4),
            ]
            self.fill([*inner, (side * 70, HEIGHT + 4), lapel[2], lapel[1]], of.cloth)
            self.stroke(inner, light, 1.8)
            self.stroke(
                [lapel[1], lapel[2], (side * (neck + 17), slope + 40), (side * 30, HEIGHT + 4)],
                seam,
                1.6,
            )

    # -- the head ------------------------------------------------------------------------------------------

    def _ears(self) -> None:
        of, y = self._looks, self._eyes + 13
        if of.cut in ("long", "bob", "fringe", "waves"):
            return
        for side in (-1, 1):
            x = side * (self._cheek + 1)
            self.oval(x, y, 9, 22, mixed(of.skin, self._shade, 0.4))
            self.stroke([(x + side * 2, y - 12), (x + side * 5, y - 2), (x + side, y + 9)], self._shade, 2)

    def _outline(self) -> list[Point]:
        of, cheek = self._looks, self._cheek
        crown, jaw = of.top + 14, cheek * of.jaw
        low = of.chin - (of.chin - self._eyes) * 0.36
        return smooth(both([
            (0, crown), (cheek * 0.66, crown + 19), (cheek * 0.97, crown + 62), (cheek, self._eyes),
            (cheek * 0.95, self._eyes + 38), (cheek * 0.5 + jaw * 0.42, low), (jaw * 0.80, of.chin - 17),
            (jaw * 0.40, of.chin - 2.5), (0, of.chin),
        ]))  # fmt: skip

    def _head(self) -> None:
        from PIL import Image, ImageDraw, ImageFilter

        of = self._looks
        outline = self._outline()
        self.fill(outline, of.skin)
        # Light from the front and the left: the edge of the face and its right side are in the shade, inside it alone.
        edge = Image.new("L", (WIDTH, HEIGHT), 0)
        brush = ImageDraw.Draw(edge)
        brush.polygon([(x + WIDTH / 2, y) for x, y in outline], fill=150)
        middle = self._eyes + 4
        inner = [(x * 0.86 - 5 + WIDTH / 2, (y - middle) * 0.90 + middle) for x, y in outline]
        brush.polygon(inner, fill=0)
        self.veil(edge.filter(ImageFilter.GaussianBlur(9)), (0, 0), self._shade, outline)
        blush = mixed(of.skin, "#d9583f", 0.42 if of.woman else 0.25)
        low = self._eyes + 46
        for side in (-1, 1):
            self.soft((side * self._cheek * 0.56, low, 19, 13), blush, 0.55, 9)

    # -- the face ------------------------------------------------------------------------------------------

    def _features(self) -> None:
        for side in (-1, 1):
            self._eye(side)
            self._brow(side)
        nose = self._eyes + (self._looks.chin - self._eyes) * 0.42
        self._nose(nose)
        mouth = nose + (self._looks.chin - nose) * (0.36 if self._looks.woman else 0.38)
        if self._looks.moustache:
            self._moustache(nose, mouth)
        self._mouth(mouth)
        if self._looks.old:
            self._lines(nose, mouth)

    def _eye(self, side: int) -> None:
        of = self._looks
        x, y, wide, high = side * of.apart * self._cheek * 1.06, self._eyes, of.eye, of.open
        out, inn = x + side * wide, x - side * wide
        upper = [(inn, y + 1.5), (x - side * wide * 0.45, y - high * 0.82), (x + side * wide * 0.2, y - high),
                 (x + side * wide * 0.7, y - high * 0.55), (out, y - of.tilt)]  # fmt: skip
        lower = [(out, y - of.tilt), (x + side * wide * 0.55, y + high * 0.62), (x, y + high * 0.78),
                 (x - side * wide * 0.55, y + high * 0.62), (inn, y + 1.5)]  # fmt: skip
        self.soft((x, y - high - 3, wide, 5), self._shade, 0.5, 3.5)
        white = smooth(upper, closed=False) + smooth(lower, closed=False)
        self.fill(white, "#fbf8f4")
        iris = high * 0.95
        self._clipped(white, x, y - 0.4, iris)
        lash = mixed(of.hair, "#120c08", 0.75)
        self.stroke(upper, lash, 3.1 if of.woman else 2.1)
        if of.woman:
            for along, rise in ((0.72, 4.2), (1.0, 4.8)):
                start = (x + side * wide * along, y - of.tilt * along - high * (0.55 if along < 1 else 0))
                self.stroke([start, (start[0] + side * 4.2, start[1] - rise)], lash, 1.7)
        self.stroke(lower, mixed(self._line, of.skin, 0.35), 1.0)
        fold = [(px, py - (4.2 if not of.old else 5.2)) for px, py in upper[1:]]
        self.stroke(fold, mixed(self._line, of.skin, 0.25), 1.2)

    def _clipped(self, white: list[Point], x: float, y: float, iris: float) -> None:
        """Iris, pupil and light, inside the eye alone."""
        from PIL import Image, ImageDraw

        left, top = int((x + WIDTH / 2 - 24) * SCALE), int((y - 16) * SCALE)
        size = (48 * SCALE, 32 * SCALE)
        inside, ball = Image.new("L", size, 0), Image.new("RGB", size)
        ImageDraw.Draw(inside).polygon(pixels(white, (left, top)), fill=255)
        ball.paste(self.image.crop((left, top, left + size[0], top + size[1])))
        brush = ImageDraw.Draw(ball)
        for radius, colour, dx, dy in (
            (iris, "#2b1a12", 0.0, 0.0), (iris * 0.80, "#4b2f20", 0.0, 0.0), (iris * 0.46, "#0c0807", 0.0, 0.0),
            (iris * 0.24, "#ffffff", -iris * 0.34, -iris * 0.36),
        ):  # fmt: skip
            box = box_of(x + dx, y + dy, radius, radius)
            brush.ellipse((box[0] - left, box[1] - top, box[2] - left, box[3] - top), fill=colour)
        self.image.paste(ball, (left, top), inside)

    def _brow(self, side: int) -> None:
        of = self._looks
        x, wide = side * of.apart * self._cheek * 1.06, of.eye + (4 if of.woman else 6)
        y = self._eyes - of.open - (14.5 if of.woman else 12)
        high, thick = of.arch, of.brow
        inn, out = x - side * wide, x + side * wide
        start = -high * 0.42
        self.shape([(inn, y + start), (x - side * wide * 0.25, y - high * 0.72), (x + side * wide * 0.40, y - high),
                     (out, y + 1.8), (x + side * wide * 0.36, y - high + thick * 0.66),
                     (x - side * wide * 0.25, y - high * 0.66 + thick * 0.86), (inn, y + start + thick * 0.86)],
                    mixed(of.hair, of.skin, 0.14 if not of.old else 0.30))  # fmt: skip

    def _nose(self, y: float) -> None:
        of = self._looks
        self.soft((5, y - 24, 5, 24), self._shade, 0.45, 4)
        self.soft((0, y - 3, of.nose * 0.62, 6), mixed(of.skin, "#ffffff", 0.30), 0.35, 4)
        self.stroke([(-of.nose, y - 5), (-of.nose * 0.72, y + 2), (-4, y + 1), (0, y + 3.4), (4, y + 1),
                      (of.nose * 0.72, y + 2), (of.nose, y - 5)], self._line, 1.7)  # fmt: skip
        for side in (-1, 1):
            self.oval(side * of.nose * 0.46, y + 0.8, 3.1, 1.7, mixed(self._line, "#2a120b", 0.35))

    def _mouth(self, y: float) -> None:
        of = self._looks
        wide, full, up = of.mouth, of.lips, of.smile
        red = mixed(of.skin, "#b3262f", 0.62) if of.woman and not of.old else mixed(of.skin, "#a6493f", 0.46)
        upper = [(-wide, y - up), (-wide * 0.42, y - full * 0.78), (-5, y - full), (0, y - full * 0.76),
                 (5, y - full), (wide * 0.42, y - full * 0.78), (wide, y - up)]  # fmt: skip
        seam = [
            (wide, y - up),
            (wide * 0.45, y + 0.9),
            (0, y + 1.6),
            (-wide * 0.45, y + 0.9),
            (-wide, y - up),
        ]
        lower = [(wide, y - up), (wide * 0.5, y + full * 0.92), (0, y + full * 1.26), (-wide * 0.5, y + full * 0.92),
                 (-wide, y - up)]  # fmt: skip
        self.fill(smooth(upper, closed=False) + smooth(seam, closed=False), mixed(red, "#4a1512", 0.16))
        self.fill(smooth(list(reversed(seam)), closed=False) + smooth(lower, closed=False), red)
        self.soft((0, y + full * 0.62, wide * 0.32, full * 0.22), mixed(red, "#ffffff", 0.5), 0.5, 1.6)
        self.stroke(seam, mixed(red, "#2c0b0a", 0.62), 1.7)
        self.soft((0, y + full * 1.26 + 5, wide * 0.42, 2.6), self._shade, 0.6, 2.6)

    def _moustache(self, nose: float, mouth: float) -> None:
        of = self._looks
        y, wide = nose + (mouth - nose) * 0.42, of.mouth * 0.98
        self.shape([(0, y), (wide * 0.5, y + 1), (wide, mouth - 1), (wide * 0.45, mouth - 4.5), (0, mouth - 5.5),
                     (-wide * 0.45, mouth - 4.5), (-wide, mouth - 1), (-wide * 0.5, y + 1)],
                    mixed(of.hair, of.skin, 0.12))  # fmt: skip

    def _lines(self, nose: float, mouth: float) -> None:
        of = self._looks
        faint = mixed(self._shade, self._line, 0.35)
        for side in (-1, 1):
            self.stroke([(side * (of.nose + 5), nose - 4), (side * (of.mouth + 2), nose + 12),
                          (side * (of.mouth + 7), mouth - 1)], faint, 1.5)  # fmt: skip
            x = side * of.apart * self._cheek * 1.06
            self.stroke([(x - side * of.eye * 0.7, self._eyes + of.open + 6), (x, self._eyes + of.open + 10),
                          (x + side * of.eye * 0.8, self._eyes + of.open + 7)], faint, 1.2)  # fmt: skip
            out = x + side * (of.eye + 5)
            for rise in (-4, 2):
                self.stroke(
                    [(out, self._eyes + rise * 0.5), (out + side * 8, self._eyes + rise * 1.6)], faint, 1.0
                )
        if of.cut in ("receding", "short", "parted", "tied"):
            for up in (0, 11):
                y = self._eyes - 46 - up
                self.stroke([(-34, y + 2), (0, y - 1), (34, y + 2)], mixed(faint, of.skin, 0.35), 1.1)

    # -- what is before ------------------------------------------------------------------------------------

    def _hair_before(self) -> None:
        {
            "short": self._short, "parted": self._parted, "brushed": self._brushed, "crew": self._crew,
            "receding": self._receding, "tied": self._drawn_back, "fringe": self._fringe, "long": self._curtain,
            "bob": self._curtain, "waves": self._curtain,
        }[self._looks.cut]()  # fmt: skip

    def _cap(self, low: Sequence[Point], side_burns: float) -> None:
        """Hair over the crown, down to `side_burns` beside the face; `low`: its edge on the forehead, from right to left."""
        of, wide = self._looks, self._looks.half
        outer = [(-self._cheek + 1, side_burns), (-wide, side_burns - 34), (-wide * 0.96, of.top + 58), (-wide * 0.66, of.top + 17),
                 (0, of.top), (wide * 0.66, of.top + 17), (wide * 0.96, of.top + 58), (wide, side_burns - 34),
                 (self._cheek - 1, side_burns)]  # fmt: skip
        inner = [(self._cheek - 7, side_burns - 30), *low, (-self._cheek + 7, side_burns - 30)]
        self.fill(smooth(outer, closed=False) + smooth(inner, closed=False), of.hair)
        self._shine()

    def _shine(self) -> None:
        of = self._looks
        self.soft((-of.half * 0.30, of.top + 19, of.half * 0.36, 5), mixed(of.hair, "#ffffff", 0.38), 0.6, 6)

    def _short(self) -> None:
        of = self._looks
        line, side = of.top + 62, of.parting
        low = [(self._cheek - 9, line + 16), (48, line - 1), (20, line + 5 * side), (-8, line - 3), (-34, line - 5 * side),
               (-self._cheek + 12, line + 12)]  # fmt: skip
        self._cap(low, self._eyes + 4)

    def _parted(self) -> None:
        of, side = self._looks, self._looks.parting
        line = of.top + 60
        right = [(self._cheek - 8, line + 22), (52, line + 8), (4, line - 6), (-38, line - 30), (-52, line - 4),
                 (-self._cheek + 10, line + 20)]  # fmt: skip
        low = right if side > 0 else [(-x, y) for x, y in reversed(right)]
        self._cap(low, self._eyes + 4)

    def _brushed(self) -> None:
        of = self._looks
        line = of.top + 50
        low = [(self._cheek - 8, line + 26), (56, line + 2), (24, line - 8), (0, line - 9), (-24, line - 8), (-56, line + 2),
               (-self._cheek + 8, line + 26)]  # fmt: skip
        self._cap(low, self._eyes)
        dark = mixed(of.hair, "#000000", 0.3)
        for x in (-36, -18, 0, 18, 36):
            self.stroke([(x, line - 4), (x * 0.92, of.top + 26), (x * 0.8, of.top + 12)], dark, 1.4)

    def _crew(self) -> None:
        of = self._looks
        line = of.top + 47
        low = [(self._cheek - 7, line + 30), (57, line + 5), (30, line), (0, line - 1), (-30, line), (-57, line + 5),
               (-self._cheek + 7, line + 30)]  # fmt: skip
        self._cap(low, self._eyes - 6)

    def _receding(self) -> None:
        of = self._looks
        line = of.top + 34
        low = [(self._cheek - 7, line + 44), (62, line + 12), (44, line - 8), (16, line + 4), (-16, line + 4), (-44, line - 8),
               (-62, line + 12), (-self._cheek + 7, line + 44)]  # fmt: skip
        self._cap(low, self._eyes + 2)

    def _drawn_back(self) -> None:
        of = self._looks
        line = of.top + 50
        low = [(self._cheek - 6, line + 34), (58, line + 8), (26, line - 10), (8 * of.parting, line - 17), (-26, line - 10),
               (-58, line + 8), (-self._cheek + 6, line + 34)]  # fmt: skip
        self._cap(low, self._eyes - 8)

    def _fringe(self) -> None:
        of = self._looks
        line = self._eyes - of.open - 22
        low = [(self._cheek - 10, line + 12), (50, line + 3), (24, line - 2), (0, line + 1), (-24, line - 2), (-50, line + 3),
               (-self._cheek + 10, line + 12)]  # fmt: skip
        self._strands()
        self._cap(low, self._eyes + 8)
        dark = mixed(of.hair, "#000000", 0.3)
        for x in (-44, -26, -9, 9, 26, 44):
            self.stroke([(x * 0.72, line - 32), (x * 0.95, line - 14), (x, line - 1)], dark, 1.2)

    def _curtain(self) -> None:
        """Parted, and falling beside the face."""
        of = self._looks
        at, line = 26 * of.parting, of.top + 24
        reach = self._eyes - 18
        low = [(self._cheek - 6, reach + 6), (self._cheek * 0.80, reach - 26), ((at + self._cheek * 0.7) / 2, line + 24),
               (at, line), ((at - self._cheek * 0.7) / 2, line + 24), (-self._cheek * 0.80, reach - 26),
               (-self._cheek + 6, reach + 6)]  # fmt: skip
        self._strands()
        self._cap(low, self._eyes + 10)
        self.stroke([(at, of.top + 3), (at, line)], mixed(of.hair, of.skin, 0.35), 1.4)

    def _strands(self) -> None:
        """Hair before the edges of the face, on both sides."""
        of = self._looks
        ends = of.chin + (26 if of.cut in ("long", "fringe") else -22)
        for side in (-1, 1):
            inner, outer = side * (self._cheek - 7), side * (of.half + 4)
            self.shape([(inner, self._eyes - 34), (side * of.half, self._eyes - 44), (outer, self._eyes + 24),
                         (outer + side, ends - 34), (side * (of.half - 3), ends), (side * (self._cheek - 8), ends - 20),
                         (side * (self._cheek - 1), self._eyes + 52),
                         (side * (self._cheek - 3), self._eyes + 8)], of.hair)  # fmt: skip

    def _glasses(self) -> None:
        of, dark = self._looks, "#26262a"
        for side in (-1, 1):
            x, y = side * of.apart * self._cheek * 1.06, self._eyes + 1
            wide, high = of.eye + 9, 19.0 if of.glasses == "round" else 16.0
            box, thick = box_of(x, y, wide, high), round(2.4 * SCALE)
            if of.glasses == "round":
                self.draw.ellipse(box, outline=dark, width=thick)
            else:
                self.draw.rounded_rectangle(box, 8 * SCALE, outline=dark, width=thick)
            self.stroke([(x + side * wide, y - 5), (side * (self._cheek + 1), y - 8)], dark, 2.2)
            bridge = x - side * wide
            self.stroke([(bridge, y - 3), (0, y - 6)], dark, 2.4)
