"""The queue worker: events handled, and between them what the schedule says is due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from liangzheng.infra import metrics, outbox
from liangzheng.wiring import Wiring
from liangzheng.worker.handlers import handlers, sms_handlers
from liangzheng.worker.schedule import Schedule


def queue_batch(wiring: Wiring) -> Callable[[], Awaitable[bool]]:
    """A batch of the queue: due events of every topic, then the jobs that are due; whether there was an
    event.
    """
    table = handlers(wiring.reference.authorities, wiring.clock.now, wiring.settings.status_policy)
    schedule = Schedule(wiring)

    async def batch() -> bool:
        done = await outbox.drain(wiring.database, table, wiring.clock.now())
        for outcome, count in (("handled", done.handled), ("failed", done.failed), ("parked", done.parked)):
            metrics.EVENTS.labels(outcome).inc(count)
        await schedule.run_due(wiring.clock.now())
        return done.handled > 0

    return batch


def sms_batch(wiring: Wiring) -> Callable[[], Awaitable[bool]]:
    """A batch of text messages, few at a time: each waits for the gateway inside its transaction. Without a gateway they are
    let go of."""
    table = sms_handlers(wiring.sms, wiring.key_index, wiring.clock.now)

    async def batch() -> bool:
        done = await outbox.drain(wiring.database, table, wiring.clock.now(), limit=20)
        for outcome, count in (("handled", done.handled), ("failed", done.failed), ("parked", done.parked)):
            metrics.EVENTS.labels(outcome).inc(count)
        return done.handled > 0

    return batch
