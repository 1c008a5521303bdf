"""Attempts to log in, counted under a hash before anything is compared: many at once get no more tries than one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.attempts import Waits, decide_wait
from liangzheng.kernel.errors import TooMany


@dataclass(frozen=True, slots=True)
class Attempts:
    """Where they are counted: a table with failures, last_at and blocked_until, keyed by the column `hashed`."""

    table: str
    hashed: str
    whose: str
    """In the refusal: for this mobile, with this number."""


async def count(database: Database, place: Attempts, hashed: bytes, waits: Waits, now: datetime) -> None:
    """One attempt more, looked at whatever comes of it; those after it may have to wait. Raises TooMany while they do."""
    async with database.transaction() as tx:
        # Holds the row until commit.
        failures: int | None = await tx.fetchval(
            f"""
            INSERT INTO {place.table} AS a ({place.hashed}, failures, last_at, blocked_until) VALUES ($1, 1, $2, $2)
            ON CONFLICT ({place.hashed}) DO UPDATE
               SET failures = CASE WHEN a.last_at < $3 THEN 1 ELSE a.failures + 1 END, last_at = $2
             WHERE a.blocked_until <= $2
            RETURNING failures
            """,
            hashed, now, now - timedelta(seconds=waits.failures_forgotten_s),
        )  # fmt: skip
        until: datetime | None = None
        if failures is None:
            until = await tx.fetchval(
                f"SELECT blocked_until FROM {place.table} WHERE {place.hashed} = $1", hashed
            )
        elif wait := decide_wait(failures, waits):
            await tx.execute(
                f"UPDATE {place.table} SET blocked_until = $2 WHERE {place.hashed} = $1", hashed, now + wait
            )
    if failures is None:
        seconds = max(1, ceil(((until or now) - now).total_seconds()))
        raise TooMany(f"too many attempts {place.whose}: wait", retry_after_s=seconds)


async def forget(tx: Connection, place: Attempts, hashed: bytes) -> None:
    """A success ends the row of failures."""
    await tx.execute(f"DELETE FROM {place.table} WHERE {place.hashed} = $1", hashed)
