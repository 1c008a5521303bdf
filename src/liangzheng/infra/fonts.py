"""Fonts with nothing but a few rare characters, drawn from the operator's font files.

The files are the operator's own and trusted as programs are. What is made of them holds outlines and a character map and
nothing else: no layout, no hinting, nothing that a font could carry besides. The same characters from the same files give the
same octets. No glyph is ever guessed: a character that no file has is left to the phone, and its code point is shown.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Self

from liangzheng.infra import metrics
from liangzheng.kernel.errors import Invalid, Unavailable

_log = logging.getLogger(__name__)

DEBIAN: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc#2",
    "/usr/share/fonts/truetype/hanazono/HanaMinA.ttf",
    "/usr/share/fonts/truetype/hanazono/HanaMinB.ttf",
)
"""fonts-noto-cjk (its third face is simplified Chinese) and fonts-hanazono, which has extensions A to F: the first looks like
the text beside it, the others have what it has not."""

LARGEST: Final = 1 << 15
"""Octets of a font made here: a hundred characters. Beyond it none is made, and that is counted."""

REMEMBERED: Final = 4096
"""Sets of characters whose fonts are kept in memory: there are fewer rare names than names."""

_EM: Final = 1000
_ASCENT: Final = 880
"""Of an ideograph's square above the baseline, in thousandths: as both of Debian's families have it."""
_NO_DAY: Final = 2_082_844_800
"""1970, in seconds since 1904, as the day each font was made: the same octets whenever it is."""
_NO_EMBEDDING, _NO_SUBSETS, _BITMAPS_ONLY = 0x0002, 0x0100, 0x0200
"""Bits of OS/2.fsType (ISO/IEC 14496-22 §5.2.7.3): what a font's maker forbids."""


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font file; `face` counts from 0 in a collection."""

    path: Path
    face: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """`FILE` or `FILE#FACE`. Raises ValueError for a path that is not absolute."""
        path, _, face = text.partition("#")
        if not path.startswith("/") or (face and not (face.isascii() and face.isdigit())):
            raise ValueError("an absolute path, and #N for a face of a collection")
        return cls(Path(path), int(face or 0))

    def __str__(self) -> str:
        return f"{self.path}#{self.face}" if self.face else str(self.path)


@dataclass(frozen=True, slots=True)
class Drawn:
    """`octets`: the WOFF2; None when there is nothing to draw with. `missing`: characters no file has."""

    octets: bytes | None = field(repr=False)
    missing: tuple[str, ...]


class _Face:
    """One opened font file: what it has, and its outlines."""

    def __init__(self, file: FontFile) -> None:
        from fontTools.ttLib import TTFont, TTLibError

        try:
            font = TTFont(file.path, fontNumber=file.face, lazy=True)
            forbids = font["OS/2"].fsType
            self._em: int = font["head"].unitsPerEm
            self._glyphs: Any = font.getGlyphSet()
            self._named: Mapping[int, str] = font.getBestCmap() or {}
            self.notice = str(font["name"].getDebugName(0) or "")
        except (OSError, TTLibError, KeyError, AttributeError) as fault:
            raise Unavailable(f"{file}: not a font that can be read ({type(fault).__name__})") from None
        if forbids & 0x000F == _NO_EMBEDDING or forbids & (_NO_SUBSETS | _BITMAPS_ONLY):
            raise Unavailable(f"{file}: its maker forbids parts of it in documents (fsType {forbids:#06x})")

    def __contains__(self, character: str) -> bool:
        return ord(character) in self._named

    def count(self, first: int, last: int) -> int:
        """How many characters of a run of code points it has."""
        return sum(1 for point in self._named if first <= point <= last)

    def outline(self, character: str) -> tuple[Any, int]:
        """The glyph as TrueType has it, on an em of a thousand, and its advance."""
        from fontTools.pens.cu2quPen import Cu2QuPen
        from fontTools.pens.recordingPen import DecomposingRecordingPen
        from fontTools.pens.transformPen import TransformPen
        from fontTools.pens.ttGlyphPen import TTGlyphPen

        glyph = self._glyphs[self._named[ord(character)]]
        strokes = DecomposingRecordingPen(self._glyphs)
        glyph.draw(strokes)
        is_cubic = any(verb == "curveTo" for verb, _ in strokes.value)
        scale = _EM / self._em
        pen = TTGlyphPen(None)
        # PostScript outlines run the other way round.
        curves = Cu2QuPen(pen, max_err=1.0, reverse_direction=is_cubic)
        strokes.replay(TransformPen(curves, (scale, 0, 0, scale, 0, 0)))
        return pen.glyph(), round(glyph.width * scale)


class Fonts:
    """Draws from some files in their order; each is opened once, with the first character asked for."""

    def __init__(self, files: Iterable[FontFile]) -> None:
        self.files = tuple(files)
        self._faces: dict[FontFile, _Face | None] = {}
        self._made: OrderedDict[tuple[tuple[str, str], ...], Drawn] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    @classmethod
    def named(cls, words: Iterable[str] | None) -> Self:
        """The files of LZ_FONTS; None: those of `DEBIAN` that are there. Raises Invalid for a file that is not there."""
        if words is None:
            return cls(file for file in map(FontFile.parse, DEBIAN) if file.path.is_file())
        files = [FontFile.parse(word) for word in words]
        for file in files:
            if not file.path.is_file():
                raise Invalid("LZ_FONTS", f"there is no file {file.path}")
        return cls(files)

    def known(self, wanted: Mapping[str, str]) -> Drawn | None:
        """What `draw` would give, where it needs no work."""
        if not wanted or not self.files:
            return Drawn(None, tuple(wanted))
        with self._one_at_a_time:
            return self._remembered(_key(wanted))

    def draw(self, wanted: Mapping[str, str]) -> Drawn:
        """A font for the keys of `wanted`, each drawn as the character it stands for; never raises.

        Takes milliseconds, and a second for the first one of all; the same again takes none. Its outcome is counted.
        """
        if not wanted or not self.files:
            return Drawn(None, tuple(wanted))
        key = _key(wanted)
        with self._one_at_a_time:
            drawn = self._remembered(key)
            if drawn is None:
                drawn = self._draw(wanted)
                self._made[key] = drawn
                while len(self._made) > REMEMBERED:
                    self._made.popitem(last=False)
        return drawn

    def who_draws(self, character: str) -> FontFile | None:
        """The file a character is drawn from."""
        return next((file for file in self.files if (face := self.face(file)) and character in face), None)

    def face(self, file: FontFile) -> _Face | None:
        """The opened file; None, said once in the log, when it cannot be used."""
        if file not in self._faces:
            try:
                self._faces[file] = _Face(file)
            except Unavailable as fault:
                _log.error("a font file cannot be used", extra={"reason": str(fault)})
                self._faces[file] = None
        return self._faces[file]

    def _remembered(self, key: tuple[tuple[str, str], ...]) -> Drawn | None:
        if key in self._made:
            self._made.move_to_end(key)
        return self._made.get(key)

    def _draw(self, wanted: Mapping[str, str]) -> Drawn:
        found: dict[str, tuple[_Face, str]] = {}
        for character, drawn_as in sorted(wanted.items()):
            file = self.who_draws(drawn_as)
            if file is not None and (face := self.face(file)):
                found[character] = face, drawn_as
        missing = tuple(character for character in sorted(wanted) if character not in found)
        if not found:
            metrics.RARE_FONTS.labels("no glyph").inc()
            return Drawn(None, missing)
        try:
            octets = _woff2(
                {c: (*face.outline(drawn_as), face.notice) for c, (face, drawn_as) in found.items()}
            )
        except Exception as fault:  # whatever a damaged file makes of it, licences go on being issued
            _log.error("a font could not be made", extra={"reason": type(fault).__name__})
            metrics.RARE_FONTS.labels("failed").inc()
            return Drawn(None, tuple(sorted(wanted)))
        if len(octets) > LARGEST:
            metrics.RARE_FONTS.labels("too large").inc()
            return Drawn(None, tuple(sorted(wanted)))
        metrics.RARE_FONTS.labels("in part" if missing else "made").inc()
        return Drawn(octets, missing)


def _key(wanted: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(wanted.items()))


def _woff2(drawn: Mapping[str, tuple[Any, int, str]]) -> bytes:
    """The file: a glyph for each character, in order of code point, with the notices of whose outlines they are."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    names = {ord(character): f"u{ord(character):05X}" for character in sorted(drawn)}
    order = [".notdef", *names.values()]
    builder = FontBuilder(_EM, isTTF=True)
    builder.updateHead(created=_NO_DAY, modified=_NO_DAY)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    glyphs = {names[ord(character)]: glyph for character, (glyph, _, _) in drawn.items()}
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph()} | glyphs)
    advances = {names[ord(character)]: advance for character, (_, advance, _) in drawn.items()}
    table = builder.font["glyf"]
    builder.setupHorizontalMetrics(
        {
            name: (advance, getattr(table[name], "xMin", 0))
            for name, advance in ({".notdef": _EM} | advances).items()
        }
    )
    builder.setupHorizontalHeader(ascent=_ASCENT, descent=_ASCENT - _EM)
    notices = sorted({notice for _, _, notice in drawn.values() if notice})
    builder.setupNameTable(
        {"copyright": "; ".join(notices), "familyName": "holder", "styleName": "Regular"}, mac=False
    )
    builder.setupOS2(
        sTypoAscender=_ASCENT, sTypoDescender=_ASCENT - _EM, usWinAscent=_ASCENT, usWinDescent=_EM - _ASCENT
    )
    builder.setupPost(keepGlyphNames=False)
    builder.font.flavor = "woff2"
    octets = BytesIO()
    builder.font.save(octets)
    return octets.getvalue()


def sha256_of(file: FontFile) -> str:
    """SHA-256 of a font file, for whoever compares two machines."""
    with file.path.open("rb") as octets:
        return hashlib.file_digest(octets, "sha256").hexdigest()
