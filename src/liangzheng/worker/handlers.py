"""Event → act, one table. A handler's effect and the event's removal are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from liangzheng import figures, licences, messages, relying, showing
from liangzheng.infra.outbox import Event, Handler
from liangzheng.infra.postgres import Connection
from liangzheng.infra.sms import Sms
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy


def handlers(
    authorities: Authorities, now: Callable[[], datetime], policy: StatusPolicy = DEFAULT_POLICY
) -> Mapping[str, Handler]:
    """The handler of every topic there is. tests/worker compares this table with what contexts put."""

    async def follow_standing(tx: Connection, events: Sequence[Event]) -> None:
        await licences.follow_standing(tx, events, now(), policy)

    async def follow_phone_keys(tx: Connection, events: Sequence[Event]) -> None:
        await licences.follow_phone_keys(tx, events, now())

    async def count(tx: Connection, events: Sequence[Event]) -> None:
        await figures.fold(tx, events, authorities)

    async def tell(tx: Connection, events: Sequence[Event]) -> None:
        await messages.tell(tx, events, now())

    async def tell_companies(tx: Connection, events: Sequence[Event]) -> None:
        await relying.follow_changes(tx, events, now())

    async def follow_closed_accounts(tx: Connection, events: Sequence[Event]) -> None:
        await relying.follow_closed_accounts(tx, events, now())

    async def follow_companies(tx: Connection, events: Sequence[Event]) -> None:
        await showing.follow_companies(tx, events, now())

    async def nothing_to_do(tx: Connection, events: Sequence[Event]) -> None:
        """What staff did, and what a register told, has its effect with `standing.changed`; a driver reads consents and
        looks of companies in lists of their own; a late review is on the list reviewers and operators read.
        """

    return {
        "standing.changed": both(follow_standing, tell, tell_companies),
        "register.changed": nothing_to_do,
        # A new phone key alone gives no credential: its holder asks for one.
        "phone-key.ended": both(follow_phone_keys, tell),
        "phone-key.bound": tell,
        "passkey.added": tell,
        "passkey.removed": tell,
        "password.reset": tell,
        "mobile-change.asked": tell,
        "mobile-change.stopped": tell,
        "mobile-change.done": tell,
        "mobile-change.failed": tell,
        "account-closing.asked": tell,
        "account-closing.stopped": tell,
        "account-closing.failed": nothing_to_do,
        "account.closed": follow_closed_accounts,
        "correction.answered": tell,
        "record.corrected": nothing_to_do,
        "driver.looked-up": nothing_to_do,
        "licence.retained": nothing_to_do,
        "retention.ended": nothing_to_do,
        "licence.suspended": nothing_to_do,
        "licence.restored": nothing_to_do,
        "application.under-review": tell,
        "review.escalated": nothing_to_do,
        "photo.replaced": tell,
        "application.accepted": both(count, tell),
        "application.refused": both(count, tell),
        "licence.issued": both(count, tell, tell_companies),
        "licence.withdrawn": both(count, tell, tell_companies),
        "company.moved": follow_companies,
        "consent.given": nothing_to_do,
        "consent.withdrawn": nothing_to_do,
        "company.looked": nothing_to_do,
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
