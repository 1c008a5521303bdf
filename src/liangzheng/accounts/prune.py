"""One act: what is over and nobody needs any more is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from liangzheng.accounts import store
from liangzheng.infra.postgres import Connection

KEPT_FOR = timedelta(days=30)
"""Long enough for a holder to see a login of theirs in the list of the last weeks."""


async def prune(tx: Connection, now: datetime, kept_for: timedelta = KEPT_FOR) -> int:
    """Ended and expired sessions, spent challenges and old failures to log in are gone; how many. Hashes of face captures stay:
    the same picture never serves twice."""
    return await store.forget(tx, now - kept_for)
