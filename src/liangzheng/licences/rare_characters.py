"""生僻字 of a licence document: which characters its font holds, and whom it may go to.

Code points stay as the register has them (F20 of the threat list: real-name matching compares by `drivers.same_name`). Only
the picture of a private-use code point of GBK or GB 18030-2000 is that of its standard one; a private-use code point nobody
standardised is drawn from no font, since what a font has there is its maker's own: its code point is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from liangzheng import drivers
from liangzheng.kernel.ideographs import is_private, rare
from liangzheng.standards import cose
from liangzheng.standards.document import DocumentClaims


class Drawing(Protocol):
    """A font made, or why not."""

    @property
    def octets(self) -> bytes | None: ...


class Draws(Protocol):
    """What makes fonts (infra/fonts.py); `known` answers at once, `draw` may take a second."""

    def known(self, wanted: Mapping[str, str]) -> Drawing | None: ...
    def draw(self, wanted: Mapping[str, str]) -> Drawing: ...


class _Nothing:
    octets: bytes | None = None


class NoFonts:
    """Where no font file is: every character is left to the phone."""

    def known(self, wanted: Mapping[str, str]) -> Drawing:
        return _Nothing()

    def draw(self, wanted: Mapping[str, str]) -> Drawing:
        return _Nothing()


def wanted_in(*texts: str) -> dict[str, str]:
    """The rare characters of what a document shows, each with the character whose glyph stands for it."""
    found = rare("".join(texts))
    if not found:
        return {}
    drawn_as = {character: drivers.modern(character) for character in found}
    return {character: stands for character, stands in drawn_as.items() if not is_private(stands)}


def font_is_of_name_alone(document: bytes, name: str) -> bool:
    """Whether the font of a document (COSE_Sign1) tells whoever sees `name` nothing more: the name is the document's, and no
    other text of it has a rare character that is not in the name."""
    claims = DocumentClaims.decode(cose.parse(document).payload)
    others = rare(claims.resident_address + claims.record)
    return claims.font_sha256 is not None and claims.name == name and set(others) <= set(rare(name))
