"""What the holder is told: messages in the app, and which of them come by text message too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

from fastapi import Query, Request, Response

from liangzheng import messages
from liangzheng.api.auth import Holder
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.newest_first import PageFrom
from liangzheng.api.wired import wired
from liangzheng.api.words import WordsAnswer
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import MessageId
from liangzheng.kernel.pages import Place
from liangzheng.messages import Kind

router = resource("/holder/messages", "holder")

_KINDS: Final = ", ".join(Kind)


class MessageAnswer(Answer):
    """One message. `sms`: none, wanted, sent, or refused by the gateway."""

    message_id: str
    kind: str
    at: datetime
    words: WordsAnswer
    read_at: datetime | None
    sms: str


class InboxAnswer(Answer):
    """Newest first; `next` goes into `after` for the next page, null when there is none."""

    messages: list[MessageAnswer]
    unread: int
    next: str | None


class ChoicesBody(Body):
    """Kinds of messages, and whether each is to come by text message. Kinds left out stay as they are."""

    sms: dict[str, bool]

    def chosen(self) -> dict[Kind, bool]:
        """Raises Invalid for a kind there is none of."""
        try:
            return {Kind(kind): wanted for kind, wanted in self.sms.items()}
        except ValueError:
            raise Invalid("sms", f"kinds of messages: {_KINDS}") from None


class ChoicesAnswer(Answer):
    """Every kind, and whether it comes by text message."""

    sms: dict[str, bool]


@router.get("")
async def read_messages(
    request: Request,
    who: Holder,
    place: PageFrom,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> InboxAnswer:
    """The caller's messages."""
    found = await messages.inbox(wired(request).database, who.person_id, place, limit)
    last = found.messages[-1] if len(found.messages) == limit else None
    return InboxAnswer(
        messages=[_answer(found, message) for message in found.messages],
        unread=found.unread,
        next=str(Place(last.at, last.id.uuid)) if last else None,
    )


@router.put("/{message_id}/read", status_code=204)
async def mark_read(request: Request, who: Holder, message_id: str) -> Response:
    """The message is read; saying so again changes nothing."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await messages.mark_read(tx, who.person_id, MessageId.parse(message_id), wiring.clock.now())
    return Response(status_code=204)


@router.get("/choices")
async def read_choices(request: Request, who: Holder) -> ChoicesAnswer:
    """Which kinds come by text message."""
    async with wired(request).database.read() as tx:
        return _choices(await messages.choices(tx, who.person_id))


@router.put("/choices")
async def choose(request: Request, who: Holder, body: ChoicesBody) -> ChoicesAnswer:
    """These kinds come, or no longer come, by text message."""
    wiring = wired(request)
    chosen = body.chosen()
    async with wiring.database.transaction() as tx:
        return _choices(await messages.choose(tx, who.person_id, chosen, wiring.clock.now()))


def _choices(found: Mapping[Kind, bool]) -> ChoicesAnswer:
    return ChoicesAnswer(sms={kind.value: wanted for kind, wanted in found.items()})


def _answer(inbox: messages.Inbox, message: messages.Message) -> MessageAnswer:
    text = inbox.words(message)
    return MessageAnswer(
        message_id=str(message.id),
        kind=message.kind.value,
        at=message.at,
        words=WordsAnswer(zh=text.zh, en=text.en),
        read_at=message.read_at,
        sms=message.sms.value,
    )
