"""生僻字: the characters of a text that a phone may have no glyph for."""

from __future__ import annotations

import re
from typing import Final

RARE: Final = (
    (0x2E80, 0x2FDF),  # radicals
    (0x31C0, 0x31EF),  # strokes
    (0x3400, 0x4DBF),  # extension A
    (0x9FA6, 0x9FFF),  # added to the first block since
    (0xE000, 0xF8FF),  # private use: what older systems had for characters of their own
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0x20000, 0x3FFFF),  # extension B and all later ones
    (0xF0000, 0x10FFFF),  # private use
)
"""Code points, first and last of each run. `web/shared/rare.ts` has the same."""

_RARE: Final = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in RARE) + "]")


_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")


def is_private(character: str) -> bool:
    """Whether a code point is for private use: what it means is between those who agreed on it."""
    return _PRIVATE.fullmatch(character) is not None


def rare(text: str) -> tuple[str, ...]:
    """The distinct rare characters of `text`, by code point; none for nearly every name.

    Not rare is what every phone sold in China has drawn since its first version: whatever is no ideograph, and the 20,902
    ideographs U+4E00–9FA5 of GB 13000.1-1993, which are those of GBK (GB 2312 within them). Everything later – extension A of
    GB 18030-2000, extensions B to F of GB 18030-2022 implementation level 3, private use – depends on the phone's age
    and maker, so it is counted as rare even where many phones have it: a glyph too many costs some hundred octets.
    """
    if _RARE.search(text) is None:
        return ()
    return tuple(sorted(set(_RARE.findall(text))))
