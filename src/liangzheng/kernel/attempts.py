"""How long who failed to log in waits before the next attempt is looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


class Waits(Protocol):
    """So many failures in a row are free, then each waits twice as long; forgotten when none came for a while."""

    @property
    def free_failures(self) -> int: ...

    @property
    def first_wait_s(self) -> int: ...

    @property
    def longest_wait_s(self) -> int: ...

    @property
    def failures_forgotten_s(self) -> int: ...


def decide_wait(failures: int, waits: Waits) -> timedelta:
    """How long logging in is refused after the `failures`-th failure in a row: nothing, then doubling."""
    beyond = failures - waits.free_failures
    if beyond <= 0:
        return timedelta(0)
    return timedelta(seconds=min(waits.first_wait_s << min(beyond - 1, 32), waits.longest_wait_s))
