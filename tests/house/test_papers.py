"""The generated papers say what the code says, and every rule names its source."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import create_model

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


def made_longer(description: dict[str, Any]) -> list[str]:
    """Schemas whose class shares its name with another: both are then called by their modules."""
    return [name for name in description["components"]["schemas"] if "__" in name]


def test_every_body_and_answer_of_the_api_has_a_name_of_its_own() -> None:
    described = json.loads((papers.ROOT / "docs" / "openapi.json").read_bytes())
    assert made_longer(described) == []


def test_two_of_one_name_are_noticed() -> None:
    alike: dict[str, Any] = {
        "one": create_model("WordsAnswer", __module__="one", zh=str),
        "another": create_model("WordsAnswer", __module__="another", en=str),
    }
    app = FastAPI()
    for module, answer in alike.items():
        app.get(f"/{module}", response_model=answer)(lambda: None)
    assert made_longer(app.openapi()) == ["another__WordsAnswer", "one__WordsAnswer"]
