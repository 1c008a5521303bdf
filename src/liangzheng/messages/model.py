"""What a person is told: the kinds of messages, and one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from liangzheng.kernel.ids import MessageId, PersonId


class Kind(StrEnum):
    """What a message is about."""

    APPLICATION_ACCEPTED = "application-accepted"
    APPLICATION_REFUSED = "application-refused"
    PHOTO_UNDER_REVIEW = "photo-under-review"
    PHOTO_REPLACED = "photo-replaced"
    LICENCE_ISSUED = "licence-issued"
    LICENCE_REISSUED = "licence-reissued"
    LICENCE_WITHDRAWN = "licence-withdrawn"
    STANDING_CHANGED = "standing-changed"
    LICENCE_EXPIRING = "licence-expiring"
    LOOKED_AT = "looked-at"


SMS_BY_DEFAULT = frozenset(
    {
        Kind.APPLICATION_REFUSED,
        Kind.LICENCE_ISSUED,
        Kind.LICENCE_REISSUED,
        Kind.LICENCE_WITHDRAWN,
        Kind.LICENCE_EXPIRING,
        Kind.PHOTO_REPLACED,
    }
)
"""The result comes by SMS and in the app (docs/reference.md §4.2); what happens daily, in the app only."""


class SmsState(StrEnum):
    """What became of the text message that goes with a message."""

    NONE = "none"
    WANTED = "wanted"
    SENT = "sent"
    REFUSED = "refused"
    """The gateway will never send it: a number out of service."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a person. `detail` holds codes and numbers, from which the words are made when it is read."""

    person_id: PersonId
    id: MessageId
    kind: Kind
    at: datetime
    detail: Mapping[str, Any]
    read_at: datetime | None = None
    sms: SmsState = SmsState.NONE
    once: str | None = None
    """What is told once only, within the kind."""


@dataclass(frozen=True, slots=True)
class Text:
    """One message in both languages."""

    zh: str
    en: str
