"""What a figure is, and that the benchmarks do the work they say. Nothing here is timed."""

from __future__ import annotations

import importlib
import json
import sys
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.figure import Figure, median_of, rate_against
from benchmarks.load.enumeration import accuracy_of, mann_whitney
from benchmarks.micro import codes, raw
from liangzheng.cli import bench
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Outcome, Verifier
from tests.standards.making import NOW


def a_figure(ratio: float) -> Figure:
    return Figure("x", 10.0, "1/s", 20.0, ratio, 0.5, "limit: nothing")


def test_a_goal_is_met_when_the_ratio_reaches_it() -> None:
    assert [a_figure(ratio).is_met for ratio in (0.49, 0.5, 0.51)] == [False, True, True]


def test_a_figure_as_json_has_what_a_reader_of_results_asks_for() -> None:
    assert json.loads(json.dumps(a_figure(0.5).as_json())) == {
        "name": "x", "value": 10.0, "unit": "1/s", "limit": 20.0, "ratio": 0.5, "goal": 0.5, "note": "limit: nothing",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("known", "unknown", "right"),
    [
        ([5, 6] * 10, [1, 2] * 10, 1.0),  # slower
        ([1, 2] * 10, [5, 6] * 10, 1.0),  # faster
        ([3] * 20, [3] * 20, 0.5),
        # Every fourth unknown one is slow: a threshold finds the others among them, and takes these for known.
        ([5] * 20, [1, 1, 1, 5] * 5, 0.5 + 0.5 * 7 / 10),
        # Learnt on the first half, and not so in the second: worse than guessing.
        ([5] * 10 + [1] * 10, [1] * 10 + [5] * 10, 0.0),
    ],
)
def test_a_threshold_is_chosen_on_one_half_and_judged_on_the_other(
    known: list[float], unknown: list[float], right: float
) -> None:
    assert accuracy_of(known, unknown) == pytest.approx(right)


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [
        ([1, 2, 3], [4, 5, 6], 0.0495),  # U 0 of mean 4.5, spread √5.25
        ([4, 5, 6], [1, 2, 3], 0.0495),
        ([1, 4], [2, 3], 1.0),
        ([7, 7], [7, 7], 1.0),
        ([1, 1, 2], [1, 2, 2], 0.456),  # U 3, spread √(9/12 · (7 − 48/30)) = 2.0125
    ],
)
def test_the_rank_test_says_how_likely_a_difference_is_by_chance(
    one: list[float], other: list[float], p: float
) -> None:
    assert mann_whitney(one, other) == pytest.approx(p, abs=0.001)


def test_a_median_leaves_out_the_first_measurement() -> None:
    measured = iter([1000.0, 1.0, 5.0, 3.0, 2.0, 4.0])
    assert median_of(lambda: next(measured)) == 3.0


def test_work_and_limit_are_done_for_every_place_in_every_run_turn_by_turn() -> None:
    done: list[tuple[str, int]] = []
    figure = rate_against(
        "x",
        lambda i: done.append(("work", i)),
        lambda i: done.append(("limit", i)),
        turns=5,
        goal=0.0,
        note="",
        runs=2,
        turn=2,
    )
    one_run = [("limit", 0), ("limit", 1), ("work", 0), ("work", 1)]
    assert done[:4] == one_run
    assert len(done) == 3 * 2 * 5
    assert figure.ratio > 0


@pytest.mark.parametrize("alg", list(Alg))
def test_every_code_of_the_benchmark_is_another_licence_on_another_phone(alg: Alg) -> None:
    material = codes.made(alg, 12)
    verifier = Verifier(material.deployment.trust)
    plain = [verifier.verify(code, NOW) for code in material.codes]
    assert len({verified.claims.licence_id for verified in plain}) == 12
    assert len({verified.claims.phone_key for verified in plain}) == 12
    verifier = Verifier(material.deployment.trust)
    full = [verifier.verify(code, NOW).outcome for code in material.codes_with_snapshot]
    assert full == [Outcome.VALID] * 12


@pytest.mark.parametrize("alg", list(Alg))
def test_the_limits_are_real_signatures(alg: Alg) -> None:
    material = codes.made(alg, 2)
    signer = material.deployment.jiangsu
    messages = [credential.to_be_signed for credential in material.credentials]
    signatures = [credential.signature for credential in material.credentials]
    raw.sign(signer, messages)(1)
    check = raw.verify(signer.public_key, messages, signatures)
    check(0)
    wrong = raw.verify(signer.public_key, messages, signatures[::-1])
    with pytest.raises(Exception):  # noqa: B017 -- an assertion or the library's own error
        wrong(0)


def test_every_name_has_its_file() -> None:
    for module in bench.MODULES.values():
        file = Path(bench.__file__).parents[3] / (module.replace(".", "/") + ".py")
        assert file.is_file(), module
        assert callable(importlib.import_module(module).run)


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    answer = CliRunner().invoke(bench.app, ["sing"])
    assert answer.exit_code == 2
    assert "verify-snapshot" in answer.output


def test_how_many_licences_is_a_question_of_fsck_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []
    module = types.ModuleType("bench_sized")
    module.run = lambda quick, **given: asked.append(given) or [a_figure(0.5)]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bench_sized", module)
    monkeypatch.setattr(bench, "MODULES", {"fsck": "bench_sized", "sign": "bench_sized"})
    assert (
        CliRunner().invoke(bench.app, ["fsck", "--licences", "5000", "--kept", "/kept", "--json"]).exit_code
        == 0
    )
    assert asked == [{"licences": 5000, "kept": Path("/kept")}]
    for words in (["sign"], ["sign", "fsck"], []):
        for option in (["--licences", "5000"], ["--kept", "/kept"]):
            answer = CliRunner().invoke(bench.app, [*words, *option])
            assert answer.exit_code == 2
            assert f"{option[0]} is for fsck alone" in answer.output
    assert len(asked) == 1


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two benchmarks, of which the second fails; where their figures are recorded."""

    def fails(quick: bool) -> list[Figure]:
        raise RuntimeError("the disk is full")

    for name, run in (("good", lambda quick: [a_figure(0.5)]), ("bad", fails)):
        module = types.ModuleType(f"bench_{name}")
        module.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"bench_{name}", module)
    monkeypatch.setattr(bench, "MODULES", {"good": "bench_good", "bad": "bench_bad"})
    monkeypatch.setattr(bench, "_RESULTS", tmp_path / "RESULTS.md")
    return tmp_path / "RESULTS.md"


def test_a_figure_is_recorded_as_it_comes_though_a_later_one_fails(two: Path) -> None:
    assert CliRunner().invoke(bench.app, ["good", "bad", "--record"]).exit_code == 1
    assert "| `x` | **0.500** |" in two.read_text()


def test_a_benchmark_that_cannot_be_loaded_is_found_out_before_any_is_measured(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bench.MODULES, "bad", "bench_nowhere")  # type: ignore[arg-type]
    assert isinstance(
        CliRunner().invoke(bench.app, ["good", "bad", "--record"]).exception, ModuleNotFoundError
    )
    assert not two.exists()


def test_quick_figures_are_not_recorded(two: Path) -> None:
    answer = CliRunner().invoke(bench.app, ["good", "--quick", "--record"])
    assert answer.exit_code == 2
    assert not two.exists()
