"""An instant versus a civil day in China; clocks; working days over a calendar that is handed in.

An instant is an aware `datetime`, kept in UTC. A day is a `date`: the calendar day in China, whatever the
machine's zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

from liangzheng.kernel.errors import Invalid

CHINA = timezone(timedelta(hours=8), "UTC+08:00")
"""China standard time.

Fixed, because days here are legal days: the summer time of 1986–1991 is not applied.
"""


def _aware(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise Invalid("instant", "an aware datetime, with its offset")
    return at


def civil_day(at: datetime) -> date:
    """The calendar day in China at instant `at`. Raises Invalid for a naive datetime."""
    return _aware(at).astimezone(CHINA).date()


def start_of_day(day: date) -> datetime:
    """The instant `day` begins in China: 00:00 at +08:00, given in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """The first instant after `day` in China: 24:00 at +08:00, given in UTC.

    Deadlines are met strictly before it.
    """
    return start_of_day(day + timedelta(days=1))


def anniversary(day: date, year: int) -> date:
    """The day in `year` that completes full years since `day`; for 29 February, 1 March of a common year."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def full_years(since: date, on: date) -> int:
    """Completed years (周岁) from `since` to `on`; negative when `on` comes first."""
    return on.year - since.year - (on < anniversary(since, on.year))


def months_after(day: date, months: int) -> date:
    """The day `months` civil months after `day`: the same day of that month, or its last (Civil Code art. 202)."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise Invalid("months", "end within the years of the calendar")


class Clock(Protocol):
    """Where an instant comes from.

    Only the edges (cli, api, worker) hold a clock; rules are told the time.
    """

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands until it is advanced: for tests, simulations and the demo."""

    def __init__(self, at: datetime) -> None:
        self._at = _aware(at).astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, seconds: float) -> None:
        """Move the clock; negative seconds move it back."""
        self._at += timedelta(seconds=seconds)


class Unknown(LookupError):
    """The calendar has no published holidays for that year."""


class WorkingCalendar(Protocol):
    """Which days are worked: weekends, public holidays, and the working days (调休) that make up for them."""

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is worked. Raises Unknown outside the years whose holidays are published."""
        ...


class WeekdaysOnly:
    """Monday to Friday, no holidays: the guess for years nobody has published yet."""

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5


@dataclass(frozen=True, slots=True)
class Promise:
    """A day something is promised by, inclusive.

    Provisional while a year on the way had no published holidays.
    """

    day: date
    provisional: bool

    @property
    def ends_at(self) -> datetime:
        """The instant after which the promise is broken."""
        return end_of_day(self.day)


_LONGEST_PROMISE = 366
_WEEKDAYS = WeekdaysOnly()


def add_working_days(day: date, n: int, calendar: WorkingCalendar) -> Promise:
    """The n-th working day after `day`; `day` itself never counts (Civil Code art. 201).

    Raises Invalid unless 1 ≤ n ≤ 366. Past the calendar's years Monday to Friday count and the promise is
    provisional.
    """
    if not 1 <= n <= _LONGEST_PROMISE:
        raise Invalid("working days", f"1 to {_LONGEST_PROMISE}")
    provisional = False
    while n:
        day += timedelta(days=1)
        try:
            worked = calendar.is_working_day(day)
        except Unknown:
            provisional = True
            worked = _WEEKDAYS.is_working_day(day)
        n -= worked
    return Promise(day, provisional)
