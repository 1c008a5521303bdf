"""The how-to names what the code reads."""

from __future__ import annotations

from pathlib import Path

from liangzheng.drivers.columns import HEADERS
from liangzheng.drivers.damage import DAMAGES

PAGE = (Path(__file__).parents[2] / "docs/how-to/import-a-register.md").read_text(encoding="utf-8")


def test_the_how_to_lists_the_columns_in_the_order_of_the_layout() -> None:
    rows = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert tuple(row for row in rows if row in HEADERS) == HEADERS


def test_the_how_to_names_every_rule_a_line_can_break() -> None:
    forms = {"classes", "status", "date", "number", "flag", "name", "hash", "code"}
    for rule in {damage.rule for damage in DAMAGES} - {
        "length",
        "class-history",
        "card-core-number",
        "file-number",
    }:
        assert f"`{rule}`" in PAGE, rule
    assert all(f"`{form}`" in PAGE for form in forms)
