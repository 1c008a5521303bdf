"""The text messages that go with messages: handed to the gateway at least once, under a reference it knows again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from liangzheng import accounts
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.infra.sms import NoSms, Sms
from liangzheng.kernel.errors import Invalid, NotFound, Unavailable
from liangzheng.kernel.ids import HeldActId, MessageId, PersonId
from liangzheng.messages import store
from liangzheng.messages.model import Message, SmsState
from liangzheng.messages.rules import held_act
from liangzheng.messages.texts import sms_words, stop_words

GATEWAY_WITHIN_S: Final = 10.0


async def send_sms(
    tx: Connection, events: Sequence[Event], sms: Sms, key_index: KeyIndex, now: datetime
) -> None:
    """Each message went to its person's mobile, or never will. Raises Unavailable when the gateway is: the events wait.

    A held act whose notice went is noticed from `now` on. In a deployment without a gateway (NoSms) the message in the app is
    all the notice there is, and counts as such.
    """
    asked = [(PersonId(event.subject), MessageId.parse(event.body["message_id"])) for event in events]
    noticed = []
    for message in await store.awaiting_sms(tx, asked):
        act = held_act(message)
        if act is not None and not await accounts.is_held(tx, message.person_id, act):
            act = None  # it has ended: the mobile may be another by now, and there is nothing to stop
            state = SmsState.NONE
        elif isinstance(sms, NoSms):
            state = SmsState.NONE
        else:
            state = await _sent(tx, message, act, sms, key_index)
        await store.sms_ended(tx, message, state, now)
        # The gateway's last word that a number is out of service counts too: who lost it could never change it.
        if act is not None:
            noticed.append((message.person_id, act))
    # After all are sent: whoever stops an act does not wait for the gateway.
    for person_id, act in noticed:
        await accounts.owner_noticed(tx, person_id, act, now)


async def _sent(
    tx: Connection, message: Message, act: HeldActId | None, sms: Sms, key_index: KeyIndex
) -> SmsState:
    try:
        mobile = (await accounts.account(tx, message.person_id)).mobile
        text = sms_words(message.kind, message.detail)
        # In the text message alone: what is in the app, whoever sits in the account reads too.
        if act is not None:
            text += stop_words(accounts.stop_word(key_index, act)).zh
        await asyncio.wait_for(sms.send(mobile, f"【亮证】{text}", str(message.id)), GATEWAY_WITHIN_S)
    except TimeoutError:
        raise Unavailable("the SMS gateway does not answer") from None
    except (Invalid, NotFound):  # a number it will never serve, or an account that is closed
        return SmsState.REFUSED
    return SmsState.SENT
