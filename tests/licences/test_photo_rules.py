"""What is measured in a picture decides what becomes of it; and when a photo may be replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.classes import ORDER_162_DAY, Classes
from liangzheng.kernel.status import Status
from liangzheng.licences.lifecycle import APPLICATION, ApplicationEvent, ApplicationState
from liangzheng.licences.photo_rules import (
    Faces,
    NotUsable,
    PhotoDoubt,
    PhotoFacts,
    PhotoFault,
    PhotoPolicy,
    PhotoReason,
    PhotoSource,
    Usable,
    decide_photo,
    replaceable_from,
)
from liangzheng.licences.rules import (
    CityOpening,
    Facts,
    PhotoGiven,
    Refusal,
    Refuse,
    ReplacementFacts,
    Review,
    Standing,
    Terms,
    decide_application,
    decide_replacement,
)
from liangzheng.licences.texts import DOUBT_TEXTS, FAULT_TEXTS, REASON_TEXTS

DAY = date(2026, 11, 20)
POLICY = PhotoPolicy()
GOOD = PhotoFacts(
    source=PhotoSource.ALBUM,
    octets=20_000,
    readable=True,
    width=520,
    height=756,
    colour=30,
    white_permille=990,
    brightness=150,
    sharpness=500,
    faces=Faces(1, True),
    declared_day=DAY,
    embedded_day=DAY,
)

FAULTS: dict[PhotoFault, Callable[[PhotoFacts], PhotoFacts]] = {
    PhotoFault.TOO_FEW_OCTETS: lambda facts: replace(facts, octets=10 * 1024 - 1),
    PhotoFault.TOO_MANY_OCTETS: lambda facts: replace(facts, octets=1024 * 1024 + 1),
    PhotoFault.NOT_A_PICTURE: lambda facts: replace(facts, readable=False),
    PhotoFault.TOO_FEW_PIXELS: lambda facts: replace(facts, width=259, height=377),
    PhotoFault.WRONG_SHAPE: lambda facts: replace(facts, width=560),
    PhotoFault.NOT_IN_COLOUR: lambda facts: replace(facts, three_channels=False),
    PhotoFault.GROUND_NOT_WHITE: lambda facts: replace(facts, white_permille=349),
    PhotoFault.NOT_ONE_FACE: lambda facts: replace(facts, faces=Faces(2, True)),
    PhotoFault.NOT_FRONTAL: lambda facts: replace(facts, faces=Faces(1, False)),
    PhotoFault.TAKEN_TOO_LONG_AGO: lambda facts: replace(facts, embedded_day=date(2026, 5, 19)),
    PhotoFault.TAKEN_TOMORROW: lambda facts: replace(facts, declared_day=date(2026, 11, 21)),
    PhotoFault.REFUSED_BEFORE: lambda facts: replace(facts, refused_before=True),
}
DOUBTS: dict[PhotoDoubt, Callable[[PhotoFacts], PhotoFacts]] = {
    PhotoDoubt.GROUND_UNEVEN: lambda facts: replace(facts, white_permille=849),
    PhotoDoubt.PALE: lambda facts: replace(facts, colour=5),
    PhotoDoubt.DARK: lambda facts: replace(facts, brightness=59),
    PhotoDoubt.BRIGHT: lambda facts: replace(facts, brightness=241),
    PhotoDoubt.BLURRED: lambda facts: replace(facts, sharpness=29),
    PhotoDoubt.FACE_NOT_CHECKED: lambda facts: replace(facts, faces=None),
    PhotoDoubt.AGE_UNKNOWN: lambda facts: replace(facts, declared_day=None, embedded_day=None),
    PhotoDoubt.NOT_TAKEN_NOW: lambda facts: replace(
        facts, source=PhotoSource.CAMERA, declared_day=None, embedded_day=date(2026, 11, 18)
    ),
    PhotoDoubt.DATES_DIFFER: lambda facts: replace(facts, declared_day=date(2026, 11, 1)),
}


def test_a_good_picture_is_usable_without_a_doubt() -> None:
    assert decide_photo(GOOD, POLICY, DAY) == Usable(())


@pytest.mark.parametrize("fault", PhotoFault)
def test_each_fault_alone_turns_the_picture_away_and_says_so(fault: PhotoFault) -> None:
    assert decide_photo(FAULTS[fault](GOOD), POLICY, DAY) == NotUsable((fault,))


@pytest.mark.parametrize("doubt", PhotoDoubt)
def test_each_doubt_goes_to_the_reviewer_and_turns_nothing_away(doubt: PhotoDoubt) -> None:
    assert decide_photo(DOUBTS[doubt](GOOD), POLICY, DAY) == Usable((doubt,))


@given(st.sets(st.sampled_from(list(PhotoFault)), min_size=1))
def test_faults_are_told_in_their_order(broken: set[PhotoFault]) -> None:
    facts = GOOD
    for fault in broken - {PhotoFault.NOT_FRONTAL}:
        facts = FAULTS[fault](facts)
    if broken == {PhotoFault.NOT_FRONTAL}:
        facts = FAULTS[PhotoFault.NOT_FRONTAL](facts)
    decision = decide_photo(facts, POLICY, DAY)
    assert isinstance(decision, NotUsable)
    order = list(PhotoFault)
    assert list(decision.faults) == sorted(decision.faults, key=order.index)


def test_no_engine_is_a_doubt_and_never_a_pass_or_a_refusal() -> None:
    unseen = replace(GOOD, faces=None)
    assert decide_photo(unseen, POLICY, DAY) == Usable((PhotoDoubt.FACE_NOT_CHECKED,))
    unsure = replace(GOOD, faces=Faces(1, None))
    assert decide_photo(unsure, POLICY, DAY) == Usable((PhotoDoubt.FACE_NOT_CHECKED,))


@pytest.mark.parametrize(
    ("taken", "on", "taken_in_time"),
    [
        (date(2026, 5, 20), date(2026, 11, 20), True),
        (date(2026, 5, 19), date(2026, 11, 20), False),
        (date(2026, 8, 31), date(2027, 2, 28), True),
        (date(2026, 8, 31), date(2027, 3, 1), False),
    ],
)
def test_six_months_are_civil_months(taken: date, on: date, taken_in_time: bool) -> None:
    facts = replace(GOOD, declared_day=taken, embedded_day=None)
    assert isinstance(decide_photo(facts, POLICY, on), Usable) is taken_in_time


def test_a_file_that_says_it_is_old_is_not_made_younger_by_its_sender() -> None:
    facts = replace(GOOD, declared_day=DAY, embedded_day=date(2025, 1, 1))
    assert decide_photo(facts, POLICY, DAY) == NotUsable((PhotoFault.TAKEN_TOO_LONG_AGO,))


@pytest.mark.parametrize(("days_ahead", "doubts"), [(0, ()), (1, (PhotoDoubt.AGE_UNKNOWN,))])
def test_a_file_of_a_day_to_come_says_nothing_of_its_age(
    days_ahead: int, doubts: tuple[PhotoDoubt, ...]
) -> None:
    facts = replace(GOOD, declared_day=None, embedded_day=DAY + timedelta(days=days_ahead))
    assert decide_photo(facts, POLICY, DAY) == Usable(doubts)


@pytest.mark.parametrize(("days_off", "now"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_camera_picture_is_of_today_give_or_take_a_clock(days_off: int, now: bool) -> None:
    facts = replace(
        GOOD, source=PhotoSource.CAMERA, declared_day=None, embedded_day=DAY + timedelta(days=days_off)
    )
    assert decide_photo(facts, POLICY, DAY) == Usable(() if now else (PhotoDoubt.NOT_TAKEN_NOW,))


def test_every_fault_doubt_and_reason_has_its_words() -> None:
    assert set(FAULT_TEXTS) == set(PhotoFault)
    assert set(DOUBT_TEXTS) == set(PhotoDoubt)
    assert set(REASON_TEXTS) == set(PhotoReason)
    for text in (*FAULT_TEXTS.values(), *DOUBT_TEXTS.values(), *REASON_TEXTS.values()):
        assert text.zh and text.en


# --- replacing ----------------------------------------------------------------------------------------

TERMS = Terms(Classes.parse("C1", ORDER_162_DAY), date(2020, 1, 1), date(2030, 1, 1), "苏E")
STANDING = Standing(Status.parse("A"), None, TERMS, photo_on_file=False)
ASKED = ReplacementFacts(
    face_verified=True,
    held=True,
    standing=STANDING,
    photo_usable=True,
    application_under_way=False,
    last_new_photo=None,
    on=DAY,
)


def test_the_first_replacement_goes_to_review_at_once_also_without_an_archived_photo() -> None:
    assert decide_replacement(ASKED) == Review()


@pytest.mark.parametrize(
    ("last", "opens"),
    [
        (date(2026, 5, 20), date(2026, 11, 20)),
        (date(2026, 5, 21), date(2026, 11, 21)),
        (date(2026, 8, 31), date(2027, 2, 28)),
        (date(2027, 8, 31), date(2028, 2, 29)),
    ],
)
def test_the_next_waits_six_civil_months_and_the_answer_names_the_day(last: date, opens: date) -> None:
    assert replaceable_from(last) == opens
    early = replace(ASKED, last_new_photo=last, on=opens - timedelta(days=1))
    assert decide_replacement(early) == Refuse(Refusal.PHOTO_TOO_SOON, again_from=opens)
    assert decide_replacement(replace(early, on=opens)) == Review()


BROKEN: dict[Refusal, Callable[[ReplacementFacts], ReplacementFacts]] = {
    Refusal.FACE_NOT_VERIFIED: lambda facts: replace(facts, face_verified=False),
    Refusal.NOT_HELD: lambda facts: replace(facts, held=False),
    Refusal.NOT_USABLE_NOW: lambda facts: replace(
        facts, standing=replace(facts.standing, status=Status.parse("D"))
    ),
    Refusal.PHOTO_NOT_USABLE: lambda facts: replace(facts, photo_usable=False),
    Refusal.APPLICATION_UNDER_WAY: lambda facts: replace(facts, application_under_way=True),
    Refusal.PHOTO_TOO_SOON: lambda facts: replace(facts, last_new_photo=DAY),
}


@given(st.sets(st.sampled_from(list(BROKEN)), min_size=1))
def test_of_several_reasons_the_first_in_the_list_is_told(broken: set[Refusal]) -> None:
    facts = ASKED
    for refusal in broken:
        facts = BROKEN[refusal](facts)
    answer = decide_replacement(facts)
    assert isinstance(answer, Refuse)
    assert answer.refusal is min(broken, key=list(Refusal).index)


# --- applying with an own photo -----------------------------------------------------------------------

APPLYING = Facts(
    level=2,
    standing=STANDING,
    face_verified=True,
    phone_key_bound=True,
    opening=CityOpening.OPEN,
    application_under_way=False,
    held=None,
    phone_has_room=True,
    on=DAY,
    photo=PhotoGiven.OWN,
)


def test_an_own_photo_goes_to_review_also_where_none_is_on_file() -> None:
    assert decide_application(APPLYING) == Review()


def test_a_photo_that_may_not_be_used_is_refused_in_its_place_in_the_order() -> None:
    unusable = replace(APPLYING, photo=PhotoGiven.NOT_USABLE)
    assert decide_application(unusable) == Refuse(Refusal.PHOTO_NOT_USABLE)
    assert decide_application(replace(unusable, application_under_way=True)) == Refuse(
        Refusal.PHOTO_NOT_USABLE
    )
    suspended = replace(unusable, standing=replace(STANDING, status=Status.parse("D")))
    answer = decide_application(suspended)
    assert isinstance(answer, Refuse) and answer.refusal is Refusal.NOT_USABLE_NOW


def test_applying_with_an_own_photo_is_no_way_round_the_waiting_time() -> None:
    other_terms = replace(TERMS, valid_until=date(2031, 1, 1))
    held = replace(APPLYING, held=other_terms)
    assert decide_application(held) == Refuse(Refusal.ALREADY_HELD)


# --- reviewing ----------------------------------------------------------------------------------------


def test_an_own_photo_reaches_an_issuer_through_an_approval_and_nothing_else() -> None:
    into_accepted = {
        arrow.event for arrow in APPLICATION.arrows if arrow.source is ApplicationState.UNDER_REVIEW
    }
    assert into_accepted == {
        ApplicationEvent.PHOTO_APPROVED,
        ApplicationEvent.PHOTO_REFUSED,
        ApplicationEvent.WITHDREW,
        ApplicationEvent.FACTS_CHANGED,
    }
    accepted = [
        arrow.event
        for arrow in APPLICATION.arrows
        if arrow.source is ApplicationState.UNDER_REVIEW and arrow.target is ApplicationState.ACCEPTED
    ]
    assert accepted == [ApplicationEvent.PHOTO_APPROVED]
