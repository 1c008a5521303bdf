"""Messages made from events, in the transaction that takes the events from the outbox: each is told exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from liangzheng import accounts
from liangzheng.infra import outbox
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import DriverId, MessageId, PersonId
from liangzheng.messages import store
from liangzheng.messages.model import Message, SmsState
from liangzheng.messages.rules import OF_ACCOUNTS, decide_message, wants_sms

SMS_DUE: Final = "message.sms-due"
"""A text message is to be sent (subject: the person; body: message_id)."""


async def tell(tx: Connection, events: Sequence[Event], now: datetime) -> None:
    """Who an event concerns has a message of it; a driver nobody has an account for hears nothing."""
    # 1. What is to be told, and to which driver or person.
    told = [(event, message) for event in events if (message := decide_message(event.topic, event.body))]
    drivers = [DriverId(event.subject) for event, _ in told if not _of_person(event)]
    people = await accounts.people_of(tx, drivers) if drivers else {}
    # 2. One message an event: its id is the event's, so that the same event makes no second one.
    messages = []
    for event, (kind, detail) in told:
        person = PersonId(event.subject) if _of_person(event) else people.get(DriverId(event.subject))
        if person is not None:
            messages.append(Message(person, MessageId(event.id), kind, event.created_at, detail))
    # 3. Kept, with the text messages that go with them.
    await keep(tx, messages, now)


def _of_person(event: Event) -> bool:
    """What happens to an account, and an application of somebody who is no driver, is told under the person."""
    return event.topic in OF_ACCOUNTS or (
        event.topic == "application.refused" and event.body.get("driver_id") is None
    )


async def keep(tx: Connection, messages: Sequence[Message], now: datetime, *, counted: bool = False) -> None:
    """The messages are there, and a text message is due where its person wants one."""
    if not messages:
        return
    chosen = await store.choices(tx, list({message.person_id for message in messages}))
    whole = [
        _with_sms(message, wants_sms(message.kind, chosen.get(message.person_id, {}))) for message in messages
    ]
    fresh = await (store.count_up if counted else store.add)(tx, whole)
    due = [
        (message.person_id, {"message_id": str(message.id)})
        for message in whole
        if message.id in fresh and message.sms is SmsState.WANTED
    ]
    await outbox.put_many(tx, SMS_DUE, due, now)


def _with_sms(message: Message, wanted: bool) -> Message:
    state = SmsState.WANTED if wanted else SmsState.NONE
    return Message(
        message.person_id, message.id, message.kind, message.at, message.detail, None, state, message.once
    )
