"""What a person does with their messages: reads them, and says which are to come by text message too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import MessageId, PersonId
from liangzheng.messages import store
from liangzheng.messages.model import Kind, Message
from liangzheng.messages.rules import wants_sms


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of messages, newest first, and how many of all are unread."""

    messages: list[Message]
    unread: int


async def inbox(db: Database, person_id: PersonId, before: datetime, limit: int = 50) -> Inbox:
    """The person's messages from before an instant; at most 200."""
    async with db.read() as tx:
        found = await store.of_person(tx, person_id, before, min(limit, 200))
        return Inbox(found, await store.unread(tx, person_id))


async def mark_read(tx: Connection, person_id: PersonId, message_id: MessageId, now: datetime) -> None:
    """It is read; saying so again changes nothing. Raises NotFound, also for another's."""
    if not await store.mark_read(tx, person_id, message_id, now):
        raise NotFound("there is no such message")


async def choices(tx: Connection, person_id: PersonId) -> Mapping[Kind, bool]:
    """For every kind whether this person gets a text message of it."""
    chosen = (await store.choices(tx, [person_id])).get(person_id, {})
    return {kind: wants_sms(kind, chosen) for kind in Kind}


async def choose(
    tx: Connection, person_id: PersonId, chosen: Mapping[Kind, bool], now: datetime
) -> Mapping[Kind, bool]:
    """These kinds are as the person says; the choices after that."""
    if chosen:
        await store.choose(tx, person_id, chosen, now)
    return await choices(tx, person_id)
