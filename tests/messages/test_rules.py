"""Which events make which messages, and their words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from liangzheng.licences import REASON_TEXTS, PhotoReason, Refusal
from liangzheng.messages import Kind, words
from liangzheng.messages.model import SMS_ALWAYS, SMS_BY_DEFAULT
from liangzheng.messages.rules import TOLD, decide_expiry_notice, decide_message, wants_sms

IDS = {
    "driver_id": "drv_x",
    "application_id": "app_x",
    "licence_id": "lic_x",
    "version": 2,
    "authority": "苏E",
}


@pytest.mark.parametrize(
    ("topic", "body", "kind"),
    [
        ("application.accepted", IDS, Kind.APPLICATION_ACCEPTED),
        ("application.refused", IDS | {"refusal": "not_open_here_yet"}, Kind.APPLICATION_REFUSED),
        ("licence.issued", IDS | {"origin": "holder"}, Kind.LICENCE_ISSUED),
        ("licence.issued", IDS | {"origin": "reissue"}, Kind.LICENCE_REISSUED),
        ("licence.withdrawn", IDS, Kind.LICENCE_WITHDRAWN),
        ("standing.changed", {"changed": ["points", "class_history"]}, Kind.STANDING_CHANGED),
        ("standing.changed", {"changed": ["class_history"]}, None),
        ("phone-key.bound", IDS, Kind.PHONE_KEY_BOUND),
        ("mobile-change.asked", {"held_act_id": "hld_x"}, Kind.MOBILE_CHANGE_ASKED),
        ("account.closed", {"held_act_id": "hld_x"}, None),
    ],
)
def test_an_event_makes_its_message(topic: str, body: dict[str, object], kind: Kind | None) -> None:
    made = decide_message(topic, body)
    assert (made and made[0]) == kind
    if made is not None:
        assert "driver_id" not in made[1] and "authority" not in made[1], (
            "what the words do not need is not kept"
        )


DETAILS: dict[Kind, dict[str, object]] = {
    Kind.APPLICATION_REFUSED: {"refusal": "not_open_here_yet"},
    Kind.PHOTO_UNDER_REVIEW: {"due_day": "2026-11-23", "provisional": False},
    Kind.STANDING_CHANGED: {"changed": sorted(TOLD)},
    Kind.LICENCE_EXPIRING: {"valid_until": "2027-02-01"},
    Kind.LOOKED_AT: {"day": "2026-11-21", "count": 3},
}


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_words_in_two_languages(kind: Kind) -> None:
    text = words(kind, DETAILS.get(kind, {}))
    assert text.zh and text.en and text.zh != text.en
    assert len(text.zh) <= 300


def test_where_no_holidays_are_announced_no_day_is_promised() -> None:
    sure = words(Kind.PHOTO_UNDER_REVIEW, {"due_day": "2026-11-23", "provisional": False})
    guessed = words(Kind.PHOTO_UNDER_REVIEW, {"due_day": "2036-11-24", "provisional": True})
    assert "2026-11-23" in sure.zh and "2036" not in guessed.zh + guessed.en


@pytest.mark.parametrize("reason", list(PhotoReason))
def test_every_reason_of_a_refused_photo_can_be_told(reason: PhotoReason) -> None:
    told = words(Kind.APPLICATION_REFUSED, {"refusal": "photo_refused", "reasons": [reason.value]})
    assert REASON_TEXTS[reason].zh in told.zh and REASON_TEXTS[reason].en in told.en


def test_a_replaced_photo_is_told_once_and_not_as_changed_details() -> None:
    body = {"licence_id": "lic_x", "version": 2, "origin": "photo"}
    assert decide_message("licence.issued", body) is None
    told = decide_message("photo.replaced", body)
    assert told is not None and told[0] is Kind.PHOTO_REPLACED


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_can_be_told(refusal: Refusal) -> None:
    assert words(Kind.APPLICATION_REFUSED, {"refusal": refusal.value}).zh


def test_a_choice_of_ones_own_goes_before_what_is_usual() -> None:
    for kind in Kind:
        assert wants_sms(kind, {}) is (kind in SMS_BY_DEFAULT | SMS_ALWAYS)
        assert wants_sms(kind, {kind: True})
        # What an owner must hear of while a thief sits in the account, no choice turns off.
        assert wants_sms(kind, {kind: False}) is (kind in SMS_ALWAYS)


@pytest.mark.parametrize(("days", "told"), [(91, False), (90, True), (1, True), (0, True), (-1, False)])
def test_the_end_is_announced_from_ninety_days_before_until_the_day_itself(days: int, told: bool) -> None:
    today = date(2026, 11, 21)
    assert decide_expiry_notice(today, today + timedelta(days=days)) is told
