"""What a restore does to the register."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from liangzheng.drivers.certain_rules import ReadFile
from liangzheng.infra.postgres import Connection

RESTORE_STEP: Final = 1_000_000
"""More than the changes one driver's standing can have had between a backup and its restore."""


async def raise_versions(tx: Connection) -> int:
    """Every standing is of a higher version than any that was signed before the restore; how many drivers.

    A snapshot made before would else be newer than a change made after, and be believed (showing/verify_online.py).
    History moves along: which change made the standing of today is found by its version.
    """
    await tx.execute(
        "UPDATE driver_change SET standing_version = standing_version + $1", RESTORE_STEP, timeout=86400
    )
    said = await tx.execute(
        "UPDATE driver SET standing_version = standing_version + $1", RESTORE_STEP, timeout=86400
    )
    return int(said.split()[-1])


async def read_since(tx: Connection, restored_at: datetime) -> tuple[bool, list[ReadFile]]:
    """Whether an import runs (or was stopped half-way); the files read to their end since."""
    rows = await tx.fetch(
        "SELECT state, as_of, fresh + changed + unchanged AS rows FROM register_import "
        "WHERE state = 'running' OR (state = 'finished' AND started_at >= $1)",
        restored_at,
    )
    read = [ReadFile(row["as_of"], row["rows"]) for row in rows if row["state"] == "finished"]
    return any(row["state"] == "running" for row in rows), read


async def drivers_by_authority(tx: Connection) -> dict[str, int]:
    """How many drivers there are of each issuing authority, by its code."""
    rows = await tx.fetch(
        "SELECT issuing_authority, count(*) AS many FROM driver GROUP BY issuing_authority", timeout=600
    )
    return {row["issuing_authority"]: row["many"] for row in rows}
