"""One loop for every background process: work while there is work, wait a little when there is none, stop
when told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from liangzheng.infra import metrics, spans
from liangzheng.infra.trace import CURRENT, Trace
from liangzheng.kernel.errors import Conflict, Unavailable

_log = logging.getLogger(__name__)

_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 1.0
_LONGEST_TROUBLE_S: Final = 30.0


async def work(
    role: str, batch: Callable[[], Awaitable[bool]], stop: asyncio.Event, *, until_empty: bool = False
) -> None:
    """Runs `batch` until `stop` is set, never cutting one off; it returns whether there was something to do.

    With nothing to do the wait grows from 50 ms to a second. A neighbour out of reach is waited for, up to
    30 s a
    time; anything else that is raised is a bug and ends the process. `until_empty` returns when nothing is
    left.
    """
    idle_s, trouble_s = _FIRST_WAIT_S, _LONGEST_WAIT_S
    while not stop.is_set():
        trace = Trace()
        CURRENT.set(trace)
        try:
            with spans.whole(trace, f"batch {role}", role=role) as whole:
                busy = await batch()
                if not busy:
                    whole.drop()
        except (Unavailable, Conflict) as failure:
            metrics.BATCHES.labels(role, "put-off").inc()
            _log.warning("batch put off", extra={"role": role, "reason": failure.code, "seconds": trouble_s})
            await _wait(stop, trouble_s)
            trouble_s = min(trouble_s * 2, _LONGEST_TROUBLE_S)
            continue
        trouble_s = _LONGEST_WAIT_S
        metrics.BATCHES.labels(role, "busy" if busy else "idle").inc()
        if busy:
            idle_s = _FIRST_WAIT_S
            continue
        if until_empty:
            return
        await _wait(stop, idle_s)
        idle_s = min(idle_s * 2, _LONGEST_WAIT_S)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
