"""The two READMEs say the same: commands, links, settings and parts, whichever language one reads."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """What a reader would type, in order; what stands in <…> is in the reader's language."""
    lines = re.findall(r"^(\./lz[^#\n]*)", text, re.MULTILINE)
    return [re.sub(r"<[^>]*>", "<>", line.strip()) for line in lines]


def links(text: str) -> set[str]:
    return set(re.findall(r"\]\(([^)]+)\)", text)) - {"README.md", "README.zh-CN.md"}


def settings(text: str) -> set[str]:
    return set(re.findall(r"`(LZ_[A-Z_]+)", text))


def shape(text: str) -> tuple[int, int, int, int]:
    """Headings, points, rows of tables, lines of code blocks."""
    blocks = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    counts = (len(re.findall(rule, text, re.MULTILINE)) for rule in (r"^## ", r"^- ", r"^\| "))
    headings, points, rows = counts
    return headings, points, rows, sum(block.count("\n") for block in blocks)


def test_the_same_can_be_typed_and_followed() -> None:
    assert len(commands(ENGLISH)) > 8
    assert commands(CHINESE) == commands(ENGLISH)
    assert links(CHINESE) == links(ENGLISH)
    assert settings(CHINESE) == settings(ENGLISH)


def test_neither_says_less() -> None:
    assert shape(CHINESE) == shape(ENGLISH)


def test_what_is_linked_is_there() -> None:
    assert {link for link in links(ENGLISH) if not (ROOT / link).exists()} == set()


def test_a_command_a_link_and_a_row_that_one_of_them_lacks_are_seen() -> None:
    more = ENGLISH + "\n| a | b |\n```sh\n./lz more  # [more](more.md), `LZ_MORE`\n```\n"
    assert commands(more) != commands(ENGLISH)
    assert links(more) - links(ENGLISH) == {"more.md"}
    assert settings(more) - settings(ENGLISH) == {"LZ_MORE"}
    assert shape(more) != shape(ENGLISH)
