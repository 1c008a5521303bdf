"""Events between contexts: written in the transaction of what they tell, handled at least once, applied
exactly once.

A handler's effect and the event's deletion are one transaction. The id of an event grows with time, so within
a bucket (a subject's bucket never changes) events are handled in the order they were put, except one that
waits after a failure.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from liangzheng.infra import spans
from liangzheng.infra.checks import Check
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.postgres.connection import Row
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import BUCKETS, EventId, Id

_log = logging.getLogger(__name__)

ATTEMPTS: Final = 12
"""After this many failures an event is parked."""
_FIRST_WAIT_S: Final = 2
_LONGEST_WAIT_S: Final = 3600
_LONGEST_PUT_OFF_S: Final = 300
_AWAY_AFTER: Final = 3
"""So many events of a topic in a row without an answer: its neighbour is away, not the events at fault."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `subject` is the UUID of what it happened to; the topic says of which kind."""

    bucket: int
    id: UUID
    topic: str
    subject: UUID
    body: Mapping[str, Any]
    created_at: datetime
    attempts: int
    trace: str | None = None
    """The span it was put in (spans.here); None where nobody wanted spans."""


Handler = Callable[[Connection, Sequence[Event]], Awaitable[None]]
"""Applies events of one topic inside `tx`. Raising undoes all of them and makes them wait."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What one drain did. `waiting` topics had no handler here and were left alone."""

    handled: int
    failed: int
    parked: int

    def __bool__(self) -> bool:
        return self.handled + self.failed + self.parked > 0


