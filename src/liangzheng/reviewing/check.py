"""Whether what was promised of a queue was kept. Only reads."""

from __future__ import annotations

from datetime import date, timedelta

from liangzheng.infra import checks
from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.postgres import Connection
from liangzheng.reviewing import store
from liangzheng.reviewing.queue import Queue, R


def late_unheard(area: str, rule: str, queue: Queue[R], on: date) -> Probe:
    """Open reviews past their promised day that nobody was told of."""

    async def look(tx: Connection) -> list[Finding]:
        # A day more than the promise: the worker that escalates may have been away for the night.
        found = await store.late_unheard(tx, queue, on - timedelta(days=1), checks.MOST_FINDINGS)
        return [Finding(rule, str(review.key[1]), f"promised by {review.due_day}") for review in found]

    return Probe(area, rule, look)
