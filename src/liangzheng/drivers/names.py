"""Names: when two writings are one name, and by what names are sorted.

People with rare characters meet systems that know only a stand-in for them: private-use code points of GB
18030-2000 and GBK fonts, compatibility ideographs, other middle dots. Those are one name here. A variant (䶮
and 龑, simplified and traditional) is another character and needs a person's eye: never equal by machine.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from typing import Final

from liangzheng.kernel.people import normal_name

# GB 18030-2000 put these at private-use code points, GB 18030-2005 and -2022 at standard ones. Sources: GB
# 18030-2022; the mapping notes of the WHATWG Encoding Standard. U+1E3F is from the 2005 edition.
_FROM_GB18030_2000: Final = {
    0xE7C7: "\u1e3f",
    0xE78D: "\ufe10", 0xE78E: "\ufe12", 0xE78F: "\ufe11", 0xE790: "\ufe13", 0xE791: "\ufe14", 0xE792: "\ufe15",
    0xE793: "\ufe16", 0xE794: "\ufe17", 0xE795: "\ufe18", 0xE796: "\ufe19",
    0xE81E: "\u9fb4", 0xE826: "\u9fb5", 0xE82B: "\u9fb6", 0xE82C: "\u9fb7", 0xE832: "\u9fb8", 0xE843: "\u9fb9",
    0xE854: "\u9fba", 0xE864: "\u9fbb",
    0xE816: "\U00020087", 0xE817: "\U00020089", 0xE818: "\U000200cc", 0xE831: "\U000215d7", 0xE83B: "\U0002298f",
    0xE855: "\U000241fe",
}  # fmt: skip

# GBK fonts had the ideographs of row FE at private-use code points from U+E815 on; GB 18030-2000 knew most of
# them already.
_TRAILS: Final = [trail for trail in range(0x50, 0xA1) if trail != 0x7F]
_FROM_GBK: Final = {
    0xE815 + place: bytes((0xFE, trail)).decode("gb18030") for place, trail in enumerate(_TRAILS)
}
_MODERN: Final = _FROM_GBK | _FROM_GB18030_2000

_OLD_CODE_POINT: Final = re.compile("[\ue78d-\ue796\ue7c7\ue815-\ue864]")
_COMPATIBILITY: Final = re.compile("[\uf900-\ufaff\U0002f800-\U0002fa1f]")


def modern(text: str) -> str:
    """`text` with the private-use code points of GBK and GB 18030-2000 at their place in GB 18030-2022."""
    return text.translate(_MODERN) if _OLD_CODE_POINT.search(text) else text


def comparable(name: str) -> str:
    """The form in which two writings of one name are equal: dots, private-use and compatibility ideographs,
    case, spaces."""
    text = modern(normal_name(unicodedata.normalize("NFC", name)))
    text = _COMPATIBILITY.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)
    return "".join(text.split()).casefold()


def same_name(one: str, other: str) -> bool:
    """Whether two writings are one name. The time it takes does not tell how much of them agrees."""
    return hmac.compare_digest(comparable(one).encode(), comparable(other).encode())


class _Syllables(dict[str, str]):
    """The reading of each character met; there are fewer characters than would fill memory."""

    def __missing__(self, character: str) -> str:
        from pypinyin import Style, pinyin  # thirty megabytes of tables, only where names are sorted

        self[character] = found = pinyin(character, style=Style.TONE3, neutral_tone_with_five=True)[0][0]
        return found


_SYLLABLE: Final = _Syllables()


# The reading as a family name, where it is not the usual one.
_SURNAME: Final = {
    "单": "shan4", "曾": "zeng1", "任": "ren2", "解": "xie4", "仇": "qiu2", "查": "zha1", "盖": "ge3", "区": "ou1",
    "朴": "piao2", "翟": "zhai2", "尉": "yu4", "乐": "yue4", "种": "chong2", "纪": "ji3", "华": "hua4", "缪": "miao4",
}  # fmt: skip


def sort_key(name: str) -> str:
    """Pinyin with tone numbers, a syllable a character, then nothing: names sort as in a Chinese list under C
    collation.

    Characters without a known reading stand for themselves and so come last; Latin names in capitals come
    first.
    """
    if name.isascii():
        return name.upper()
    syllable = _SYLLABLE.__getitem__
    first = _SURNAME.get(name[0]) or syllable(name[0])
    return " ".join([first, *map(syllable, name[1:])])
