"""Event → act, one table. A handler's effect and the event's removal are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from liangzheng import figures, licences, messages
from liangzheng.infra.outbox import Event, Handler
from liangzheng.infra.postgres import Connection
from liangzheng.infra.sms import Sms
from liangzheng.kernel.region import Authorities


def handlers(authorities: Authorities, now: Callable[[], datetime]) -> Mapping[str, Handler]:
    """The handler of every topic there is. tests/worker compares this table with what contexts put."""

    async def follow_standing(tx: Connection, events: Sequence[Event]) -> None:
        await licences.follow_standing(tx, events, now())

    async def follow_phone_keys(tx: Connection, events: Sequence[Event]) -> None:
        await licences.follow_phone_keys(tx, events, now())

    async def count(tx: Connection, events: Sequence[Event]) -> None:
        await figures.fold(tx, events, authorities)

    async def tell(tx: Connection, events: Sequence[Event]) -> None:
        await messages.tell(tx, events, now())

    async def nothing_to_do(tx: Connection, events: Sequence[Event]) -> None:
        """A new phone key alone gives no credential; a late review is on the list reviewers and operators read."""

    return {
        "standing.changed": both(follow_standing, tell),
        "phone-key.ended": follow_phone_keys,
        "phone-key.bound": nothing_to_do,
        "application.under-review": tell,
        "review.escalated": nothing_to_do,
        "photo.replaced": tell,
        "application.accepted": both(count, tell),
        "application.refused": both(count, tell),
        "licence.issued": both(count, tell),
        "licence.withdrawn": both(count, tell),
    }


def sms_handlers(sms: Sms, now: Callable[[], datetime]) -> Mapping[str, Handler]:
    """Topics that wait for a gateway outside, drained apart: a slow gateway holds nothing else up."""

    async def send(tx: Connection, events: Sequence[Event]) -> None:
        await messages.send_sms(tx, events, sms, now())

    return {"message.sms-due": send}


def both(*handlers: Handler) -> Handler:
    """One after the other, in the same transaction."""

    async def apply(tx: Connection, events: Sequence[Event]) -> None:
        for handler in handlers:
            await handler(tx, events)

    return apply
