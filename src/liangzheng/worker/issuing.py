"""The issuer process: batches of drafts and signatures, and every few seconds a look for drafts others
left.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from liangzheng.infra import metrics
from liangzheng.licences import BatchResult, Issuer
from liangzheng.wiring import Wiring

_log = logging.getLogger(__name__)

LOOK_FOR_LEFT = timedelta(seconds=5)


def issuer_batch(
    wiring: Wiring, size: int = 500, reached: Callable[[str], None] | None = None
) -> Callable[[], Awaitable[bool]]:
    """A batch of the issuer; whether there was something to do. `reached` is told the named points a batch
    passes.
    """
    points = {"reached": reached} if reached else {}
    issuer = Issuer(
        wiring.database,
        wiring.document_signers,
        wiring.trust,
        wiring.reference.authorities,
        wiring.lives,
        policy=wiring.settings.status_policy,
        fonts=wiring.fonts,
        **points,
    )
    looked: datetime | None = None

    async def batch() -> bool:
        nonlocal looked
        now = wiring.clock.now()
        found = BatchResult()
        if looked is None or not looked <= now < looked + LOOK_FOR_LEFT:
            found = await issuer.recover(now, size)
            looked = now
        result = await issuer.batch(now, size)
        for done in (found, result):
            if done != BatchResult():
                for outcome in ("issued", "postponed", "refused", "abandoned"):
                    metrics.LICENCES.labels(outcome).inc(getattr(done, outcome))
                _log.info(
                    "batch issued",
                    extra={
                        "count": done.issued,
                        "waiting": done.postponed,
                        "rejected": done.refused,
                        "failed": done.abandoned,
                    },
                )
        return bool(result.claimed - result.postponed) or found.issued > 0

    return batch
