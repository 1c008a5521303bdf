"""What a person is told: in the app, and by text message where they want it.

`tell` is the handler of the events others put; a message is made in the transaction that takes its event from the
outbox, so that none is lost and none comes twice. `tell_looks` and `tell_expiry` are jobs of the schedule for what no
event says: looks, by codes shown and by consent, and a licence that runs out. Messages hold codes, never names, numbers
or a standing; words are made when they are read. A message that was read ends with time (`prune`), as does everything of
a closed account (`follow_closed_accounts`).

Events put: `message.sms-due` (subject: the person; body: message_id), followed by `send_sms`.
"""

from __future__ import annotations

from liangzheng.messages.forget import follow_closed_accounts, prune
from liangzheng.messages.look_around import tell_expiry, tell_looks
from liangzheng.messages.model import Kind, Message, SmsState, Text
from liangzheng.messages.read import Inbox, choices, choose, inbox, mark_read
from liangzheng.messages.send import send_sms
from liangzheng.messages.tell import tell
from liangzheng.messages.texts import sms_words, words

__all__ = [
    "Inbox",
    "Kind",
    "Message",
    "SmsState",
    "Text",
    "choices",
    "choose",
    "follow_closed_accounts",
    "inbox",
    "mark_read",
    "prune",
    "send_sms",
    "sms_words",
    "tell",
    "tell_expiry",
    "tell_looks",
    "words",
]
