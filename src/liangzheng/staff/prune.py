"""What of the staff's doings ends with time. Audit entries and proposals stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from liangzheng.infra.postgres import Connection
from liangzheng.kernel.time import civil_day
from liangzheng.staff import store, store_casework, store_passkeys, store_sample
from liangzheng.staff.look_up import KEPT_FOR

_OVER_FOR = timedelta(days=30)


async def prune(tx: Connection, now: datetime, limit: int) -> int:
    """Logins over for a month, counts of days past, look-ups older than KEPT_FOR and samples of weeks as old are gone; how
    many. Of look-ups, samples and logins at most `limit` each."""
    await store_casework.forget_counts(tx, civil_day(now - _OVER_FOR))
    gone = await store_casework.forget_look_ups(tx, now - KEPT_FOR, limit)
    gone += await store_sample.prune(tx, civil_day(now - KEPT_FOR), limit)
    gone += await store_passkeys.forget(tx, now - _OVER_FOR)
    return gone + await store.prune(tx, now - _OVER_FOR, limit)
