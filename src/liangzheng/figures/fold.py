"""Counters folded from events, in the transaction that takes the events from the outbox: each counts exactly
once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from liangzheng.figures import store
from liangzheng.figures.model import Counted, Figure
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.time import civil_day


async def fold(tx: Connection, events: Sequence[Event], authorities: Authorities) -> None:
    """The counters of what happened grow, on the civil day it happened, where the licence was issued."""
    counts = Counter(_figure(event, authorities) for event in events)
    if counts:
        await store.add(tx, counts)


def _figure(event: Event, authorities: Authorities) -> Figure:
    reissued = event.topic == Counted.LICENCE_ISSUED and event.body.get("origin") in ("reissue", "photo")
    measure = Counted.LICENCE_REISSUED if reissued else Counted(event.topic)
    authority = event.body.get("authority")
    division = authorities.get(authority).province_prefix if authority else ""
    return Figure(measure, civil_day(event.created_at), division)
