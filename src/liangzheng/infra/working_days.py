"""Announced working days of China: weekends, holidays and make-up working days, from `chinesecalendar`.

The package knows the years whose holidays the State Council has announced, and raises for every other.
"""

from __future__ import annotations

from datetime import date

import chinese_calendar

from liangzheng.kernel.time import Unknown


class PublishedCalendar:
    """A `kernel.time.WorkingCalendar` over the announced years."""

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is worked. Raises Unknown for a year that is not announced."""
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            raise Unknown(f"no announced holidays for {day.year}") from None
