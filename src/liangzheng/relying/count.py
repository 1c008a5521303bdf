"""How much a company may ask: exact over all processes, a minute and a day (of China) at a time."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import TooMany
from liangzheng.kernel.time import civil_day, end_of_day, start_of_day
from liangzheng.relying.model import CompanyCaller
from liangzheng.relying.store import companies


async def count(db: Database, who: CompanyCaller, number: int, now: datetime) -> None:
    """Counts `number` questions, also those that will be refused. Raises TooMany and then counts nothing.

    A transaction of its own: a company that asks what it may not uses up its quota with it.
    """
    minute, day = now.replace(second=0, microsecond=0), start_of_day(civil_day(now))
    spans = [("minute", minute, who.quota.per_minute), ("day", day, who.quota.per_day)]
    async with db.transaction() as tx:
        had_room = await companies.count_usage(tx, who.id, spans, number)
        over = [span for span, _, _ in spans if span not in had_room]
        if over:
            ends = end_of_day(civil_day(now)) if "day" in over else minute + timedelta(minutes=1)
            wait_s = max(1, math.ceil((ends - now).total_seconds()))
            limit = who.quota.per_day if "day" in over else who.quota.per_minute
            raise TooMany(f"the quota of {limit} a {over[-1]} is used up", retry_after_s=wait_s)
