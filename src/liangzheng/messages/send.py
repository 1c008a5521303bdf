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
from liangzheng.infra.sms import Sms
from liangzheng.kernel.errors import Invalid, NotFound, Unavailable
from liangzheng.kernel.ids import HeldActId, MessageId, PersonId
from liangzheng.messages import store
from liangzheng.messages.model import Message, SmsState
from liangzheng.messages.texts import sms_words, stop_words

GATEWAY_WITHIN_S: Final = 10.0


async def send_sms(
    tx: Connection, events: Sequence[Event], sms: Sms, key_index: KeyIndex, now: datetime
) -> None:
    """Each message went to its person's mobile, or never will. Raises Unavailable when the gateway is: the events wait."""
    asked = [(PersonId(event.subject), MessageId.parse(event.body["message_id"])) for event in events]
    for message in await store.awaiting_sms(tx, asked):
        await store.sms_ended(tx, message, await _sent(tx, message, sms, key_index), now)


async def _sent(tx: Connection, message: Message, sms: Sms, key_index: KeyIndex) -> SmsState:
    try:
        mobile = (await accounts.account(tx, message.person_id)).mobile
        text = sms_words(message.kind, message.detail)
        # In the text message alone: what is in the app, whoever sits in the account reads too.
        if held_act := message.detail.get("held_act_id"):
            text += stop_words(accounts.stop_word(key_index, HeldActId.parse(held_act))).zh
        await asyncio.wait_for(sms.send(mobile, f"【亮证】{text}", str(message.id)), GATEWAY_WITHIN_S)
    except TimeoutError:
        raise Unavailable("the SMS gateway does not answer") from None
    except (Invalid, NotFound):  # a number it will never serve, or an account that is closed
        return SmsState.REFUSED
    return SmsState.SENT
