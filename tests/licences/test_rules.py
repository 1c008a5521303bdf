"""Who may be issued a licence, in which order reasons speak, and what a change of standing does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.classes import ORDER_162_DAY, Classes
from liangzheng.kernel.status import (
    DEFAULT_POLICY,
    Display,
    Effect,
    Status,
    StatusLetter,
    StatusPolicy,
    display,
    may_drive,
)
from liangzheng.licences.rules import (
    Accept,
    CityOpening,
    Facts,
    FollowUp,
    Refusal,
    Refuse,
    Standing,
    StatusValue,
    Terms,
    decide_application,
    decide_draft,
    decide_follow_up,
    decide_reissue,
    free_slot,
    status_value,
)
from liangzheng.licences.texts import REFUSAL_TEXTS

DAY = date(2026, 11, 20)
TERMS = Terms(Classes.parse("C1", ORDER_162_DAY), date(2020, 1, 1), date(2030, 1, 1), "苏E")
GOOD = Standing(Status.parse("A"), None, TERMS, photo_on_file=True)
FACTS = Facts(
    level=2,
    standing=GOOD,
    face_verified=True,
    phone_key_bound=True,
    opening=CityOpening.OPEN,
    application_under_way=False,
    held=None,
    phone_has_room=True,
    on=DAY,
)


def standing(status: str = "A", **changes: object) -> Standing:
    return replace(GOOD, status=Status.parse(status), **changes)


def with_standing(facts: Facts, **changes: object) -> Facts:
    """The same facts with a changed standing, where there is one."""
    return replace(facts, standing=replace(facts.standing, **changes)) if facts.standing else facts


def with_terms(facts: Facts, **changes: object) -> Facts:
    return with_standing(facts, terms=replace(facts.standing.terms, **changes)) if facts.standing else facts


def test_a_letter_no_order_settles_does_what_the_deployment_says() -> None:
    free = Effect(Display.NORMAL, True, "test")
    policy = StatusPolicy(
        {**DEFAULT_POLICY.effects, StatusLetter.LOCKED: free, StatusLetter.TRANSFERRED_OUT: free}
    )
    for letter in "LC":
        held = standing(letter)
        assert decide_application(replace(FACTS, standing=held), policy) == Accept()
        assert decide_draft(held, DAY, policy) == decide_reissue(held, DAY, policy) == Accept()
        assert decide_follow_up(TERMS, held, DAY, policy) is FollowUp.NOTHING
        assert status_value(held.status, DAY, policy) is StatusValue.VALID
        assert isinstance(decide_draft(held, DAY), Refuse)


def test_an_applicant_of_whom_everything_holds_is_accepted() -> None:
    assert decide_application(FACTS) == Accept()


BREAK: dict[Refusal, Callable[[Facts], Facts]] = {
    Refusal.REAL_NAME_TOO_LOW: lambda facts: replace(facts, level=1),
    Refusal.NOT_IN_REGISTER: lambda facts: replace(facts, standing=None),
    Refusal.FACE_NOT_VERIFIED: lambda facts: replace(facts, face_verified=False),
    Refusal.PHONE_KEY_NOT_BOUND: lambda facts: replace(facts, phone_key_bound=False),
    Refusal.NOT_OPEN_HERE_YET: lambda facts: replace(facts, opening=CityOpening.NOT_OPEN),
    Refusal.VALIDITY_OVER: lambda facts: with_terms(facts, valid_until=date(2026, 11, 19)),
    Refusal.NO_CLASS_HELD: lambda facts: with_terms(facts, classes=Classes(())),
    Refusal.NO_PHOTO_ON_FILE: lambda facts: with_standing(facts, photo_on_file=False),
    Refusal.APPLICATION_UNDER_WAY: lambda facts: replace(facts, application_under_way=True),
    Refusal.ALREADY_HELD: lambda facts: replace(facts, held=facts.standing.terms if facts.standing else None),
    Refusal.PHONES_FULL: lambda facts: replace(facts, phone_has_room=False),
}
BY_STATUS = {
    Refusal.TRANSFERRED_OUT: "C",
    Refusal.LICENCE_ENDED: "F",
    Refusal.STATUS_ABNORMAL: "L",
    Refusal.NOT_USABLE_NOW: "D",
    Refusal.EXTENSION_OVER: "N",
}
ORDER = list(Refusal)


@given(st.permutations(list(BREAK)), st.integers(1, len(BREAK)))
def test_the_first_reason_in_the_list_wins(order: list[Refusal], count: int) -> None:
    broken = order[:count]
    facts = FACTS
    # What removes the standing comes last: the others change a part of it.
    for reason in sorted(broken, key=lambda reason: reason is Refusal.NOT_IN_REGISTER):
        facts = BREAK[reason](facts)
    answer = decide_application(facts)
    assert isinstance(answer, Refuse)
    assert answer.refusal is min(broken, key=ORDER.index)


@pytest.mark.parametrize("refusal", BREAK)
def test_each_reason_alone_is_told(refusal: Refusal) -> None:
    answer = decide_application(BREAK[refusal](FACTS))
    assert isinstance(answer, Refuse) and answer.refusal is refusal


def test_every_refusal_can_be_reached() -> None:
    own_photos = {Refusal.NOT_HELD, Refusal.PHOTO_NOT_USABLE, Refusal.PHOTO_TOO_SOON, Refusal.PHOTO_REFUSED}
    others = {Refusal.OPENING_NOT_PUBLISHED, Refusal.NOT_YET_VALID} | own_photos  # test_photo_rules.py
    assert set(BREAK) | set(BY_STATUS) | others == set(Refusal)
    not_published = decide_application(replace(FACTS, opening=CityOpening.NOT_PUBLISHED))
    assert not_published == Refuse(Refusal.OPENING_NOT_PUBLISHED)
    early = decide_application(with_terms(FACTS, valid_from=date(2026, 11, 21)))
    assert early == Refuse(Refusal.NOT_YET_VALID)


def test_who_is_not_proven_hears_nothing_of_the_register() -> None:
    for letter in ("F", "D", "L"):
        for unproven in (replace(FACTS, level=1), replace(FACTS, face_verified=False)):
            told = decide_application(replace(unproven, standing=standing(letter)))
            assert told == decide_application(replace(unproven, standing=GOOD))


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        *((letter, None) for letter in ("A", "H", "I", "HI")),
        *((letter, Refusal.NOT_USABLE_NOW) for letter in ("B", "D", "K", "U", "M", "S", "BDH", "DN")),
        *((letter, Refusal.LICENCE_ENDED) for letter in ("E", "F", "G", "R", "CF", "BDF", "FJ")),
        *((letter, Refusal.STATUS_ABNORMAL) for letter in ("L", "J", "Z", "BJ", "HL")),
        *((letter, Refusal.TRANSFERRED_OUT) for letter in ("C", "CD", "CL")),
        *((letter, Refusal.EXTENSION_OVER) for letter in ("N", "P", "T", "NPT", "HN")),
    ],
)
def test_each_status_has_its_answer(status: str, refusal: Refusal | None) -> None:
    answer = decide_application(replace(FACTS, standing=standing(status)))
    assert (answer.refusal if isinstance(answer, Refuse) else None) is refusal


@pytest.mark.parametrize("letter", ["N", "P", "T"])
def test_an_extension_lets_apply_to_the_end_of_its_last_day(letter: str) -> None:
    for last, accepted in ((date(2026, 11, 19), False), (DAY, True), (date(2026, 11, 21), True)):
        facts = replace(FACTS, standing=standing(letter, extended_until=last))
        assert (decide_application(facts) == Accept()) is accepted


@given(st.sets(st.sampled_from([letter for letter in StatusLetter if letter != "A"]), min_size=1, max_size=6))
def test_a_status_refuses_exactly_when_it_would_not_show_as_normal(letters: set[StatusLetter]) -> None:
    status = Status(tuple(letters))
    normal = display(status, None, DAY) is Display.NORMAL
    assert (decide_draft(standing(str(status)), DAY) == Accept()) is normal


def test_validity_holds_to_the_end_of_its_last_day() -> None:
    last = with_terms(FACTS, valid_until=DAY)
    assert decide_application(last) == Accept()
    assert decide_application(replace(last, on=date(2026, 11, 21))) == Refuse(Refusal.VALIDITY_OVER)
    assert decide_application(with_terms(FACTS, valid_until=None)) == Accept()


def test_a_licence_whose_terms_changed_may_be_applied_for_again() -> None:
    old = replace(TERMS, classes=Classes.parse("C2", ORDER_162_DAY))
    assert decide_application(replace(FACTS, held=old)) == Accept()
    assert decide_application(replace(FACTS, held=TERMS)) == Refuse(Refusal.ALREADY_HELD)


def test_every_refusal_has_words_in_both_languages() -> None:
    assert set(REFUSAL_TEXTS) == set(Refusal)
    for text in REFUSAL_TEXTS.values():
        assert text.zh.endswith("。") and text.en.endswith(".")
        assert text.zh.isascii() is False and text.en.isascii()
    assert len({text.zh for text in REFUSAL_TEXTS.values()}) == len(Refusal)


# -- a change of standing ------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["E", "F", "G", "R", "C"])
def test_an_ended_licence_is_withdrawn_whatever_else_changed(letter: str) -> None:
    other = replace(TERMS, authority="苏A")
    for held in (TERMS, other):
        assert decide_follow_up(held, standing(letter), DAY) is FollowUp.WITHDRAW


@pytest.mark.parametrize("letters", ["A", "B", "D", "HI", "L", "J", "N", "U", "Z"])
def test_a_reversible_status_never_ends_a_licence(letters: str) -> None:
    assert decide_follow_up(TERMS, standing(letters), DAY) is FollowUp.NOTHING


@pytest.mark.parametrize(
    "changed",
    [
        {"classes": Classes.parse("C1D", ORDER_162_DAY)},
        {"valid_until": None},
        {"valid_from": date(2020, 1, 2)},
        {"authority": "苏A"},
    ],
)
@pytest.mark.parametrize("letters", ["A", "D"])
def test_changed_terms_make_a_new_version_also_while_suspended(
    changed: dict[str, object], letters: str
) -> None:
    new = standing(letters, terms=replace(TERMS, **changed))  # type: ignore[arg-type]
    assert decide_follow_up(TERMS, new, DAY) is FollowUp.REISSUE
    assert decide_reissue(new, DAY) == Accept()


def test_what_cannot_be_made_anew_is_withdrawn() -> None:
    terms = replace(TERMS, authority="苏A")
    assert decide_follow_up(TERMS, standing(terms=terms, photo_on_file=False), DAY) is FollowUp.WITHDRAW
    without = replace(TERMS, classes=Classes(()))
    assert decide_follow_up(TERMS, standing(terms=without), DAY) is FollowUp.WITHDRAW
    assert decide_follow_up(TERMS, standing(photo_on_file=False), DAY) is FollowUp.NOTHING


@given(st.sets(st.sampled_from([letter for letter in StatusLetter if letter != "A"]), min_size=1, max_size=6))
def test_only_what_is_gone_for_good_is_published_as_invalid(letters: set[StatusLetter]) -> None:
    status = Status(tuple(letters))
    value = status_value(status, DAY)
    hidden = display(status, None, DAY) is Display.HIDDEN
    assert (value is StatusValue.INVALID) is hidden
    if not hidden:
        assert (value is StatusValue.SUSPENDED) is not may_drive(status)[0]


def test_an_extension_is_published_as_suspended_because_driving_is_forbidden() -> None:
    assert status_value(Status.parse("N"), DAY) is StatusValue.SUSPENDED
    assert status_value(Status.parse("H"), DAY) is StatusValue.VALID


def test_the_lowest_free_phone_slot_is_taken() -> None:
    assert [free_slot(taken) for taken in ([], [1], [2], [1, 3], [3, 2, 1])] == [1, 2, 1, 2, None]
