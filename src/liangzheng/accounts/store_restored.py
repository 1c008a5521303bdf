"""What a restore does to logins."""

from __future__ import annotations

from datetime import datetime

from liangzheng.infra.postgres import Connection


async def end_sessions(tx: Connection, now: datetime) -> int:
    """Nobody is logged in: a session ended after the backup would be alive again. How many were open."""
    said = await tx.execute("UPDATE session SET ended_at = $1 WHERE ended_at IS NULL", now, timeout=86400)
    return int(said.split()[-1])
