"""Which events a person hears of, and what the message then holds: facts in, message out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from liangzheng.kernel.ids import HeldActId
from liangzheng.messages.model import SMS_ALWAYS, SMS_BY_DEFAULT, Kind, Message

EXPIRY_NOTICE_DAYS: Final = 90
"""A licence may be renewed from 90 days before it expires (Order 162 art. 63; docs/reference.md §2.5)."""

_KEPT: Final = {
    Kind.APPLICATION_ACCEPTED: ("application_id",),
    Kind.APPLICATION_REFUSED: ("application_id", "refusal", "reasons"),
    Kind.PHOTO_UNDER_REVIEW: ("application_id", "due_day", "provisional"),
    Kind.PHOTO_REPLACED: ("licence_id", "version"),
    Kind.LICENCE_ISSUED: ("licence_id", "version"),
    Kind.LICENCE_REISSUED: ("licence_id", "version"),
    Kind.LICENCE_WITHDRAWN: ("licence_id", "version"),
    Kind.STANDING_CHANGED: ("changed",),
    Kind.MOBILE_CHANGE_ASKED: ("held_act_id",),
    Kind.CLOSING_ASKED: ("held_act_id",),
    Kind.PHOTO_REVIEW_LATE: ("application_id",),
    Kind.LOOKED_UP: ("look_up_id",),
    Kind.CONSENT_GIVEN: ("company_id", "standing"),
    Kind.CONSENT_WITHDRAWN: ("company_id",),
    Kind.RETENTION_ENDED: ("how",),
    Kind.FACE_UNDER_REVIEW: ("face_check_id", "due_day", "provisional"),
    Kind.FACE_REVIEW_LATE: ("face_check_id",),
    Kind.FACE_REVIEW_ENDED: ("face_check_id",),
    Kind.FACE_APPROVED: ("face_check_id",),
    Kind.FACE_REFUSED: ("face_check_id", "reasons"),
}

OF_ACCOUNTS: Final = {
    "phone-key.bound": Kind.PHONE_KEY_BOUND,
    "phone-key.ended": Kind.PHONE_KEY_ENDED,
    "passkey.added": Kind.PASSKEY_ADDED,
    "passkey.removed": Kind.PASSKEY_REMOVED,
    "password.reset": Kind.PASSWORD_RESET,
    "mobile-change.asked": Kind.MOBILE_CHANGE_ASKED,
    "mobile-change.stopped": Kind.MOBILE_CHANGE_STOPPED,
    "mobile-change.done": Kind.MOBILE_CHANGE_DONE,
    "mobile-change.failed": Kind.MOBILE_CHANGE_FAILED,
    "account-closing.asked": Kind.CLOSING_ASKED,
    "account-closing.stopped": Kind.CLOSING_STOPPED,
    "correction.answered": Kind.CORRECTION_ANSWERED,
    "face-review.opened": Kind.FACE_UNDER_REVIEW,
    "face-review.escalated": Kind.FACE_REVIEW_LATE,
    "face-review.ended": Kind.FACE_REVIEW_ENDED,
    "face-check.approved": Kind.FACE_APPROVED,
    "face-check.refused": Kind.FACE_REFUSED,
}
"""Topics whose subject is the person, and the message each makes."""

TOLD: Final = frozenset({"points", "status", "classes", "valid_until", "extended_until", "issuing_authority"})
"""Changes of standing a holder hears of; the others belong to these or are the office's own book-keeping."""


def decide_message(topic: str, body: Mapping[str, Any]) -> tuple[Kind, Mapping[str, Any]] | None:
    """The message an event makes, or None for one nobody needs to hear of, or hears of by another (`told_by`).

    Source: docs/reference.md §4.2 no. 3 and 4 (review within one working day; result by SMS and in-app message), §4.3
    (the licence is made anew by itself); PIPL art. 17, 44 (to know what is done with one's data).
    """
    kind = _kind(topic, body)
    if kind is None or "told_by" in body:
        return None
    detail = {name: body[name] for name in _KEPT.get(kind, ()) if name in body}
    if kind is Kind.STANDING_CHANGED:
        changed = sorted(TOLD & set(detail.get("changed", ())))
        return (kind, {"changed": changed}) if changed else None
    return kind, detail


def _kind(topic: str, body: Mapping[str, Any]) -> Kind | None:
    if topic == "licence.issued":
        origin = body.get("origin")
        if origin == "photo":
            return None  # told as photo.replaced
        return Kind.LICENCE_ISSUED if origin == "holder" else Kind.LICENCE_REISSUED
    if topic == "register.changed":  # all else of it is told as standing.changed
        return Kind.ADDRESS_CHANGED if body.get("kind") == "address" else None
    return {
        "application.accepted": Kind.APPLICATION_ACCEPTED,
        "application.under-review": Kind.PHOTO_UNDER_REVIEW,
        "photo.replaced": Kind.PHOTO_REPLACED,
        "application.refused": Kind.APPLICATION_REFUSED,
        "licence.withdrawn": Kind.LICENCE_WITHDRAWN,
        "standing.changed": Kind.STANDING_CHANGED,
        "review.escalated": Kind.PHOTO_REVIEW_LATE,
        "driver.looked-up": Kind.LOOKED_UP,
        "record.shown": Kind.RECORD_SHOWN,
        "consent.given": Kind.CONSENT_GIVEN,
        "consent.withdrawn": Kind.CONSENT_WITHDRAWN,
        "licence.retained": Kind.LICENCE_RETAINED,
        "retention.ended": Kind.RETENTION_ENDED,
        "licence.suspended": Kind.LICENCE_SUSPENDED,
        "licence.restored": Kind.LICENCE_RESTORED,
        "record.corrected": Kind.RECORD_CORRECTED,
        **OF_ACCOUNTS,
    }.get(topic)


def wants_sms(kind: Kind, choices: Mapping[Kind, bool]) -> bool:
    """Whether this person gets a text message of this kind: what keeps the account safe always, else
    their own choice, else what is usual."""
    return kind in SMS_ALWAYS or choices.get(kind, kind in SMS_BY_DEFAULT)


def held_act(message: Message) -> HeldActId | None:
    """The act a message is the notice of."""
    found = message.detail.get("held_act_id")
    return HeldActId.parse(found) if found is not None else None


def decide_expiry_notice(today: date, valid_until: date) -> bool:
    """Whether a licence that ends on `valid_until`, its last good day, is to be announced on `today`.

    From 90 days before until the day itself; a licence that is over is another matter (status M).
    """
    return 0 <= (valid_until - today).days <= EXPIRY_NOTICE_DAYS
