"""Every time the command line prints names its zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from liangzheng.cli import zone

CLI = Path(zone.__file__).parent


def test_an_instant_is_written_in_china_s_time_with_its_zone() -> None:
    assert zone.told(datetime(2026, 11, 21, 19, 51, 59, tzinfo=UTC)) == "2026-11-22 03:51 UTC+8"


def _without_zone(text: str) -> list[int]:
    lines = enumerate(text.splitlines(), 1)
    return [number for number, line in lines if re.search("%H:%M(?!} UTC)", line)]


def test_no_command_writes_a_time_of_day_without_its_zone() -> None:
    found = {file.name: _without_zone(file.read_text(encoding="utf-8")) for file in CLI.glob("*.py")}
    assert len(found) > 20
    assert {name for name, lines in found.items() if lines} == set()


def test_one_that_did_would_be_found() -> None:
    assert _without_zone('said = f"{at:%Y-%m-%d %H:%M} UTC"\nsaid = f"{at:%H:%M}"') == [2]
