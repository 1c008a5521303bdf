"""The generated papers say what the code says, and every rule names its source."""

from __future__ import annotations

import pytest

from liangzheng.cli import papers
from liangzheng.kernel.machine import Machine


def test_no_generated_paper_is_out_of_date() -> None:
    assert [str(path.relative_to(papers.ROOT)) for path in papers.stale()] == []


def test_a_changed_rule_makes_the_rulebook_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    known = papers.rules()
    monkeypatch.setattr(papers, "rules", lambda: known[1:])
    assert papers.ROOT / "docs" / "rulebook.md" in papers.stale()


@pytest.mark.parametrize("rule", papers.rules(), ids=lambda rule: f"{rule.module}::{rule.name}")
def test_every_rule_says_what_it_decides(rule: papers.Rule) -> None:
    assert len(rule.promise) > 20


@pytest.mark.parametrize("machine", papers.machines(), ids=lambda machine: machine.name)
def test_no_state_is_a_trap(machine: Machine) -> None:
    saved = set(machine.finished)
    while grown := {arrow.source for arrow in machine.arrows if arrow.target in saved} - saved:
        saved |= grown
    assert saved == machine.states


def test_the_lifecycles_are_found() -> None:
    assert {machine.name for machine in papers.machines()} >= {"application", "licence", "credential"}
