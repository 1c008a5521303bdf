"""记分周期: twelve months from first issue, every day in exactly one cycle."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.points import FULL_MARK, PointsCycle, cycle, is_full


@pytest.mark.parametrize(
    ("issued", "on", "start", "end"),
    [
        ("2016-05-09", "2016-05-09", "2016-05-09", "2017-05-08"),
        ("2016-05-09", "2026-05-08", "2025-05-09", "2026-05-08"),
        ("2016-05-09", "2026-05-09", "2026-05-09", "2027-05-08"),
        ("2016-01-01", "2026-12-31", "2026-01-01", "2026-12-31"),
        ("2020-02-29", "2021-02-28", "2020-02-29", "2021-02-28"),
        ("2020-02-29", "2021-03-01", "2021-03-01", "2022-02-28"),
        ("2020-02-29", "2024-02-28", "2023-03-01", "2024-02-28"),
        ("2020-02-29", "2024-02-29", "2024-02-29", "2025-02-28"),
    ],
)
def test_the_cycle_a_day_lies_in(issued: str, on: str, start: str, end: str) -> None:
    found = cycle(date.fromisoformat(issued), date.fromisoformat(on))
    assert found == PointsCycle(date.fromisoformat(start), date.fromisoformat(end))


@given(st.dates(date(1950, 1, 1), date(2030, 1, 1)), st.integers(0, 30000))
def test_every_day_lies_in_one_cycle_and_cycles_join(issued: date, later: int) -> None:
    on = issued + timedelta(days=later)
    found = cycle(issued, on)
    assert found.start <= on <= found.end
    assert cycle(issued, found.start) == cycle(issued, found.end) == found
    assert cycle(issued, found.resets_on).start == found.resets_on == found.end + timedelta(days=1)
    assert 364 <= (found.end - found.start).days <= 365


def test_there_is_no_cycle_before_the_first_issue() -> None:
    with pytest.raises(Invalid):
        cycle(date(2020, 1, 2), date(2020, 1, 1))


def test_twelve_is_full_and_eleven_is_not() -> None:
    assert FULL_MARK == 12
    assert [is_full(points) for points in (0, 11, 12, 24)] == [False, False, True, True]
