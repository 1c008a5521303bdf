"""The act of keeping ledgers true when an office or a register file says another total of points."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from liangzheng.drivers import store_points
from liangzheng.drivers.points import Entry, Ledger, restated
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.time import civil_day


async def restate(tx: Connection, totals: Mapping[UUID, int], source: str, now: datetime) -> None:
    """Where there is a ledger, an entry makes up the difference. The caller holds the records, which say the totals already."""
    if not totals:
        return
    ledgers = await store_points.ledgers(tx, list(totals))
    if not ledgers:
        return
    first = await store_points.first_issue_dates(tx, list(ledgers))
    kept: dict[UUID, Ledger] = {}
    added: list[tuple[UUID, Entry, str]] = []
    for driver_id, before in ledgers.items():
        after = restated(before, totals[driver_id], first[driver_id], civil_day(now))
        kept[driver_id] = after
        added += [(driver_id, entry, source) for entry in after.entries[len(before.entries) :]]
    await store_points.keep(tx, kept, added, now)
