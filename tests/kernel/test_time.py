"""An instant versus a civil day in China, and working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.infra.working_days import PublishedCalendar
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.time import (
    CHINA,
    FixedClock,
    SystemClock,
    Unknown,
    WeekdaysOnly,
    add_working_days,
    anniversary,
    civil_day,
    end_of_day,
    full_years,
    months_after,
    start_of_day,
)

PUBLISHED = PublishedCalendar()


class NoHolidaysUntil:
    """A calendar that knows the years up to one, without any holiday."""

    def __init__(self, last_year: int) -> None:
        self.last_year = last_year

    def is_working_day(self, day: date) -> bool:
        if day.year > self.last_year:
            raise Unknown(str(day.year))
        return day.weekday() < 5


# --- instant and day


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2021, 10, 19, 15, 59, 59, tzinfo=UTC), date(2021, 10, 19)),
        (datetime(2021, 10, 19, 16, 0, 0, tzinfo=UTC), date(2021, 10, 20)),
        (datetime(2021, 10, 19, 16, 1, 0, tzinfo=UTC), date(2021, 10, 20)),
        (datetime(2021, 12, 31, 15, 59, tzinfo=UTC), date(2021, 12, 31)),
        (datetime(2021, 12, 31, 16, 0, tzinfo=UTC), date(2022, 1, 1)),
        (datetime(2024, 2, 28, 16, 0, tzinfo=UTC), date(2024, 2, 29)),
        (datetime(2021, 10, 19, 12, 0, tzinfo=timezone(timedelta(hours=-10))), date(2021, 10, 20)),
        # China kept summer time in 1988; legal days here do not.
        (datetime(1988, 7, 1, 15, 30, tzinfo=UTC), date(1988, 7, 1)),
    ],
)
def test_the_day_in_china_a_minute_before_and_after_midnight(at: datetime, day: date) -> None:
    assert civil_day(at) == day


@pytest.mark.parametrize("turn", [civil_day, FixedClock])
def test_a_naive_datetime_is_no_instant(turn: object) -> None:
    with pytest.raises(Invalid, match="aware"):
        turn(datetime(2021, 10, 19))  # type: ignore[operator]


@given(st.dates(date(1900, 1, 1), date(2199, 12, 30)))
def test_a_day_is_24_hours_and_ends_where_the_next_begins(day: date) -> None:
    assert end_of_day(day) - start_of_day(day) == timedelta(hours=24)
    assert end_of_day(day) == start_of_day(day + timedelta(days=1))
    assert civil_day(start_of_day(day)) == day
    assert civil_day(end_of_day(day) - timedelta(microseconds=1)) == day
    assert civil_day(end_of_day(day)) == day + timedelta(days=1)


def test_the_end_of_a_day_is_midnight_in_china_and_given_in_utc() -> None:
    end = end_of_day(date(2026, 11, 20))
    assert end.isoformat() == "2026-11-20T16:00:00+00:00"
    assert end.astimezone(CHINA).isoformat() == "2026-11-21T00:00:00+08:00"


# --- years


@pytest.mark.parametrize(
    ("since", "on", "years"),
    [
        (date(1962, 5, 10), date(2022, 5, 9), 59),
        (date(1962, 5, 10), date(2022, 5, 10), 60),
        (date(2004, 2, 29), date(2022, 2, 28), 17),
        (date(2004, 2, 29), date(2022, 3, 1), 18),
        (date(2004, 2, 29), date(2024, 2, 28), 19),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
        (date(2022, 1, 2), date(2022, 1, 1), -1),
        (date(2022, 1, 1), date(2022, 1, 1), 0),
    ],
)
def test_full_years(since: date, on: date, years: int) -> None:
    assert full_years(since, on) == years


def test_the_anniversary_of_a_leap_day() -> None:
    assert anniversary(date(2020, 2, 29), 2021) == date(2021, 3, 1)
    assert anniversary(date(2020, 2, 29), 2024) == date(2024, 2, 29)


# --- clocks


def test_a_fixed_clock_stands_until_it_is_advanced() -> None:
    clock = FixedClock(datetime(2026, 11, 20, 10, tzinfo=CHINA))
    assert clock.now().isoformat() == "2026-11-20T02:00:00+00:00"
    assert clock.now() is clock.now()
    clock.advance(90)
    assert clock.now().isoformat() == "2026-11-20T02:01:30+00:00"
    clock.advance(-90)
    assert clock.now().isoformat() == "2026-11-20T02:00:00+00:00"


def test_the_machines_clock_tells_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


# --- working days


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        # National Day 2021: free 1 to 7 October, paid for by Saturday 9 October (and Sunday 26 September).
        (date(2021, 9, 30), 1, date(2021, 10, 8)),
        (date(2021, 9, 30), 2, date(2021, 10, 9)),
        (date(2021, 10, 8), 1, date(2021, 10, 9)),
        (date(2021, 9, 25), 1, date(2021, 9, 26)),
        (date(2021, 9, 24), 1, date(2021, 9, 26)),
        # Spring Festival 2022: free 31 January to 6 February, worked on 29 and 30 January.
        (date(2022, 1, 28), 1, date(2022, 1, 29)),
        (date(2022, 1, 30), 1, date(2022, 2, 7)),
        (date(2021, 11, 15), 3, date(2021, 11, 18)),
        (date(2021, 11, 19), 1, date(2021, 11, 22)),
    ],
)
def test_holidays_are_skipped_and_make_up_days_are_worked(day: date, n: int, expected: date) -> None:
    promise = add_working_days(day, n, PUBLISHED)
    assert (promise.day, promise.provisional) == (expected, False)


def test_weekdays_alone_would_promise_a_holiday_and_miss_a_worked_saturday() -> None:
    assert add_working_days(date(2021, 9, 30), 1, WeekdaysOnly()).day == date(2021, 10, 1)
    assert add_working_days(date(2021, 10, 8), 1, WeekdaysOnly()).day == date(2021, 10, 11)


def test_past_its_years_the_calendar_says_so() -> None:
    with pytest.raises(Unknown):
        PUBLISHED.is_working_day(date(2100, 3, 1))


def test_past_the_published_years_a_promise_is_provisional() -> None:
    promise = add_working_days(date(2100, 3, 5), 1, PUBLISHED)  # a Friday
    assert (promise.day, promise.provisional) == (date(2100, 3, 8), True)


def test_a_promise_is_provisional_when_only_its_last_days_are_unknown() -> None:
    calendar = NoHolidaysUntil(2026)
    assert add_working_days(date(2026, 12, 29), 2, calendar).provisional is False
    across = add_working_days(date(2026, 12, 30), 2, calendar)
    assert (across.day, across.provisional) == (date(2027, 1, 1), True)


@given(st.dates(date(2006, 1, 1), date(2024, 1, 1)), st.integers(1, 60))
def test_a_promise_has_exactly_n_working_days_in_it_and_ends_on_one(day: date, n: int) -> None:
    promise = add_working_days(day, n, PUBLISHED)
    after = [day + timedelta(days=k + 1) for k in range((promise.day - day).days)]
    assert sum(map(PUBLISHED.is_working_day, after)) == n
    assert PUBLISHED.is_working_day(promise.day)
    assert promise.ends_at == end_of_day(promise.day)


@pytest.mark.parametrize("n", [0, -1, 367])
def test_a_promise_is_one_to_366_working_days(n: int) -> None:
    with pytest.raises(Invalid):
        add_working_days(date(2026, 11, 20), n, WeekdaysOnly())


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 5, 20), 6, date(2026, 11, 20)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
        (date(2026, 7, 1), 6, date(2027, 1, 1)),
    ],
)
def test_months_end_on_the_same_day_or_the_months_last(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected


def test_months_past_the_calendar_are_invalid() -> None:
    with pytest.raises(Invalid):
        months_after(date(9999, 8, 1), 6)
