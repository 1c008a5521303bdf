"""One act: what is over and nobody needs any more is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from liangzheng.accounts import store, store_codes, store_passkeys
from liangzheng.infra.postgres import Connection

KEPT_FOR = timedelta(days=30)
"""Long enough for a holder to see a login of theirs in the list of the last weeks."""


async def prune(tx: Connection, now: datetime, limit: int, kept_for: timedelta = KEPT_FOR) -> int:
    """Ended and expired sessions, spent challenges and codes and old failures to log in are gone, at most `limit` of each; how
    many. Hashes of face captures stay: the same picture never serves twice."""
    before = now - kept_for
    forgotten = [await part.forget(tx, before, limit) for part in (store, store_codes, store_passkeys)]
    return sum(forgotten)
