"""Change notices: "something about this pseudonym changed, ask again", never what; signed, retried, given up.

The network is asked outside of any transaction: a claim leases some notices, they are sent side by side, and
what became of each is written down. A sender that dies leaves its notices to the next when the lease ends, so
one may come twice; its id tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from liangzheng import accounts, audit
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.webhooks import NotTaken, Webhooks
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import CompanyId, DriverId, NoticeId
from liangzheng.kernel.time import civil_day
from liangzheng.relying.lifecycle import NoticeEvent, NoticeState
from liangzheng.relying.model import CompanyCaller, Notice, NoticeToSend
from liangzheng.relying.pseudonyms import webhook_key
from liangzheng.relying.register import key_id
from liangzheng.relying.rules import decide_retry
from liangzheng.relying.store import notices
from liangzheng.standards import httpsig

LEASE: Final = timedelta(seconds=60)
"""Longer than the network may take for one notice (infra/webhooks.py)."""

AT_ONCE: Final = 32
LABEL: Final = "lz"
COVERED: Final = ("@method", "@target-uri", "content-type", "content-digest")
TAG: Final = "lz-notice-1"


async def follow_changes(tx: Connection, events: Sequence[Event], now: datetime) -> None:
    """Whoever has a standing consent of these drivers, and registered notices, is told soon. The events'
    subjects are drivers; an event that comes twice while its notice waits makes none of its own."""
    drivers = sorted({DriverId(event.subject) for event in events})
    told = await notices.to_be_told(tx, drivers, civil_day(now))
    if told:
        await notices.add(tx, told, now)


async def send_due(db: Database, keys: KeyIndex, webhooks: Webhooks, now: datetime) -> int:
    """Due notices are sent, at most `AT_ONCE`; how many were in hand."""
    async with db.transaction() as tx:
        claimed = await notices.claim(tx, now, LEASE, civil_day(now), AT_ONCE)
        people = await accounts.people_of(tx, sorted({one.driver_id for one in claimed}))
    claimed = [
        one if one.giver is not None and people.get(one.driver_id) == one.giver else replace(one, url=None)
        for one in claimed
    ]
    # Every one to its end, also where one fails in a way nobody foresaw: or what the others delivered would come twice.
    results = await asyncio.gather(
        *(_send(keys, webhooks, one, now) for one in claimed), return_exceptions=True
    )
    for one, result in zip(claimed, results, strict=True):
        if not isinstance(result, BaseException):
            event, error = result
            async with db.transaction() as tx:
                await _note(tx, one.notice, event, error, now)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return len(claimed)


def body_of(notice: Notice) -> bytes:
    """What is sent: the same octets at every attempt. Nothing about the driver but the company's own name for
    them."""
    said = {
        "notice": str(notice.id),
        "event": "changed",
        "pseudonym": str(notice.pseudonym),
        "purpose": notice.purpose,
        "at": notice.made_at,
    }
    return msgspec.json.encode(said)


def signed(url: str, body: bytes, key: bytes, generation: int, now: datetime) -> dict[str, str]:
    """The header fields of a notice: type, digest and signature (RFC 9421, hmac-sha256)."""
    fields = {"Content-Type": "application/json", "Content-Digest": httpsig.content_digest(body)}
    request = httpsig.Request("POST", url, {name.lower(): [value] for name, value in fields.items()})
    params = httpsig.Params(COVERED, int(now.timestamp()), key_id(generation), "hmac-sha256", tag=TAG)
    return fields | httpsig.sign(request, params, key, LABEL)


async def notices_of(
    tx: Connection, who: CompanyCaller, before: NoticeId | None = None, limit: int = 50
) -> list[Notice]:
    """A company's notices and what became of them, newest first."""
    return await notices.listed(tx, who.id, before, min(limit, 200))


async def webhook_state(tx: Connection, company_id: CompanyId) -> tuple[dict[NoticeState, int], str | None]:
    """How many of a company's notices stand where, and why the newest one tried was not taken; None where it was."""
    return await notices.counts(tx, company_id), await notices.last_error(tx, company_id)


async def ask_again(tx: Connection, who: CompanyCaller, notice_id: NoticeId, now: datetime) -> None:
    """A notice that was given up is tried again. Raises NotFound, also for one that is not parked."""
    if not await notices.ask_again(tx, who.id, notice_id, now):
        raise NotFound("no notice of yours with this id was given up")
    await audit.record(
        tx, act="notice.asked-again", actor=audit.Actor("company", who.id), subject=notice_id,
        purpose="change notices", now=now,
    )  # fmt: skip


async def _send(
    keys: KeyIndex, webhooks: Webhooks, one: NoticeToSend, now: datetime
) -> tuple[NoticeEvent, str | None]:
    notice = one.notice
    if one.url is None:
        return NoticeEvent.NOBODY_TO_TELL, None
    body = body_of(notice)
    key = webhook_key(keys, notice.company_id, one.webhook_key)
    try:
        status = await webhooks.post(one.url, signed(one.url, body, key, one.webhook_key, now), body)
    except NotTaken as trouble:
        return NoticeEvent.NOT_TAKEN, trouble.reason
    if 200 <= status < 300:
        return NoticeEvent.TAKEN, None
    return NoticeEvent.NOT_TAKEN, f"status-{status}"


async def _note(tx: Connection, notice: Notice, event: NoticeEvent, error: str | None, now: datetime) -> None:
    wait = decide_retry(notice.attempts) if event is NoticeEvent.NOT_TAKEN else timedelta(0)
    if wait is None:
        event, wait = NoticeEvent.GIVEN_UP, timedelta(0)
    await notices.move(tx, notice, event, now, due_at=now + wait, error=error)
