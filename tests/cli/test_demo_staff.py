"""Whom the demonstration lets people log in as."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from liangzheng.cli import staff as command
from liangzheng.cli.demo import officers
from liangzheng.cli.demo.kept import Kept, Officer
from liangzheng.cli.demo.stage import Stage
from liangzheng.staff import DUTIES, KINDS, Act, Duty
from liangzheng.staff.rules import may_hold
from liangzheng.standards import totp

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def member(number: str, *duties: str) -> Officer:
    return Officer(number=number, password="", totp_secret=SECRET, division="nationwide", duties=list(duties))


def test_there_is_somebody_for_every_act_and_a_second_person_where_two_are_needed() -> None:
    able = Counter(
        act for duties in officers.CAST for act in {act for duty in duties for act in DUTIES[duty]}
    )
    assert set(able) == set(Act)
    by_two = {act for rules in KINDS.values() for act in (rules.proposes, rules.decides)}
    by_two |= {Act.MANAGE_COMPANIES, Act.IMPORT_REGISTER}
    assert {act for act in by_two if able[act] < 2} == set()
    for duties in officers.CAST:
        assert all(may_hold(duty, set(duties) - {duty}) for duty in duties)


async def test_those_who_are_missing_are_made_and_nobody_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[Duty, ...]] = []

    async def enrolled(_stage: Stage, division: str, duties: tuple[Duty, ...]) -> tuple[Officer, None]:
        made.append(duties)
        return member(f"DEMO{len(made)}", *duties), None

    monkeypatch.setattr(officers, "enrolled", enrolled)
    monkeypatch.setattr(Stage, "keep", lambda _self: None)
    stage = object.__new__(Stage)
    # Of an earlier version, without duties; and one of a start that was cut off.
    stage.kept = Kept(officers=[member("OLD1"), member("DEMO0", "keys")])
    kept = await officers.accounts(stage)
    assert Counter(made) == Counter(officers.CAST) - Counter([(Duty.KEYS,)])
    assert kept[0].duties == ["patrol", "penalty", "counter", "register"]
    made.clear()
    assert len(await officers.accounts(stage)) == len(kept) and made == []


def test_the_command_tells_a_code_of_the_demonstration_and_of_nobody_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Kept(officers=[member("DEMO123456", "patrol")]).save(tmp_path / "demo" / "kept.json")
    monkeypatch.setenv("LZ_DATA_DIR", str(tmp_path))
    said = CliRunner().invoke(command.app, ["code", "DEMO123456"])
    step = totp.step_of(datetime.now(UTC))
    assert said.stdout.strip() in {totp.code_at(totp.from_base32(SECRET), step - back) for back in (0, 1)}
    assert CliRunner().invoke(command.app, ["code", "100001"]).exit_code == 1
