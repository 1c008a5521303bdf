"""`./lz rollout`: what an operator types, and what they are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from liangzheng.cli.rollout import app
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict, Invalid, NotFound


@pytest.fixture
def told(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setenv("LZ_MODE", "test")
    monkeypatch.setenv("LZ_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LZ_DATABASE_URL", database.params.url())
    return Told()


class Told:
    """Runs a command, and gives what it printed."""

    def __call__(self, *words: str) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())


# Commands start a loop of their own, so these tests are not async.


def test_nothing_is_open_until_an_operator_says_so(told: Told) -> None:
    assert "nothing is open" in told("list")
    assert "not open" in told("show", "苏E")


def test_a_city_is_opened_by_its_name_or_its_code(told: Told) -> None:
    told("open", "first", "--place", "苏州", "--place", "120000", "--day", "2026-11-20")
    assert "open since 2026-11-20" in told("show", "苏E", "--day", "2026-11-20")
    assert "open since 2026-11-20" in told("show", "津A", "--day", "2026-11-20")
    assert "not open; opens 2026-11-20" in told("show", "津A", "--day", "2026-11-19")
    assert "not open" in told("show", "京A", "--day", "2026-11-20")
    listed = told("list")
    assert "苏州市" in listed and "天津市" in listed


def test_the_same_wave_again_changes_nothing_and_another_under_its_name_is_refused(told: Told) -> None:
    words = ("open", "first", "--place", "苏州", "--day", "2026-11-20")
    assert "in the calendar" in told(*words)
    assert "already" in told(*words)
    with pytest.raises(Conflict):
        told("open", "first", "--place", "南京", "--day", "2026-11-20")


@pytest.mark.parametrize(
    ("words", "failure"),
    [
        (("open", "x"), Invalid),
        (("open", "x", "--nationwide", "--place", "苏州"), Invalid),
        (("open", "x", "--place", "火星"), NotFound),
        (("open", "x", "--place", "吉林"), Invalid),
        (("open", "x", "--place", "320505"), NotFound),
        (("show", "外A"), NotFound),
    ],
)
def test_what_makes_no_sense_is_told_and_opens_nothing(
    told: Told, words: tuple[str, ...], failure: type[Exception]
) -> None:
    with pytest.raises(failure):
        told(*words)
    assert "nothing is open" in told("list")


def test_the_history_is_loaded_on_request_and_answers_for_its_days(told: Told) -> None:
    assert "not published (wave second, at the latest 2021-10-26)" in told(
        "show", "晋A", "--history", "--day", "2021-10-22"
    )
    assert "5 of 5 waves added" in told("load-history")
    assert "0 of 5 waves added" in told("load-history")
    assert "open since 2021-09-01 (wave first)" in told("show", "京A", "--day", "2021-09-01")
