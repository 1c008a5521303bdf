"""Every statement that is the same on each queue of reviews; a queue names its table and columns (queue.py)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import DriverId, Id
from liangzheng.kernel.reviews import Reviewer
from liangzheng.reviewing.queue import Queue, R

_IN_COMMON = (
    "r.driver_id, r.authority, r.submitted_at, r.due_day, r.due_at, r.provisional, r.taken_by_kind, r.taken_by, "
    "r.taken_until, r.escalated_at, r.outcome, r.reasons"
)


async def waiting(
    tx: Connection,
    queue: Queue[R],
    authorities: Collection[str] | None,
    after: tuple[datetime, Id] | None,
    limit: int,
    late: bool,
) -> list[R]:
    """Open reviews, or only those escalated, the one due first in front; a page begins after a due instant and name."""
    rows = await tx.fetch(
        f"SELECT {_IN_COMMON}, {queue.more} FROM {queue.table} AS r {queue.joins} WHERE r.outcome IS NULL "
        "AND ($1::text[] IS NULL OR r.authority = ANY($1)) "
        f"AND ($2::timestamptz IS NULL OR (r.due_at, r.{queue.named}) > ($2, $3::uuid)) "
        f"AND (NOT $5 OR r.escalated_at IS NOT NULL) ORDER BY r.due_at, r.{queue.named} LIMIT $4",
        list(authorities) if authorities is not None else None, after[0] if after else None,
        after[1].uuid if after else None, limit, late,
    )  # fmt: skip
    return [queue.review(row) for row in rows]


async def find(tx: Connection, queue: Queue[R], named: Id) -> R | None:
    """One review by its name alone: all a reviewer knows of it."""
    row = await tx.fetchrow(
        f"SELECT {_IN_COMMON}, {queue.more} FROM {queue.table} AS r {queue.joins} WHERE r.{queue.named} = $1",
        named.uuid,
    )
    return queue.review(row) if row else None


async def at(tx: Connection, queue: Queue[R], key: tuple[Id, Id], *, hold: bool = False) -> R | None:
    """One review; `hold`: nobody else's until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_IN_COMMON}, {queue.more} FROM {queue.table} AS r {queue.joins} "
        f"WHERE r.{queue.shard} = $1 AND r.{queue.named} = $2 {'FOR UPDATE OF r' if hold else ''}",
        *(each.uuid for each in key),
    )
    return queue.review(row) if row else None


async def next_free(
    tx: Connection,
    queue: Queue[R],
    reviewer: Reviewer,
    authorities: Collection[str] | None,
    now: datetime,
    passing_over: DriverId | None = None,
) -> R | None:
    """What this reviewer has in hand, else what is due first and in nobody's; what others are taking, and one driver's, is
    passed over."""
    row = await tx.fetchrow(
        f"SELECT {_IN_COMMON}, {queue.more} FROM {queue.table} AS r {queue.joins} WHERE r.outcome IS NULL "
        "AND ($1::text[] IS NULL OR r.authority = ANY($1)) AND r.driver_id IS DISTINCT FROM $5 "
        "AND (r.taken_until IS NULL OR r.taken_until <= $2 "
        "OR (r.taken_by_kind = $3 AND r.taken_by IS NOT DISTINCT FROM $4)) "
        f"ORDER BY (r.taken_until > $2) IS TRUE DESC, r.due_at, r.{queue.named} LIMIT 1 FOR UPDATE OF r SKIP LOCKED",
        list(authorities) if authorities is not None else None, now, reviewer.kind, reviewer.id,
        passing_over.uuid if passing_over else None,
    )  # fmt: skip
    return queue.review(row) if row else None


async def set_taken(
    tx: Connection, queue: Queue[R], review: R, reviewer: Reviewer | None, until: datetime | None
) -> None:
    """The review, held by the caller, is in this reviewer's hand, or in nobody's."""
    await tx.execute(
        f"UPDATE {queue.table} SET taken_by_kind = $3, taken_by = $4, taken_until = $5 "
        f"WHERE {queue.shard} = $1 AND {queue.named} = $2",
        *(each.uuid for each in review.key), reviewer.kind if reviewer else None,
        reviewer.id if reviewer else None, until,
    )  # fmt: skip


async def close(
    tx: Connection,
    queue: Queue[R],
    key: tuple[Id, Id],
    outcome: str,
    reasons: Sequence[str],
    by: Reviewer,
    now: datetime,
) -> bool:
    """The review has its one outcome; whether it had none before."""
    done = await tx.execute(
        f"UPDATE {queue.table} SET outcome = $3, reasons = $4, decided_by_kind = $5, decided_by = $6, decided_at = $7 "
        f"WHERE {queue.shard} = $1 AND {queue.named} = $2 AND outcome IS NULL",
        *(each.uuid for each in key), outcome, [str(reason) for reason in reasons], by.kind, by.id, now,
    )  # fmt: skip
    return done == "UPDATE 1"


async def escalate_due(tx: Connection, queue: Queue[R], now: datetime, limit: int) -> list[R]:
    """Open reviews past their promise, as they were, are marked, each once."""
    rows = await tx.fetch(
        f"SELECT {_IN_COMMON}, {queue.more} FROM {queue.table} AS r {queue.joins} WHERE r.outcome IS NULL "
        "AND r.escalated_at IS NULL AND r.due_at <= $1 ORDER BY r.due_at LIMIT $2 FOR UPDATE OF r SKIP LOCKED",
        now,
        limit,
    )
    late = [queue.review(row) for row in rows]
    await tx.execute(
        f"UPDATE {queue.table} AS r SET escalated_at = $1 FROM unnest($2::uuid[], $3::uuid[]) AS late (shard, named) "
        f"WHERE r.{queue.shard} = late.shard AND r.{queue.named} = late.named",
        now,
        [review.key[0].uuid for review in late],
        [review.key[1].uuid for review in late],
    )
    return late


async def late_unheard(tx: Connection, queue: Queue[R], before: date, limit: int) -> list[R]:
    """Open reviews promised for a day before `before` that were not escalated."""
    rows = await tx.fetch(
        f"SELECT {_IN_COMMON}, {queue.more} FROM {queue.table} AS r {queue.joins} WHERE r.outcome IS NULL "
        "AND r.escalated_at IS NULL AND r.due_day < $1 LIMIT $2",
        before,
        limit,
    )
    return [queue.review(row) for row in rows]


async def figures(tx: Connection, queue: Queue[R], now: datetime) -> Row:
    """Of the open reviews: waiting, taken, late, escalated, and when the oldest was submitted."""
    row = await tx.fetchrow(
        "SELECT count(*) AS waiting, count(*) FILTER (WHERE taken_until > $1) AS taken, "
        "count(*) FILTER (WHERE due_at <= $1) AS late, count(escalated_at) AS escalated, "
        f"min(submitted_at) AS oldest FROM {queue.table} WHERE outcome IS NULL",
        now,
    )
    assert row is not None, "an aggregate has one row"
    return row
