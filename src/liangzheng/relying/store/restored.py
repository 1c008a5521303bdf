"""What a restore does to the access tokens of companies."""

from __future__ import annotations

from liangzheng.infra.postgres import Connection


async def end_tokens(tx: Connection) -> int:
    """No token opens anything: the company may have been stopped since. How many there were."""
    said = await tx.execute("DELETE FROM company_token", timeout=86400)
    return int(said.split()[-1])
