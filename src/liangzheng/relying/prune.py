"""What is over and nobody needs any more is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from liangzheng.infra.postgres import Connection
from liangzheng.relying.store import companies, consents, notices

LOOKS_KEPT: Final = timedelta(days=400)
"""As long as verifications of codes (showing/looks.py)."""

NOTICES_KEPT: Final = timedelta(days=30)


async def prune(tx: Connection, now: datetime, limit: int) -> int:
    """Codes, tokens, secrets and counts that are over, notices after a month, requests and looks after 400 days;
    how many rows. What proves a standing consent stays, and so do audit entries."""
    return (
        await companies.forget_over(tx, now, now - NOTICES_KEPT, limit)
        + await consents.forget_over(tx, now, now - LOOKS_KEPT, limit)
        + await notices.forget_over(tx, now - NOTICES_KEPT, limit)
    )
