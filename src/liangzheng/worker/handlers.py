"""Event → act, one table. A handler's effect and the event's removal are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from liangzheng import accounts, figures, licences, messages, relying, showing
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.outbox import Event, Handler
from liangzheng.infra.postgres import Connection
from liangzheng.infra.sms import Sms
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy

_TOLD = (
    "register.changed",
    "phone-key.bound",
    "passkey.added",
    "passkey.removed",
    "password.reset",
    "mobile-change.asked",
    "mobile-change.stopped",
    "mobile-change.done",
    "mobile-change.failed",
    "account-closing.asked",
    "account-closing.stopped",
    "correction.answered",
    "face-review.opened",
    "face-review.escalated",
    "face-review.ended",
    "face-check.approved",
    "face-check.refused",
    "record.corrected",
    "driver.looked-up",
    "record.shown",
    "licence.retained",
    "retention.ended",
    "licence.suspended",
    "licence.restored",
    "application.under-review",
    "review.escalated",
    "photo.replaced",
    "consent.given",
    "consent.withdrawn",
)
"""Topics of which the person is told, and nothing else comes of them."""


def handlers(
    authorities: Authorities,
    now: Callable[[], datetime],
    policy: StatusPolicy = DEFAULT_POLICY,
) -> Mapping[str, Handler]:
    """The handler of every topic there is but those of `sms_handlers`; tests/worker compares both with what contexts put."""

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
        await accounts.follow_closed_accounts(tx, events, now())
        await licences.follow_closed_accounts(tx, events, now(), policy)
        await messages.follow_closed_accounts(tx, events, now())
        await relying.follow_closed_accounts(tx, events, now())

    async def follow_companies(tx: Connection, events: Sequence[Event]) -> None:
        await showing.follow_companies(tx, events, now())

    async def nothing_to_do(tx: Connection, events: Sequence[Event]) -> None:
        """A closing that could not be done leaves everything as it was."""

    return {
        **dict.fromkeys(_TOLD, tell),
        "standing.changed": both(follow_standing, tell, tell_companies),
        # A new phone key alone gives no credential: its holder asks for one.
        "phone-key.ended": both(follow_phone_keys, tell),
        "account-closing.failed": nothing_to_do,
        "account.closed": follow_closed_accounts,
        "application.accepted": both(count, tell),
        "application.refused": both(count, tell),
        "licence.issued": both(count, tell, tell_companies),
        "licence.withdrawn": both(count, tell, tell_companies),
        "company.moved": follow_companies,
    }


def sms_handlers(sms: Sms, key_index: KeyIndex, now: Callable[[], datetime]) -> Mapping[str, Handler]:
    """Topics that wait for a gateway outside, drained apart: a slow gateway holds nothing else up."""

    async def send(tx: Connection, events: Sequence[Event]) -> None:
        await messages.send_sms(tx, events, sms, key_index, now())

    return {"message.sms-due": send}


def both(*handlers: Handler) -> Handler:
    """One after the other, in the same transaction."""

    async def apply(tx: Connection, events: Sequence[Event]) -> None:
        for handler in handlers:
            await handler(tx, events)

    return apply
