"""What a restore does to status lists."""

from __future__ import annotations

from liangzheng.infra.postgres import Connection

STEP = 1_000_000


async def raise_list_versions(tx: Connection) -> None:
    """Every status list is of a higher version than any that was published before the restore."""
    await tx.execute("UPDATE status_list SET version = version + $1", STEP)
