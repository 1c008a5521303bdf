"""What a restore does to logins of staff, and to the passkey ceremonies they began."""

from __future__ import annotations

from datetime import datetime

from liangzheng.infra.postgres import Connection

_A_DAY = 86400


async def end_logins(tx: Connection, now: datetime) -> int:
    """No member of staff is logged in, and no passkey ceremony of before goes on. How many logins were open."""
    await tx.execute(
        "UPDATE staff_passkey_challenge SET used_at = $1 WHERE used_at IS NULL", now, timeout=_A_DAY
    )
    said = await tx.execute(
        "UPDATE staff_session SET ended_at = $1 WHERE ended_at IS NULL", now, timeout=_A_DAY
    )
    return int(said.split()[-1])
