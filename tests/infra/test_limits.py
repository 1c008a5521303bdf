"""A rate holds over any stretch of time, and what waits is told how long."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.infra.limits import Limiter, Rate, network_of
from liangzheng.kernel.errors import Invalid, TooMany
from liangzheng.kernel.time import FixedClock


def _take(limiter: Limiter, who: str, at: datetime) -> bool:
    try:
        limiter.take(who, at)
    except TooMany:
        return False
    return True


def test_a_burst_up_to_the_count_is_allowed_and_the_next_is_told_when(clock: FixedClock) -> None:
    limiter = Limiter(Rate(3, 60), "log-ins")
    assert [_take(limiter, "a", clock.now()) for _ in range(3)] == [True] * 3
    with pytest.raises(TooMany, match="too many log-ins; try again in 20 s") as refused:
        limiter.take("a", clock.now())
    assert refused.value.retry_after_s == 20
    clock.advance(20)
    assert _take(limiter, "a", clock.now())
    assert not _take(limiter, "a", clock.now())


def test_what_is_given_back_was_not_counted(now: datetime) -> None:
    limiter = Limiter(Rate(2, 60), "tries")
    for _ in range(5):
        limiter.take("a", now)
        limiter.give_back("a")
    limiter.give_back("nobody")
    assert [_take(limiter, "a", now) for _ in range(3)] == [True, True, False]


def test_one_subject_does_not_use_up_anothers_share(now: datetime) -> None:
    limiter = Limiter(Rate(1, 60), "tries")
    assert _take(limiter, "a", now)
    assert _take(limiter, "b", now)
    assert not _take(limiter, "a", now)


@given(
    st.integers(1, 5),
    st.integers(1, 30),
    st.lists(st.integers(0, 20), min_size=1, max_size=60),
)
def test_no_window_ever_holds_more_than_twice_the_count(count: int, seconds: int, gaps: list[int]) -> None:
    # A full bucket and what refills during the window: the bound of every token bucket.
    limiter = Limiter(Rate(count, seconds), "tries")
    start = datetime.fromisoformat("2026-11-20T02:00:00+00:00")
    at, taken = 0, []
    for gap in gaps:
        at += gap
        if _take(limiter, "a", start + timedelta(seconds=at)):
            taken.append(at)
    for first in taken:
        inside = [moment for moment in taken if first <= moment < first + seconds]
        assert len(inside) <= 2 * count


@given(st.integers(1, 5), st.lists(st.integers(0, 20), min_size=1, max_size=60))
def test_a_refused_try_costs_nothing(count: int, gaps: list[int]) -> None:
    start = datetime.fromisoformat("2026-11-20T02:00:00+00:00")
    pushy, patient = Limiter(Rate(count, 10), "tries"), Limiter(Rate(count, 10), "tries")
    at = 0
    for gap in gaps:
        at += gap
        moment = start + timedelta(seconds=at)
        allowed = _take(patient, "a", moment)
        assert _take(pushy, "a", moment) == allowed
        if not allowed:
            assert not _take(pushy, "a", moment)


def test_subjects_whose_bucket_is_full_again_are_forgotten(clock: FixedClock) -> None:
    limiter = Limiter(Rate(1, 10), "tries")
    for number in range(100):
        limiter.take(number, clock.now())
    clock.advance(11)
    limiter.take("new", clock.now())
    assert len(limiter) == 1


def test_memory_is_bounded_even_when_nobody_waits(now: datetime) -> None:
    limiter = Limiter(Rate(1, 10), "tries", kept=50)
    for number in range(500):
        limiter.take(number, now)
    assert len(limiter) == 50


@pytest.mark.parametrize(("count", "seconds"), [(0, 10), (1, 0), (-1, 10)])
def test_a_rate_that_allows_nothing_is_no_rate(count: int, seconds: int) -> None:
    with pytest.raises(Invalid):
        Rate(count, seconds)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", "None"),
        ("", "None"),
    ],
)
def test_a_client_is_counted_under_its_network(address: str, network: str) -> None:
    assert str(network_of(address)) == network
