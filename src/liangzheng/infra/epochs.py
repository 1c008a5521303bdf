"""How often this database was restored: what was signed or counted before a restore is of another epoch.

A restored register is not certain: what became of anybody's standing after the backup is not in it. Until the
register was read again (drivers/confirm_register.py) nothing here says that somebody may drive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Unavailable

UNCERTAIN: Final = "EXISTS (SELECT FROM restored WHERE certain_at IS NULL)"
"""The condition, for a statement that reads standings anyway (showing/store.py)."""

_AGAIN_IN_S: Final = 300


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore whose register was not confirmed yet. `uncertain_since`: when the first was made that never was; earlier
    than `restored_at` where a backup of an uncertain register was restored."""

    epoch: int
    restored_at: datetime
    uncertain_since: datetime
    backup_made_at: datetime


async def current(database: Database) -> int:
    """0 for a database that was never restored."""
    async with database.read() as connection:
        return int(await connection.fetchval("SELECT coalesce(max(epoch), 0) FROM restored"))


async def begin(tx: Connection, now: datetime, backup_id: UUID, backup_made_at: datetime) -> int:
    """The next epoch, begun by restoring that backup."""
    epoch: int = await tx.fetchval(
        "INSERT INTO restored (epoch, restored_at, backup_id, backup_made_at) "
        "SELECT coalesce(max(epoch), 0) + 1, $1, $2, $3 FROM restored RETURNING epoch",
        now, backup_id, backup_made_at,
    )  # fmt: skip
    return epoch


async def unconfirmed(tx: Connection) -> Restore | None:
    """The latest restore after which the register was not confirmed; None: every standing is certain."""
    row = await tx.fetchrow(
        "SELECT epoch, restored_at, min(restored_at) OVER () AS uncertain_since, backup_made_at FROM restored "
        "WHERE certain_at IS NULL ORDER BY epoch DESC LIMIT 1"
    )
    return None if row is None else Restore(*row.values())


async def demand_certain(tx: Connection) -> None:
    """Raises Unavailable while the register is that of a backup: nobody's standing is told, and none is signed."""
    if await unconfirmed(tx) is not None:
        raise Unavailable(
            "the register is being read again after a restore: no standing is told until that is done",
            retry_after_s=_AGAIN_IN_S,
        )


async def confirm(tx: Connection, by: str, now: datetime) -> None:
    """Every standing is certain again; `by`: `register` or `feed`, what was read."""
    await tx.execute("UPDATE restored SET certain_at = $1, certain_by = $2 WHERE certain_at IS NULL", now, by)
