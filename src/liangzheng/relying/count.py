"""How much a company may ask: exact over all processes, a minute and a day (of China) at a time."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import NotAuthenticated, TooMany
from liangzheng.kernel.ids import CompanyId
from liangzheng.kernel.time import civil_day, end_of_day, start_of_day
from liangzheng.relying.authenticate import NOT_A_CALLER
from liangzheng.relying.lifecycle import CompanyState
from liangzheng.relying.store import companies


async def count(db: Database, company_id: CompanyId, number: int, now: datetime) -> None:
    """Counts `number` questions, whichever way they are asked and also those that will be refused. Raises TooMany and then
    counts nothing, NotAuthenticated for a company that is not approved at this moment.

    A transaction of its own: a company that asks what it may not uses up its quota with it.
    """
    minute, day = _minute(now), start_of_day(civil_day(now))
    async with db.transaction() as tx:
        company = await companies.one(tx, company_id)
        if company is None or company.state is not CompanyState.APPROVED:
            raise NotAuthenticated(NOT_A_CALLER)
        quota = company.quota
        spans = [("minute", minute, quota.per_minute), ("day", day, quota.per_day)]
        had_room = await companies.count_usage(tx, company_id, spans, number)
        over = [span for span, _, _ in spans if span not in had_room]
        if over:
            ends = end_of_day(civil_day(now)) if "day" in over else minute + timedelta(minutes=1)
            wait_s = max(1, math.ceil((ends - now).total_seconds()))
            limit = quota.per_day if "day" in over else quota.per_minute
            raise TooMany(f"the quota of {limit} a {over[-1]} is used up", retry_after_s=wait_s)


async def used(tx: Connection, company_id: CompanyId, now: datetime) -> tuple[int, int]:
    """What the company asked in this minute and on this day (of China)."""
    return (
        await companies.usage(tx, company_id, "minute", _minute(now)),
        await companies.usage(tx, company_id, "day", start_of_day(civil_day(now))),
    )


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
