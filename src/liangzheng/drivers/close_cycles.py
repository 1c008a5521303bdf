"""The act of ending points cycles: by the calendar, some hundred drivers a transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from liangzheng.audit import Actor
from liangzheng.drivers import store_points
from liangzheng.drivers.change_many import Batch
from liangzheng.drivers.feed_lines import ChangeKind
from liangzheng.drivers.feed_rules import ledger_step
from liangzheng.drivers.points import decide_cycle_end
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.time import civil_day

_SOURCE: Final = "points cycle"
_AT_ONCE: Final = 500


async def close_cycles(database: Database, now: datetime, at_most: int = 20_000) -> int:
    """Ledgers whose cycle is over and holds fewer than 12 points stand in the next one; returns how many.

    At most `at_most`, the longest over first: what is left waits for the next call. Drivers without a ledger
    are not touched: their points come from a register file, and so does their clearing.
    """
    closed = 0
    while closed < at_most:

        async def some(tx: Connection, limit: int = min(_AT_ONCE, at_most - closed)) -> int:
            return await _close(tx, now, limit)

        done = await database.retrying(some)
        if done == 0:
            break
        closed += done
    return closed


async def _close(tx: Connection, now: datetime, limit: int) -> int:
    today = civil_day(now)
    ids = await store_points.due(tx, today, limit)
    batch = await Batch.held(tx, ids, ids)
    closed = 0
    for driver_id in ids:
        record = batch.record(driver_id)
        assert record is not None and record.ledger is not None, "a ledger has its driver"
        # Read again under the lock: a feed may have been quicker.
        ended = decide_cycle_end(record.ledger, record.columns["first_issue_date"], today)
        if ended is not record.ledger:
            batch.take(driver_id, ChangeKind.POINTS, ledger_step(record, ended, today), _SOURCE)
            closed += 1
    await batch.write(tx, Actor("system"), _SOURCE, now)
    return closed
