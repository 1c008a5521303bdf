"""Whether a process could do its work now: each neighbour asked once, no answer waited for longer than two seconds."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from liangzheng.infra import epochs
from liangzheng.infra.postgres import Database
from liangzheng.infra.postgres.migrate import check_level
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Failure
from liangzheng.kernel.time import Clock

PATIENCE_S: Final = 2.0
CLOCK_MAY_DIFFER: Final = timedelta(seconds=5)
"""From the database's: beyond it a live code of 15 seconds would be judged by the wrong clock."""


class Asked(Protocol):
    """What is asked about itself; `liangzheng.wiring.Wiring` is one."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def trust(self) -> Callable[[], object]: ...

    def signs_until(self, now: datetime) -> datetime | None:
        """Until when this process can sign what it is there to sign; None: it signs nothing. Raises Unavailable."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The checks by name, and until when the keys of this process sign."""

    checks: Mapping[str, bool]
    signs_until: datetime | None
    standing_certain: bool = True
    """False after a restore until the register was read again: the process works, and no standing is told as sure. No
    reason to take it off the service, so none of the checks."""

    @property
    def ready(self) -> bool:
        return all(self.checks.values())


async def readiness(asked: Asked) -> Readiness:
    """Every check, whatever the others say. `clock` fails with `database`: there is nothing to compare with."""
    now = asked.clock.now()
    database, clock, certain = await _database(asked, now)
    signs, until = _keys(asked, now)
    checks = {
        "database": database,
        "clock": clock,
        "trust": _holds(asked.trust),
        "keys": signs,
        "disk": _disk_has_room(asked.settings.data_dir, asked.settings.disk_low_mib),
    }
    return Readiness(checks, until, certain)


async def _database(asked: Asked, now: datetime) -> tuple[bool, bool, bool]:
    """Whether it answers and has our schema; whether its clock and ours agree; whether its standings are certain."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await check_level(asked.database)
            async with asked.database.read() as connection:
                theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
                certain = await epochs.unconfirmed(connection) is None
    except (Failure, TimeoutError):
        return False, False, False
    return True, abs(theirs - now) <= CLOCK_MAY_DIFFER, certain


def _keys(asked: Asked, now: datetime) -> tuple[bool, datetime | None]:
    try:
        return True, asked.signs_until(now)
    except Failure:
        return False, None


def _holds(act: Callable[[], object]) -> bool:
    try:
        act()
    except Failure:
        return False
    return True


def _disk_has_room(directory: Path, low_mib: int) -> bool:
    try:
        return shutil.disk_usage(directory).free >= low_mib * 1024 * 1024
    except OSError:
        return False
