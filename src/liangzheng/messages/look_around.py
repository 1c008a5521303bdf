"""Messages no event makes: a licence that runs out, and looks at it, told once a day. Jobs of the schedule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from liangzheng import accounts, drivers, relying, showing
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import CompanyId, DriverId, MessageId
from liangzheng.kernel.time import civil_day
from liangzheng.messages import store
from liangzheng.messages.model import Kind, Message
from liangzheng.messages.rules import EXPIRY_NOTICE_DAYS, decide_expiry_notice
from liangzheng.messages.tell import keep

_LOOKS: Final = "looks"
_ANSWERS: Final = "answers"
SETTLED: Final = timedelta(seconds=30)
"""Looks younger than this are left for the next time: one that is being recorded now has an earlier time already."""
BATCH: Final = 5_000


async def tell_looks(db: Database, now: datetime) -> int:
    """Whose code was verified, or about whom a company was answered by consent, since the last time hears of it; how many
    looks were told. One message a person and civil day, of answers one for each company too, that counts up.

    Several may run: one at a time does the work, and each look counts once.
    """
    return await _fold(db, _LOOKS, Kind.LOOKED_AT, _verified, now) + await _fold(
        db, _ANSWERS, Kind.COMPANY_ANSWERED, _answered, now
    )


Looks = list[tuple[DriverId, CompanyId | None, datetime]]
Between = Callable[[Connection, datetime, datetime], Awaitable[tuple[Looks, datetime]]]


async def _verified(tx: Connection, since: datetime, until: datetime) -> tuple[Looks, datetime]:
    looks, until = await showing.looks_between(tx, since, until, BATCH)
    return [(driver, None, at) for driver, at in looks], until


async def _answered(tx: Connection, since: datetime, until: datetime) -> tuple[Looks, datetime]:
    answers, until = await relying.answers_between(tx, since, until, BATCH)
    return [*answers], until


async def _fold(db: Database, name: str, kind: Kind, between: Between, now: datetime) -> int:
    until = now - SETTLED
    async with db.transaction() as tx:
        since = await store.mark(tx, name)
        if since is None:  # from the first run on; what was before is in the list of who looked
            await store.set_mark(tx, name, until)
            return 0
        if until <= since:
            return 0
        looks, until = await between(tx, since, until)
        people = await accounts.people_of(tx, sorted({driver for driver, _, _ in looks}))
        counted = Counter(
            (people[driver], civil_day(at).isoformat(), str(company) if company else "")
            for driver, company, at in looks
            if driver in people
        )
        messages = [
            Message(
                person, MessageId.new(), kind, now,
                {"day": day, "count": count} | ({"company_id": company} if company else {}),
                once=f"{day} {company}".strip(),
            )
            for (person, day, company), count in sorted(counted.items())
        ]  # fmt: skip
        await keep(tx, messages, now, counted=True)
        await store.set_mark(tx, name, until)
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
