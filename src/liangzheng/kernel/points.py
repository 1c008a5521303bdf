"""The points cycle (记分周期): twelve months from first issue, full mark 12. Source: Order 163 art. 3."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.time import anniversary, full_years

FULL_MARK = 12
"""Points at which a cycle is full (记满12分). More than this is possible."""


class PointsCycle(NamedTuple):
    """Twelve months: first and last day, both inside."""

    start: date
    end: date

    @property
    def resets_on(self) -> date:
        """The first day of the next cycle (清分日期)."""
        return self.end + timedelta(days=1)


def cycle(first_issue_date: date, on: date) -> PointsCycle:
    """The cycle that `on` lies in. Raises Invalid when `on` is before the first issue date.

    Issued on 29 February: in common years the cycle starts on 1 March, so no day is in two cycles or in none.
    """
    if on < first_issue_date:
        raise Invalid("points cycle", "a day on or after the first issue date")
    years = full_years(first_issue_date, on)
    start = anniversary(first_issue_date, first_issue_date.year + years)
    following = anniversary(first_issue_date, first_issue_date.year + years + 1)
    return PointsCycle(start, following - timedelta(days=1))


def is_full(points: int) -> bool:
    """Whether accumulated points fill the cycle."""
    return points >= FULL_MARK
