"""Rows whose time is over go a few at a time, each time in a transaction of its own, until none is left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from liangzheng.infra.postgres import Connection, Database

AT_ONCE: Final = 10_000
AT_MOST: Final = 1_000_000
"""Of one kind in one run: a country's day of verifications goes in as many runs as a day has hours."""


async def forget_all(
    database: Database,
    forget: Callable[[Connection, int], Awaitable[int]],
    at_once: int = AT_ONCE,
    at_most: int = AT_MOST,
) -> int:
    """`forget(tx, limit)` deletes at most `limit` rows of each of its tables and says how many; called again until it finds
    less, or `at_most` are gone. How many in all. Safe to repeat and to lose half-way."""
    gone = 0
    while gone < at_most:
        limit = min(at_once, at_most - gone)
        async with database.transaction() as tx:
            done = await forget(tx, limit)
        gone += done
        if done < limit:
            break
    return gone
