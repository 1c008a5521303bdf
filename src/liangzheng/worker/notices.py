"""The notices worker: change notices to companies. A loop of its own, so that a slow receiver holds up nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from liangzheng import relying
from liangzheng.wiring import Wiring


def notices_batch(wiring: Wiring) -> Callable[[], Awaitable[bool]]:
    """A batch of due notices; whether there was one."""

    async def batch() -> bool:
        sent = await relying.send_due(wiring.database, wiring.key_index, wiring.webhooks, wiring.clock.now())
        return sent > 0

    return batch
