"""The deployment's table of status letters reaches every place that asks what a status does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import liangzheng

SOURCES = Path(liangzheng.__path__[0])

ASKS = frozenset(
    {
        # kernel.status
        "shown", "display", "may_drive", "may_apply",
        # licences
        "decide_application", "decide_replacement",
        "decide_draft", "decide_reissue", "decide_follow_up", "status_value", "snapshot_claims",
        "follow", "_follow", "_against", "_against_status",
        # showing
        "letters_against", "standing_of", "of_verified", "verify_offline",
    }
)  # fmt: skip
"""Functions that take a policy and go by the usual table when they are given none."""

ACTS = frozenset(
    {"licences.apply", "licences.replace_photo", "licences.refuse_photo",
     "licences.withdraw", "licences.snapshot", "licences.check", "licences.follow_standing",
     "showing.verify", "handlers", "Issuer", "Desk"}
)  # fmt: skip
"""The same, as other contexts call them."""

OTHERS = frozenset({"as_code.standing_of", "trust_mark.follow"})
"""Namesakes that ask nothing about a letter."""


def without_policy(tree: ast.AST) -> Iterator[str]:
    """Calls that leave the policy out."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in OTHERS or not (name in ACTS or name.rpartition(".")[2] in ASKS):
            continue
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if not any(
            ast.unparse(argument).rpartition(".")[2] in ("policy", "_policy", "status_policy")
            for argument in given
        ):
            yield f"{name} in line {node.lineno}"


def test_nobody_goes_by_the_usual_table_unasked() -> None:
    found = [
        f"{path.relative_to(SOURCES)}: {call}"
        for path in sorted(SOURCES.rglob("*.py"))
        for call in without_policy(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_a_call_without_one_is_seen() -> None:
    assert list(without_policy(ast.parse("may_drive(status)"))) == ["may_drive in line 1"]
    assert list(without_policy(ast.parse("showing.verify(db, trust, lives, who, ask, now)"))) != []
    assert list(without_policy(ast.parse("may_drive(status, wiring.settings.status_policy)"))) == []
