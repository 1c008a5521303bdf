"""Until when a review is promised, what happens to one that is late, and how old a queue is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from liangzheng import audit
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.working_days import PublishedCalendar
from liangzheng.kernel.reviews import REVIEW_WORKING_DAYS
from liangzheng.kernel.time import Promise, WorkingCalendar, add_working_days, civil_day
from liangzheng.reviewing import store
from liangzheng.reviewing.queue import Queue, R

_CALENDAR: Final[WorkingCalendar] = PublishedCalendar()
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Of the open reviews: how many wait, are in a hand, are late, were escalated, and how long the oldest waits."""

    waiting: int
    taken: int
    late: int
    escalated: int
    oldest_s: int


def promised(now: datetime) -> Promise:
    """Until when what is submitted now is reviewed: the end of the next working day."""
    return add_working_days(civil_day(now), REVIEW_WORKING_DAYS, _CALENDAR)


async def escalate(database: Database, queue: Queue[R], now: datetime) -> int:
    """Every open review past its promised day is marked, on record, and told once, in `queue.escalated`; how many now."""
    done = 0
    while True:
        async with database.transaction() as tx:
            late = await store.escalate_due(tx, queue, now, _AT_ONCE)
            told = [(review.key[0], queue.told(review)) for review in late]
            await outbox.put_many(tx, queue.escalated, told, now)
            for review in late:
                await audit.record(
                    tx, act=queue.escalated, actor=audit.Actor("worker"), subject=review.key[1],
                    driver_id=review.driver_id, purpose=queue.purpose,
                    detail={"authority": review.authority, "due_day": review.due_day.isoformat()}, now=now,
                )  # fmt: skip
        done += len(late)
        if len(late) < _AT_ONCE:
            return done


async def figures(tx: Connection, queue: Queue[R], now: datetime) -> QueueFigures:
    """How long the queue is and how old."""
    row = await store.figures(tx, queue, now)
    oldest = int((now - row["oldest"]).total_seconds()) if row["oldest"] else 0
    return QueueFigures(row["waiting"], row["taken"], row["late"], row["escalated"], oldest)
