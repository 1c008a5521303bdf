"""docs/api.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from liangzheng.api.problems import FAILURES, PROTOCOL

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_page_lists_every_code_with_its_statuses() -> None:
    written = {
        (code, int(status))
        for code, statuses in re.findall(r"^\| `([a-z-]+)` \| ([0-9, ]+) \|", PAGE, re.MULTILINE)
        for status in statuses.split(",")
    }
    assert written == {(kind.code, kind.status) for kind in (*FAILURES.values(), *PROTOCOL.values())}
