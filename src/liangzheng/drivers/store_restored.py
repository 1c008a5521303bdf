"""What a restore does to the register."""

from __future__ import annotations

from liangzheng.infra.postgres import Connection

STEP = 1_000_000
"""More than the changes one driver's standing can have had between a backup and its restore."""


async def raise_versions(tx: Connection) -> int:
    """Every standing is of a higher version than any that was signed before the restore; how many drivers.

    A snapshot made before would else be newer than a change made after, and be believed (showing/verify_online.py).
    History moves along: which change made the standing of today is found by its version.
    """
    await tx.execute("UPDATE driver_change SET standing_version = standing_version + $1", STEP, timeout=86400)
    said = await tx.execute("UPDATE driver SET standing_version = standing_version + $1", STEP, timeout=86400)
    return int(said.split()[-1])
