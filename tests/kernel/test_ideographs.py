"""Which characters are rare: all a phone may not have, and nothing that every phone has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liangzheng.kernel.ideographs import RARE, is_private, rare

TYPESCRIPT = Path(__file__).parents[2] / "web" / "shared" / "rare.ts"


def test_what_gb_2312_and_the_first_block_have_is_not_rare() -> None:
    gb2312 = "".join(
        bytes((high, low)).decode("gb2312") for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)
        if not (high == 0xD7 and low > 0xF9)
    )  # fmt: skip
    assert len(gb2312) == 6763
    assert rare(gb2312) == ()
    assert rare("".join(map(chr, range(0x4E00, 0x9FA6)))) == ()


@pytest.mark.parametrize("text", ["", "张示例", "买买提·虚拟江", "JOSÉ O'NEIL-LUC, Jr.", "〇", "虚构路1号"])
def test_usual_names_and_addresses_have_none(text: str) -> None:
    assert rare(text) == ()


@pytest.mark.parametrize(
    ("character", "block"),
    [("䶮", "A"), ("𠮷", "B"), ("𫍯", "C"), ("𫝀", "D"), ("𬭚", "E"), ("𮧵", "F"), ("\U00030000", "G"), ("\ue863", "private"),
     ("\uf92c", "compatibility"), ("鿬", "added since"), ("⺁", "radical"), ("\U0010fffd", "private")],
)  # fmt: skip
def test_every_later_block_is_rare(character: str, block: str) -> None:
    assert rare(f"例{character}样") == (character,), block


def test_each_is_named_once_by_code_point() -> None:
    assert rare("例𬭚𠮷𬭚㛃") == ("㛃", "𠮷", "𬭚")


def test_the_ends_of_every_run_are_rare_and_their_neighbours_are_not() -> None:
    for first, last in RARE:
        assert len(rare(chr(first) + chr(last))) == 2
    inside = [(first, last) for first, last in RARE]
    for first, last in RARE:
        for point in (first - 1, last + 1):
            if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF:
                assert bool(rare(chr(point))) is any(a <= point <= b for a, b in inside), hex(point)


def test_private_use_is_told_apart() -> None:
    assert is_private("\ue863") and is_private("\U000f0000")
    assert not is_private("䶮") and not is_private("例")


def test_the_browser_has_the_same_runs() -> None:
    (written,) = re.findall(r"const RARE = /\[(.*)\]/u", TYPESCRIPT.read_text("utf-8"))
    runs = re.findall(r"\\u\{([0-9a-f]+)\}-\\u\{([0-9a-f]+)\}", written)
    assert tuple((int(first, 16), int(last, 16)) for first, last in runs) == RARE
    assert re.sub(r"\\u\{[0-9a-f]+\}-\\u\{[0-9a-f]+\}", "", written) == ""
