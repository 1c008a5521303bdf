"""The load benchmarks still run: the platform they measure changes under them. What they measure here says nothing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from liangzheng.standards.keys import Alg


def _module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.load.{name}")


def _import() -> Any:
    module = _module("import_register")
    return module.measured(module.Size(drivers=300, runs=1))


def _apply() -> Any:
    module = _module("apply")
    return module.measured(module.Size(requests=60, runs=1))


def _issue() -> Any:
    module = _module("issue")
    return module.measured(Alg.ES256, module.Size(licences=100, runs=1))


def _verify_online() -> Any:
    module = _module("verify_online")
    return module.measured(Alg.ES256, module.Size(drivers=40, requests=60, runs=1))


@pytest.mark.parametrize(
    "bench, first",
    [
        (_import, "import"),
        (_issue, "issue"),
        (_apply, "apply"),
        (_verify_online, "verify-online"),
    ],
)
def test_a_load_benchmark_comes_to_its_figures(bench: Callable[[], Any], first: str) -> None:
    figures = bench()
    assert figures[0].name == first
    assert all(figure.value > 0 and figure.limit > 0 and figure.ratio > 0 for figure in figures)


def test_what_was_kept_is_measured_again(tmp_path: Path) -> None:
    module = _module("fsck")
    made = [module.measured(Alg.ES256, module.Size(licences=more), tmp_path) for more in (100, 200)]
    for figures in made:
        assert [figure.name for figure in figures] == ["fsck", "fsck-memory", "restore"]
        assert all(figure.value > 0 and figure.ratio > 0 for figure in figures)
        assert "100 licences" in figures[0].note


def test_every_request_that_may_name_somebody_is_asked_and_answered_as_it_should_be() -> None:
    """A wrong status ends the measurement; two pairs say nothing about the times."""
    names = [figure.name.removeprefix("enumeration-") for figure in _module("enumeration").measured(2)]
    assert names == [
        "register", "log-in", "code", "password-reset", "passkey", "mobile-change", "staff-log-in", "look-up",
        "consent-request",
    ]  # fmt: skip
