"""The glossary points to things that exist, and gives each Chinese word one English word."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def typed_rows(text: str) -> list[tuple[str, str, str, str]]:
    """Rows `| Chinese | English word | `Type` | file |`."""
    found = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `(\w+)` \| ([\w/.]+) \|$", text, flags=re.MULTILINE)
    return [(chinese, english, name, file) for chinese, english, name, file in found]


def names_nothing(name: str, file: str) -> bool:
    path = ROOT / "src" / "liangzheng" / file
    defined = rf"^\s*(?:class |def |async def ){name}\b|^\s*{name}\s*[:=]"
    return not path.is_file() or not re.search(defined, path.read_text(encoding="utf-8"), flags=re.MULTILINE)


ROWS = typed_rows((ROOT / "GLOSSARY.md").read_text(encoding="utf-8"))


def test_the_glossary_is_read() -> None:
    assert len(ROWS) > 80


@pytest.mark.parametrize(("name", "file"), sorted({(row[2], row[3]) for row in ROWS}))
def test_every_type_is_defined_in_its_file(name: str, file: str) -> None:
    assert not names_nothing(name, file)


def test_a_word_that_moved_away_would_be_noticed() -> None:
    assert names_nothing("CitizenNumber", "kernel/points.py")
    assert names_nothing("Invalid", "kernel/people.py")  # imported there, defined elsewhere
    assert names_nothing("CitizenNumber", "kernel/nobody.py")


def test_no_chinese_word_has_two_meanings() -> None:
    counted = Counter(row[0] for row in ROWS)
    assert [word for word, times in counted.items() if times > 1] == []
