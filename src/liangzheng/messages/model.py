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
    PHOTO_REVIEW_LATE = "photo-review-late"
    PHOTO_REPLACED = "photo-replaced"
    LICENCE_ISSUED = "licence-issued"
    LICENCE_REISSUED = "licence-reissued"
    LICENCE_WITHDRAWN = "licence-withdrawn"
    STANDING_CHANGED = "standing-changed"
    LICENCE_EXPIRING = "licence-expiring"
    LOOKED_AT = "looked-at"
    LOOKED_UP = "looked-up"
    RECORD_SHOWN = "record-shown"
    COMPANY_ANSWERED = "company-answered"
    CONSENT_GIVEN = "consent-given"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    LICENCE_RETAINED = "licence-retained"
    RETENTION_ENDED = "retention-ended"
    LICENCE_SUSPENDED = "licence-suspended"
    LICENCE_RESTORED = "licence-restored"
    RECORD_CORRECTED = "record-corrected"
    ADDRESS_CHANGED = "address-changed"
    PHONE_KEY_BOUND = "phone-key-bound"
    PHONE_KEY_ENDED = "phone-key-ended"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_REMOVED = "passkey-removed"
    PASSWORD_RESET = "password-reset"  # noqa: S105 -- a kind of message
    MOBILE_CHANGE_ASKED = "mobile-change-asked"
    MOBILE_CHANGE_STOPPED = "mobile-change-stopped"
    MOBILE_CHANGE_DONE = "mobile-change-done"
    MOBILE_CHANGE_FAILED = "mobile-change-failed"
    CLOSING_ASKED = "account-closing-asked"
    CLOSING_STOPPED = "account-closing-stopped"
    CORRECTION_ANSWERED = "correction-answered"
    FACE_UNDER_REVIEW = "face-under-review"
    FACE_REVIEW_LATE = "face-review-late"
    FACE_REVIEW_ENDED = "face-review-ended"
    FACE_APPROVED = "face-approved"
    FACE_REFUSED = "face-refused"


SMS_BY_DEFAULT = frozenset(
    {
        Kind.APPLICATION_REFUSED,
        Kind.LICENCE_ISSUED,
        Kind.LICENCE_REISSUED,
        Kind.LICENCE_WITHDRAWN,
        Kind.LICENCE_EXPIRING,
        Kind.PHOTO_REPLACED,
        Kind.LICENCE_RETAINED,
        Kind.RETENTION_ENDED,
        Kind.LICENCE_SUSPENDED,
        Kind.LICENCE_RESTORED,
        Kind.FACE_APPROVED,
        Kind.FACE_REFUSED,
        Kind.FACE_REVIEW_ENDED,
    }
)
"""The result comes by SMS and in the app (docs/reference.md §4.2); so does what an officer did to the
licence. What happens daily, in the app only."""


SMS_ALWAYS = frozenset(
    {
        Kind.PHONE_KEY_BOUND,
        Kind.PASSKEY_ADDED,
        Kind.PASSKEY_REMOVED,
        Kind.PASSWORD_RESET,
        Kind.MOBILE_CHANGE_ASKED,
        Kind.MOBILE_CHANGE_DONE,
        Kind.CLOSING_ASKED,
    }
)
"""What an owner must hear of even when a thief sits in the account: no choice turns it off."""


OF_LOOKS = frozenset({Kind.LOOKED_AT, Kind.LOOKED_UP, Kind.RECORD_SHOWN, Kind.COMPANY_ANSWERED})
"""What counts looks: it says no more than the holder's list of them, and is kept as long as that, read or not."""


NOTICES = frozenset({Kind.MOBILE_CHANGE_ASKED, Kind.CLOSING_ASKED})
"""Notices of a held act, which is not done before its owner was told."""


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
    """One message in both languages. `sms`: what goes by text message in its place, where a locked screen would tell
    others too much; it says that there is something, and nothing of what."""

    zh: str
    en: str
    sms: str | None = None
