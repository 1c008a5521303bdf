"""Messages no event makes: a licence that runs out, and looks at it, told once a day. Jobs of the schedule."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from liangzheng import accounts, drivers, showing
from liangzheng.infra.postgres import Database
from liangzheng.kernel.ids import MessageId
from liangzheng.kernel.time import civil_day
from liangzheng.messages import store
from liangzheng.messages.model import Kind, Message
from liangzheng.messages.rules import EXPIRY_NOTICE_DAYS, decide_expiry_notice
from liangzheng.messages.tell import keep

_LOOKS: Final = "looks"
SETTLED: Final = timedelta(seconds=30)
"""Looks younger than this are left for the next time: one that is being recorded now has an earlier time already."""
BATCH: Final = 5_000


async def tell_looks(db: Database, now: datetime) -> int:
    """Whose code was verified since the last time hears of it, one message a person and civil day that counts up; how
    many looks were told. Several may run: one at a time does the work, and each look counts once.
    """
    until = now - SETTLED
    async with db.transaction() as tx:
        since = await store.mark(tx, _LOOKS)
        if since is None:  # from the first run on; what was before is in the list of who looked
            await store.set_mark(tx, _LOOKS, until)
            return 0
        if until <= since:
            return 0
        looks, until = await showing.looks_between(tx, since, until, BATCH)
        people = await accounts.people_of(tx, list({driver for driver, _ in looks}))
        counted = Counter((people[driver], civil_day(at)) for driver, at in looks if driver in people)
        messages = [
            Message(
                person, MessageId.new(), Kind.LOOKED_AT, now, {"day": day.isoformat(), "count": count}, once=day.isoformat()
            )
            for (person, day), count in sorted(counted.items(), key=lambda item: (item[0][0].uuid, item[0][1]))
        ]  # fmt: skip
        await keep(tx, messages, now, counted=True)
        await store.set_mark(tx, _LOOKS, until)
    return len(looks)


async def tell_expiry(db: Database, now: datetime) -> int:
    """Holders of live licences that end within 90 days have heard of it, once for each last day; how many were looked at."""
    today, seen, after = civil_day(now), 0, None
    while True:
        async with db.transaction() as tx:
            ending = await drivers.ending_between(
                tx, today, today + timedelta(days=EXPIRY_NOTICE_DAYS), after, BATCH
            )
            people = await accounts.people_of(tx, [driver for driver, _ in ending])
            messages = [
                Message(
                    people[driver], MessageId.new(), Kind.LICENCE_EXPIRING, now,
                    {"valid_until": until.isoformat()}, once=until.isoformat(),
                )
                for driver, until in ending
                if driver in people and decide_expiry_notice(today, until)
            ]  # fmt: skip
            await keep(tx, messages, now)
        seen += len(ending)
        if len(ending) < BATCH:
            return seen
        after = ending[-1][0]
