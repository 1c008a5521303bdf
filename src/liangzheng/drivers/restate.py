"""The act of keeping ledgers true when an office or a register file says another total of points."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from liangzheng.drivers import store_points
from liangzheng.drivers.points import Entry, Ledger, opened, restated
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.time import civil_day

_NONE: Final[Mapping[UUID, int]] = MappingProxyType({})


async def restate(
    tx: Connection,
    totals: Mapping[UUID, int],
    source: str,
    now: datetime,
    opening: Mapping[UUID, int] = _NONE,
) -> None:
    """An entry makes up the difference where there is a ledger. The caller holds the records, which say the totals already.

    `opening`: what the totals were, for drivers whose ledger begins with this where they have none. A register file
    begins none: it says totals of the whole country, and says them again.
    """
    if not totals:
        return
    ledgers = await store_points.ledgers(tx, list(totals))
    cycles = await store_points.cycles_of(tx, [i for i in totals if i in ledgers or i in opening])
    today = civil_day(now)
    kept: dict[UUID, Ledger] = {}
    added: list[tuple[UUID, Entry, str]] = []
    for driver_id, (first, resets_on) in cycles.items():
        before = ledgers.get(driver_id)
        known = 0 if before is None else len(before.entries)
        if before is None:
            before = opened(opening[driver_id], first, today, resets_on)
        after = restated(before, totals[driver_id], first, today)
        kept[driver_id] = after
        added += [(driver_id, entry, source) for entry in after.entries[known:]]
    if kept:
        await store_points.keep(tx, kept, added, now)
