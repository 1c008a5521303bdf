"""Font files with a few glyphs, written for a test: squares that differ in size, so that each is known again."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

NOTICE = "Fictional outlines, nobody's"


def font_file(
    path: Path, sides: Mapping[str, int], *, em: int = 1000, cubic: bool = False, forbids: int = 0
) -> Path:
    """Each character is a square with that side, in units of the em."""
    names = {ord(character): f"g{place}" for place, character in enumerate(sides)}
    builder = FontBuilder(em, isTTF=not cubic)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    outlines = {".notdef": 0} | {names[ord(character)]: side for character, side in sides.items()}
    if cubic:
        strings = {name: _cubic(side, em) for name, side in outlines.items()}
        builder.setupCFF("Fictional", {}, strings, {})
    else:
        builder.setupGlyf({name: _quadratic(side) for name, side in outlines.items()})
    builder.setupHorizontalMetrics(dict.fromkeys(outlines, (em, 0)))
    builder.setupHorizontalHeader(ascent=em, descent=0)
    builder.setupNameTable({"copyright": NOTICE, "familyName": "Fictional", "styleName": "Regular"})
    builder.setupOS2(fsType=forbids)
    builder.setupPost()
    builder.save(path)
    return path


def _square(pen: Any, side: int) -> Any:
    if side:
        pen.moveTo((0, 0))
        pen.lineTo((0, side))
        pen.lineTo((side, side))
        pen.lineTo((side, 0))
        pen.closePath()
    return pen


def _quadratic(side: int) -> Any:
    return _square(TTGlyphPen(None), side).glyph()


def _cubic(side: int, em: int) -> Any:
    return _square(T2CharStringPen(em, None), side).getCharString()


def sides_in(octets: bytes) -> dict[str, int]:
    """What a made font has: each character and the width of its square."""
    font = TTFont(BytesIO(octets))
    table = font["glyf"]
    return {chr(point): table[name].xMax for point, name in font.getBestCmap().items()}
