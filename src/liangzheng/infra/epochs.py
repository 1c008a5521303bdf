"""How often this database was restored: what was signed or counted before a restore is of another epoch."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from liangzheng.infra.postgres import Connection, Database


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
