"""Counters folded from events, in the transaction that takes the events from the outbox: each counts exactly
once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from liangzheng.figures import store
from liangzheng.figures.model import Counted, Figure, Part
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.time import civil_day


async def fold(tx: Connection, events: Sequence[Event], authorities: Authorities) -> None:
    """The counters of what happened grow, on the civil day it happened, where the licence was issued."""
    await _add(
        tx, [(_measure(event), event.created_at, event.body.get("authority"), _reason(event)) for event in events],
        authorities,
    )  # fmt: skip


async def count_looks(
    tx: Connection, looks: Sequence[tuple[str, datetime]], authorities: Authorities, until: datetime
) -> None:
    """Verifications, each by the authority of the licence and when it was, are counted, and are all there are up to
    `until`. In the transaction in which `counted_to` was read."""
    await _add(tx, [(Counted.CODE_VERIFIED, at, authority, "") for authority, at in looks], authorities)
    await store.set_mark(tx, Counted.CODE_VERIFIED, until)


_Happened = tuple[Counted, datetime, str | None, str]


async def _add(tx: Connection, happened: Sequence[_Happened], authorities: Authorities) -> None:
    if not happened:
        return
    counts: Counter[Figure] = Counter()
    parts: Counter[Part] = Counter()
    for measure, at, authority, reason in happened:
        day = civil_day(at)
        province = authorities.get(authority).province_prefix if authority else ""
        city = authorities.prefecture_of(authority) if authority else None
        counts[Figure(measure, day, province)] += 1
        parts[Part(measure, day, city.code if city else "", reason)] += 1
    await store.add(tx, counts)
    await store.add_parts(tx, parts)


def _measure(event: Event) -> Counted:
    reissued = event.topic == Counted.LICENCE_ISSUED and event.body.get("origin") in ("reissue", "photo")
    return Counted.LICENCE_REISSUED if reissued else Counted(event.topic)


def _reason(event: Event) -> str:
    return str(event.body.get("refusal") or "") if event.topic == Counted.APPLICATION_REFUSED else ""
