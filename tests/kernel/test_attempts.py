"""Waits after failures to log in, by the policy of holders and by that of staff."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liangzheng.accounts import AccountPolicy
from liangzheng.kernel.attempts import Waits, decide_wait
from liangzheng.staff import StaffPolicy


@pytest.mark.parametrize(("policy", "first_s"), [(AccountPolicy(), 30), (StaffPolicy(), 60)])
def test_the_wait_begins_with_the_fifth_failure_and_doubles_up_to_an_hour(
    policy: Waits, first_s: int
) -> None:
    waits = [decide_wait(failures, policy) for failures in (0, 1, 4, 5, 6, 7, 50, 10_000)]
    seconds = [0, 0, 0, first_s, 2 * first_s, 4 * first_s, 3600, 3600]
    assert waits == [timedelta(seconds=each) for each in seconds]


def test_it_doubles_to_the_longest_and_no_further() -> None:
    waits = [decide_wait(failures, AccountPolicy()).total_seconds() for failures in (10, 11, 12)]
    assert waits == [960, 1920, 3600]
