"""Which events make which messages, and their words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from liangzheng.licences import REASON_TEXTS, PhotoReason, Refusal
from liangzheng.messages import Kind, sms_words, words
from liangzheng.messages.model import SMS_ALWAYS, SMS_BY_DEFAULT
from liangzheng.messages.rules import TOLD, decide_expiry_notice, decide_message, wants_sms

IDS = {
    "driver_id": "drv_x",
    "application_id": "app_x",
    "licence_id": "lic_x",
    "version": 2,
    "authority": "苏E",
}


FACE = {"face_check_id": "fac_x"}


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
        ("review.escalated", IDS | {"due_day": "2026-11-23"}, Kind.PHOTO_REVIEW_LATE),
        (
            "face-review.opened",
            FACE | {"due_day": "2026-11-23", "provisional": False},
            Kind.FACE_UNDER_REVIEW,
        ),
        ("face-review.escalated", FACE | {"authority": "苏J"}, Kind.FACE_REVIEW_LATE),
        ("face-review.ended", FACE, Kind.FACE_REVIEW_ENDED),
        ("face-check.approved", FACE | {"reasons": []}, Kind.FACE_APPROVED),
        ("face-check.refused", FACE | {"reasons": ["not-live"]}, Kind.FACE_REFUSED),
        ("driver.looked-up", {"look_up_id": "lku_x", "purpose": "roadside-check"}, Kind.LOOKED_UP),
        ("record.shown", {}, Kind.RECORD_SHOWN),
        ("consent.given", {"company_id": "com_x", "purpose": "rental", "standing": True}, Kind.CONSENT_GIVEN),
        ("consent.withdrawn", {"company_id": "com_x", "purpose": "rental"}, Kind.CONSENT_WITHDRAWN),
        ("licence.retained", {"proposal_id": "prp_x", "reason": "drink-driving"}, Kind.LICENCE_RETAINED),
        ("retention.ended", {"proposal_id": "prp_x", "how": "confirmed"}, Kind.RETENTION_ENDED),
        ("licence.suspended", {"proposal_id": "prp_x"}, Kind.LICENCE_SUSPENDED),
        ("licence.restored", {"proposal_id": "prp_x", "letters": "U"}, Kind.LICENCE_RESTORED),
        ("record.corrected", {"record_version": 3, "columns": ["name"]}, Kind.RECORD_CORRECTED),
        ("register.changed", {"kind": "address", "record_version": 3}, Kind.ADDRESS_CHANGED),
        ("register.changed", {"kind": "points", "points": 3}, None),
        # One act, one message: what staff do is told by an event of its own.
        ("standing.changed", {"changed": ["status"], "told_by": "licence.suspended"}, None),
    ],
)
def test_an_event_makes_its_message(topic: str, body: dict[str, object], kind: Kind | None) -> None:
    made = decide_message(topic, body)
    assert (made and made[0]) == kind
    if made is not None:
        needless = {"driver_id", "authority", "reason", "proposal_id", "purpose", "columns", "letters"}
        assert not needless & set(made[1]), "what the words do not need is not kept"


DETAILS: dict[Kind, dict[str, object]] = {
    Kind.APPLICATION_REFUSED: {"refusal": "not_open_here_yet"},
    Kind.PHOTO_UNDER_REVIEW: {"due_day": "2026-11-23", "provisional": False},
    Kind.FACE_UNDER_REVIEW: {"due_day": "2026-11-23", "provisional": False},
    Kind.FACE_REFUSED: {"reasons": ["not-live", "face-covered"]},
    Kind.STANDING_CHANGED: {"changed": sorted(TOLD)},
    Kind.LICENCE_EXPIRING: {"valid_until": "2027-02-01"},
    Kind.LOOKED_AT: {"day": "2026-11-21", "count": 3},
    Kind.COMPANY_ANSWERED: {"day": "2026-11-21", "count": 3, "company_id": "com_x"},
    Kind.CONSENT_GIVEN: {"standing": True, "company_id": "com_x"},
    Kind.RETENTION_ENDED: {"how": "confirmed"},
}
OF_COMPANIES = {Kind.COMPANY_ANSWERED, Kind.CONSENT_GIVEN, Kind.CONSENT_WITHDRAWN}
ACTS = {
    Kind.LICENCE_RETAINED, Kind.RETENTION_ENDED, Kind.LICENCE_SUSPENDED, Kind.LICENCE_RESTORED, Kind.RECORD_CORRECTED,
    Kind.LOOKED_UP, Kind.RECORD_SHOWN,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(OF_COMPANIES))
def test_a_company_is_named_to_its_reader_in_the_app(kind: Kind) -> None:
    detail = DETAILS.get(kind, {"company_id": "com_x"})
    named, unnamed = words(kind, detail, "样本物流"), words(kind, detail)
    assert "样本物流" in named.zh and "样本物流" in named.en
    assert "用证单位" in unnamed.zh and "a company" in unnamed.en


@pytest.mark.parametrize("kind", sorted(OF_COMPANIES | ACTS))
def test_by_text_message_nobody_reads_who_asked_or_what_was_done(kind: Kind) -> None:
    said = sms_words(kind, DETAILS.get(kind, {"company_id": "com_x"}))
    for word in ("扣", "暂", "限制", "查询", "更正", "授权", "同意", "单位", "人员", "案件"):
        assert word not in said
    assert "在应用中查看" in said


def test_most_text_messages_say_what_the_app_says() -> None:
    assert sms_words(Kind.LICENCE_ISSUED, {}) == words(Kind.LICENCE_ISSUED, {}).zh
    assert (
        sms_words(Kind.LOOKED_AT, DETAILS[Kind.LOOKED_AT])
        == words(Kind.LOOKED_AT, DETAILS[Kind.LOOKED_AT]).zh
    )


@pytest.mark.parametrize(
    ("how", "said"),
    [("confirmed", "已由另一名民警确认"), ("not-confirmed-in-time", "已解除"), ("withdrawn", "已解除")],
)
def test_the_end_of_a_retention_says_which(how: str, said: str) -> None:
    assert said in words(Kind.RETENTION_ENDED, {"how": how}).zh


def test_one_answer_and_a_lasting_consent_are_told_apart() -> None:
    once, lasting = ({"standing": standing} for standing in (False, True))
    assert "本次" in words(Kind.CONSENT_GIVEN, once).zh and "撤回" in words(Kind.CONSENT_GIVEN, lasting).zh


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
