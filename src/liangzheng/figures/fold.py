"""Counters folded from events, in the transaction that takes the events from the outbox: each counts exactly
once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from liangzheng.figures import store
from liangzheng.figures.model import Counted, Figure, Part
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.time import civil_day


async def fold(tx: Connection, events: Sequence[Event], authorities: Authorities) -> None:
    """The counters of what happened grow, on the civil day it happened, where the licence was issued."""
    happened = [
        (measure, event.created_at, event.body.get("authority"), _reason(event))
        for event in events
        if (measure := _measure(event)) is not None
    ]
    await _add(tx, happened, authorities)


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


def _measure(event: Event) -> Counted | None:
    """None for what nobody asked for: a version the platform meant to make by itself and could not. An event of before 0034
    says no origin and counts as it did then."""
    topic, origin = Counted(event.topic), event.body.get("origin")
    return _OTHERWISE.get((topic, origin), topic)


_OTHERWISE: Final[Mapping[tuple[Counted, object], Counted | None]] = {
    (Counted.LICENCE_ISSUED, "reissue"): Counted.LICENCE_REISSUED,
    (Counted.LICENCE_ISSUED, "photo"): Counted.LICENCE_REISSUED,
    (Counted.APPLICATION_ACCEPTED, "photo"): Counted.REPLACEMENT_ACCEPTED,
    (Counted.APPLICATION_REFUSED, "photo"): Counted.REPLACEMENT_REFUSED,
    (Counted.APPLICATION_REFUSED, "reissue"): None,
}


def _reason(event: Event) -> str:
    return str(event.body.get("refusal") or "") if event.topic == Counted.APPLICATION_REFUSED else ""
