"""What a person does with their messages: reads them, and says which are to come by text message too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from liangzheng import relying
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import CompanyId, MessageId, PersonId
from liangzheng.kernel.pages import Place
from liangzheng.messages import store
from liangzheng.messages.model import Kind, Message, Text
from liangzheng.messages.rules import wants_sms
from liangzheng.messages.texts import words


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of messages, newest first, and how many of all are unread. `companies`: names of those they are about."""

    messages: list[Message]
    unread: int
    companies: Mapping[CompanyId, str] = field(default_factory=dict)

    def words(self, message: Message) -> Text:
        """What its person reads."""
        about = company_of(message)
        return words(message.kind, message.detail, self.companies.get(about) if about else None)


async def inbox(db: Database, person_id: PersonId, before: Place, limit: int = 50) -> Inbox:
    """The person's messages from before a place; at most 200."""
    async with db.read() as tx:
        found = await store.of_person(tx, person_id, before, min(limit, 200))
        about = sorted({company for message in found if (company := company_of(message))})
        companies = await relying.companies_of(tx, about) if about else []
        unread = await store.unread(tx, person_id)
        return Inbox(found, unread, {company.id: company.name for company in companies})


def company_of(message: Message) -> CompanyId | None:
    """The company a message is about, if it is about one."""
    told = message.detail.get("company_id")
    return None if told is None else CompanyId.parse(told)


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
