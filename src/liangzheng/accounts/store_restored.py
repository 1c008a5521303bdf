"""What a restore does to logins, and to what was asked for and not yet answered."""

from __future__ import annotations

from datetime import datetime

from liangzheng.infra.postgres import Connection

_A_DAY = 86400


async def end_sessions(tx: Connection, now: datetime) -> int:
    """Nobody is logged in: a session ended after the backup would be alive again. How many were open."""
    said = await tx.execute("UPDATE session SET ended_at = $1 WHERE ended_at IS NULL", now, timeout=_A_DAY)
    return int(said.split()[-1])


async def end_challenges(tx: Connection, now: datetime) -> None:
    """No challenge or one-time code of before serves: one used after the backup would serve once more.

    Used challenges stay, so that none of them is taken a second time. One to log in by passkey is kept only when it was used,
    and lives minutes.
    """
    await tx.execute("UPDATE passkey_challenge SET used_at = $1 WHERE used_at IS NULL", now, timeout=_A_DAY)
    await tx.execute("UPDATE phone_key_challenge SET used_at = $1 WHERE used_at IS NULL", now, timeout=_A_DAY)
    await tx.execute("DELETE FROM one_time_code", timeout=_A_DAY)