async def put(
    tx: Connection,
    topic: str,
    subject: Id,
    body: Mapping[str, Any],
    now: datetime,
    *,
    due_at: datetime | None = None,
) -> EventId:
    """The event is part of `tx`. `body` is JSON and holds no personal data: ids, codes, versions."""
    event_id = EventId.new()
    await tx.execute(
        """
        INSERT INTO outbox (bucket, id, topic, subject, body, created_at, due_at, trace)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        subject.bucket, event_id.uuid, topic, subject.uuid, dict(body), now, due_at or now, spans.here(),
    )  # fmt: skip
    return event_id


async def put_many(
    tx: Connection, topic: str, happened: Sequence[tuple[Id, Mapping[str, Any]]], now: datetime
) -> None:
    """The events of a batch, in one statement."""
    if not happened:
        return
    await tx.execute(
        """
        INSERT INTO outbox (bucket, id, topic, subject, body, created_at, due_at, trace)
        SELECT bucket, id, $4, subject, body, $6, $6, $7
          FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $5::jsonb[]) AS e (bucket, id, subject, body)
        """,
        [subject.bucket for subject, _ in happened],
        [EventId.new().uuid for _ in happened],
        [subject.uuid for subject, _ in happened],
        topic,
        [dict(body) for _, body in happened],
        now,
        spans.here(),
    )


async def drain(
    database: Database,
    handlers: Mapping[str, Handler],
    now: datetime,
    limit: int = 500,
    *,
    buckets: Sequence[int] = range(BUCKETS),
) -> Drained:
    """Due events of the topics in `handlers` are handled, at most `limit` a bucket; returns what was done.

    Several drains may run at once: none handles an event another has in hand. A handler that raises is tried again event
    by event, so that one bad event does not hold up its neighbours. Raises Unavailable, after everything else was handled,
    when a topic's neighbour is out of reach: its events wait, and none of them is charged with an attempt.
    """
    handled = failed = parked = 0
    reach = {topic: _Reach() for topic in handlers}
    for bucket in await _busy_buckets(database, list(handlers), now, buckets):
        done = await _drain_bucket(database, handlers, reach, bucket, now, limit)
        handled, failed, parked = handled + done.handled, failed + done.failed, parked + done.parked
    away: Unavailable | None = None
    for topic in reach.values():
        for event, error in topic.alone():
            done = await _postpone(database, event, error, now)
            failed, parked = failed + done.failed, parked + done.parked
        for event, error in topic.unanswered():
            await _put_off(database, event, now)
            away = error
    if away is not None:
        raise away
    return Drained(handled, failed, parked)


class _Reach:
    """Whether the neighbour behind a topic answers, by what became of the topic's events in one drain.

    An event for which it does not, while it does for others, is in trouble of its own; several in a row are a neighbour
    that is away, and are not to pay for it.
    """

    def __init__(self) -> None:
        self._answered = False
        self._alone: list[tuple[Event, Unavailable]] = []
        self._in_a_row: list[tuple[Event, Unavailable]] = []

    @property
    def is_lost(self) -> bool:
        """No more is asked of it in this drain."""
        return len(self._in_a_row) >= _AWAY_AFTER

    def answered(self) -> None:
        self._answered = True
        self._alone += self._in_a_row
        self._in_a_row = []

    def did_not(self, event: Event, error: Unavailable) -> None:
        self._in_a_row.append((event, error))

    def alone(self) -> list[tuple[Event, Unavailable]]:
        return self._alone + ([] if self._is_away() else self._in_a_row)

    def unanswered(self) -> list[tuple[Event, Unavailable]]:
        return self._in_a_row if self._is_away() else []

    def _is_away(self) -> bool:
        return self.is_lost or not self._answered


async def _busy_buckets(
    database: Database, topics: list[str], now: datetime, buckets: Sequence[int]
) -> list[int]:
    async with database.read() as connection:
        rows = await connection.fetch(
            """
            SELECT bucket FROM unnest($1::smallint[]) AS b (bucket)
             WHERE EXISTS (SELECT FROM outbox o
                            WHERE o.bucket = b.bucket AND o.topic = ANY ($2::text[]) AND o.due_at <= $3)
            """,
            list(buckets), topics, now,
        )  # fmt: skip
    return [row["bucket"] for row in rows]


async def _drain_bucket(
    database: Database,
    handlers: Mapping[str, Handler],
    reach: Mapping[str, _Reach],
    bucket: int,
    now: datetime,
    limit: int,
) -> Drained:
    claimed: list[Event] = []
    topics = [topic for topic in handlers if not reach[topic].is_lost]
    try:
        async with database.transaction() as tx:
            claimed = await _claim(tx, bucket, topics, now, limit)
            await _apply(tx, handlers, claimed)
    except Exception as error:
        if not claimed and isinstance(error, Unavailable):
            raise  # the database itself
        if len(claimed) == 1:
            return await _failed(database, reach, claimed[0], error, now)
    else:
        for topic in {event.topic for event in claimed}:
            reach[topic].answered()
        return Drained(len(claimed), 0, 0)
    # Someone in the batch failed and the whole batch was undone: one at a time finds out who.
    handled = failed = parked = 0
    for event in claimed:
        if not reach[event.topic].is_lost:
            done = await _drain_one(database, handlers, reach, event, now)
            handled, failed, parked = handled + done.handled, failed + done.failed, parked + done.parked
    return Drained(handled, failed, parked)


async def _drain_one(
    database: Database,
    handlers: Mapping[str, Handler],
    reach: Mapping[str, _Reach],
    event: Event,
    now: datetime,
) -> Drained:
    taken = False
    try:
        async with database.transaction() as tx:
            again = await tx.fetchrow(
                """
                DELETE FROM outbox WHERE bucket = $1 AND id = (
                    SELECT id FROM outbox WHERE bucket = $1 AND id = $2 FOR UPDATE SKIP LOCKED)
                RETURNING *
                """,
                event.bucket, event.id,
            )  # fmt: skip
            if again is None:
                return Drained(0, 0, 0)  # another drain took it meanwhile
            taken = True
            with _handling(event.topic, [event]):
                await handlers[event.topic](tx, [event])
    except Exception as error:
        if not taken and isinstance(error, Unavailable):
            raise  # the database itself
        return await _failed(database, reach, event, error, now)
    reach[event.topic].answered()
    return Drained(1, 0, 0)


async def _failed(
    database: Database, reach: Mapping[str, _Reach], event: Event, error: Exception, now: datetime
) -> Drained:
    if isinstance(error, Unavailable):
        # Whether it is this event or all of its topic, the drain knows at its end.
        reach[event.topic].did_not(event, error)
        return Drained(0, 0, 0)
    return await _postpone(database, event, error, now)


async def _claim(tx: Connection, bucket: int, topics: list[str], now: datetime, limit: int) -> list[Event]:
    rows = await tx.fetch(
        """
        DELETE FROM outbox
         WHERE bucket = $1 AND id = ANY (ARRAY(
               SELECT id FROM outbox
                WHERE bucket = $1 AND topic = ANY ($2::text[]) AND due_at <= $3
                ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED))
        RETURNING bucket, id, topic, subject, body, created_at, attempts, trace
        """,
        bucket, topics, now, limit,
    )  # fmt: skip
    return sorted((_event(row) for row in rows), key=lambda event: event.id)


async def _apply(tx: Connection, handlers: Mapping[str, Handler], events: Sequence[Event]) -> None:
    # Runs of one topic, in order: a subject's "standing changed" does not overtake its "licence issued".
    for topic, run in groupby(events, key=lambda event: event.topic):
        events = list(run)
        with _handling(topic, events):
            await handlers[topic](tx, events)


def _handling(topic: str, events: Sequence[Event]) -> spans.Span:
    return spans.span(
        f"handle {topic}",
        spans.Kind.CONSUMER,
        messaging__destination__name=topic,
        messaging__batch__message_count=len(events),
    ).follows(event.trace for event in events)


async def _postpone(database: Database, event: Event, error: Exception, now: datetime) -> Drained:
    # The type and a code only: the text of an error may quote a value.
    reason = getattr(error, "code", None) or type(error).__name__
    attempts = event.attempts + 1
    _log.warning(
        "event failed",
        extra={"event": str(event.id), "topic": event.topic, "attempt": attempts, "reason": reason},
    )
    if attempts >= ATTEMPTS:
        await _park(database, event, attempts, reason, now)
        return Drained(0, 0, 1)
    wait = min(_FIRST_WAIT_S * 2 ** (attempts - 1), _LONGEST_WAIT_S)
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE outbox SET attempts = $3, due_at = $4, last_error = $5 WHERE bucket = $1 AND id = $2",
            event.bucket, event.id, attempts, now + timedelta(seconds=wait), reason,
        )  # fmt: skip
    return Drained(0, 1, 0)


async def _put_off(database: Database, event: Event, now: datetime) -> None:
    """It waits as long again as it has waited: whatever lies behind it has its turn first, and no attempt is counted."""
    waited_s = (now - event.created_at).total_seconds()
    wait = min(max(waited_s, _FIRST_WAIT_S), _LONGEST_PUT_OFF_S)
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE outbox SET due_at = $3, last_error = $4 WHERE bucket = $1 AND id = $2",
            event.bucket, event.id, now + timedelta(seconds=wait), Unavailable.code,
        )  # fmt: skip


async def _park(database: Database, event: Event, attempts: int, reason: str, now: datetime) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            """
            WITH gone AS (DELETE FROM outbox WHERE bucket = $1 AND id = $2 RETURNING *)
            INSERT INTO outbox_parked
                   (bucket, id, topic, subject, body, created_at, attempts, last_error, parked_at)
            SELECT bucket, id, topic, subject, body, created_at, $3, $4, $5 FROM gone
            """,
            event.bucket, event.id, attempts, reason, now,
        )  # fmt: skip


async def unpark(tx: Connection, now: datetime, *, topic: str | None = None) -> int:
    """Parked events (of `topic`, or all) wait again from the start; returns how many."""
    rows = await tx.fetch(
        """
        WITH back AS (DELETE FROM outbox_parked WHERE $1::text IS NULL OR topic = $1 RETURNING *)
        INSERT INTO outbox (bucket, id, topic, subject, body, created_at, due_at, last_error)
        SELECT bucket, id, topic, subject, body, created_at, $2, last_error FROM back
        RETURNING id
        """,
        topic, now,
    )  # fmt: skip
    return len(rows)


async def depth(tx: Connection) -> dict[str, int]:
    """How many events wait, by topic; parked ones under `parked`."""
    rows = await tx.fetch("SELECT topic, count(*) AS n FROM outbox GROUP BY topic")
    answer = {row["topic"]: int(row["n"]) for row in rows}
    answer["parked"] = int(await tx.fetchval("SELECT count(*) FROM outbox_parked"))
    return answer


def _event(row: Row) -> Event:
    return Event(**dict(row))


async def subjects(tx: Connection, topic: str) -> set[UUID]:
    """Whose events of `topic` wait; for the check that must not call a lag a fault."""
    rows = await tx.fetch("SELECT DISTINCT subject FROM outbox WHERE topic = $1", topic)
    return {row["subject"] for row in rows}


CHECKS: Final = (
    Check(
        "no event was given up on",
        "SELECT id AS subject, topic || ' after ' || attempts || ' attempts' AS found FROM outbox_parked LIMIT $1",
    ),
)
