"""The rules as tables, and what must hold whatever the facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import CompanyId, ConsentId, ConsentRequestId, DriverId, PersonId, PseudonymId
from liangzheng.kernel.purposes import COMPANY_PURPOSES, AskedField, in_order
from liangzheng.kernel.status import StatusLetter
from liangzheng.relying.lifecycle import CompanyState, ConsentState, RequestState
from liangzheng.relying.model import (
    ConsentPolicy,
    ConsentRequest,
    CreditCode,
    DriverSays,
    Grant,
    Question,
    Quota,
    StandingConsent,
    Terms,
    credit_check_character,
)
from liangzheng.relying.rules import (
    ATTEMPTS,
    AskFacts,
    AskRefusal,
    Opening,
    consent_message,
    decide_fetch,
    decide_opening_of,
    decide_request,
    decide_retry,
    fields_of_check,
    is_in_force,
    may_drive_today,
    may_fetch_answer,
    may_fetch_portrait,
    minimal_answer,
)

F = AskedField
TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
GRANT = Grant("rental", frozenset({F.MAY_DRIVE, F.NAME, F.PORTRAIT}), bulk=True)
FACTS = AskFacts(
    state=CompanyState.APPROVED,
    token_has_purpose=True,
    grant=GRANT,
    question=Question("rental", ("name", "may_drive"), DrivingClass.C1, None),
    today=TODAY,
    standing_days=365,
)


def asking(**changed: Any) -> AskFacts:
    return replace(FACTS, question=replace(FACTS.question, **changed))


# --- what a company may ask -----------------------------------------------------------------------------


def test_a_question_within_the_registration_comes_to_its_terms_in_the_order_of_the_catalogue() -> None:
    assert decide_request(FACTS) == Terms("rental", (F.MAY_DRIVE, F.NAME), DrivingClass.C1, None)


LASTING = Question("rental", ("name",), None, TODAY + timedelta(days=365))
BROKEN = {
    AskRefusal.NOT_APPROVED: [replace(FACTS, state=state) for state in CompanyState if state != "approved"],
    AskRefusal.TOKEN_WITHOUT_PURPOSE: [replace(FACTS, token_has_purpose=False)],
    AskRefusal.PURPOSE_NOT_REGISTERED: [replace(FACTS, grant=None)],
    AskRefusal.FIELD_NOT_REGISTERED: [
        asking(fields=("valid_until",)), asking(fields=("name", "points")), asking(fields=("*",)), asking(fields=("NAME",)),
        asking(fields=tuple(F)),
    ],
    AskRefusal.STANDING_NOT_REGISTERED: [
        replace(FACTS, question=LASTING, grant=replace(GRANT, bulk=False)),
    ],
    AskRefusal.STANDING_TOO_LONG: [asking(standing_until=TODAY + timedelta(days=366))],
    AskRefusal.PORTRAIT_NEVER_STANDING: [
        asking(fields=("portrait",), standing_until=TODAY),
        replace(asking(fields=("portrait",)), bulk=True),
    ],
    AskRefusal.BULK_NOT_REGISTERED: [replace(FACTS, bulk=True, grant=replace(GRANT, bulk=False, notices=True))],
}  # fmt: skip


@pytest.mark.parametrize(
    ("refusal", "facts"), [(refusal, facts) for refusal, cases in BROKEN.items() for facts in cases]
)
def test_one_thing_outside_the_registration_is_refused_by_its_name(
    refusal: AskRefusal, facts: AskFacts
) -> None:
    assert decide_request(facts) is refusal


def test_every_refusal_has_a_case() -> None:
    of_fetching = {AskRefusal.PORTRAIT_NOT_AGREED}
    assert set(BROKEN) | of_fetching == set(AskRefusal)


AGREED = Terms("rental", (F.MAY_DRIVE, F.NAME), DrivingClass.C1, None)
WITH_PORTRAIT = replace(AGREED, fields=(F.MAY_DRIVE, F.PORTRAIT))


@pytest.mark.parametrize(
    ("terms", "grant", "token", "portrait", "decision"),
    [
        (AGREED, GRANT, True, False, AGREED),
        (AGREED, Grant("rental", frozenset({F.NAME})), True, False, replace(AGREED, fields=(F.NAME,))),
        (WITH_PORTRAIT, GRANT, True, True, WITH_PORTRAIT),
        (AGREED, None, True, False, AskRefusal.PURPOSE_NOT_REGISTERED),
        (AGREED, None, False, True, AskRefusal.PURPOSE_NOT_REGISTERED),
        (AGREED, GRANT, False, False, AskRefusal.TOKEN_WITHOUT_PURPOSE),
        (AGREED, Grant("rental", frozenset({F.VALID_UNTIL})), True, False, AskRefusal.FIELD_NOT_REGISTERED),
        (
            WITH_PORTRAIT,
            Grant("rental", frozenset({F.MAY_DRIVE})),
            True,
            True,
            AskRefusal.FIELD_NOT_REGISTERED,
        ),
        (AGREED, GRANT, True, True, AskRefusal.PORTRAIT_NOT_AGREED),
    ],
)
def test_what_may_be_fetched_is_what_was_agreed_and_is_still_registered(
    terms: Terms, grant: Grant | None, token: bool, portrait: bool, decision: Terms | AskRefusal
) -> None:
    assert decide_fetch(terms, grant, token_has_purpose=token, portrait=portrait) == decision


def test_the_longest_standing_consent_is_the_setting_to_the_day() -> None:
    assert isinstance(decide_request(asking(standing_until=TODAY + timedelta(days=365))), Terms)


@given(
    st.sampled_from(CompanyState), st.booleans(), st.booleans(), st.booleans(),
    st.sets(st.sampled_from([*F, "points", "status", ""])).map(tuple),
)  # fmt: skip
def test_the_first_reason_of_the_list_wins_and_nothing_unregistered_ever_passes(
    state: CompanyState, token: bool, registered: bool, bulk: bool, fields: tuple[str, ...]
) -> None:
    facts = replace(
        asking(fields=fields),
        state=state,
        token_has_purpose=token,
        grant=GRANT if registered else None,
        bulk=bulk,
    )
    decision = decide_request(facts)
    order = list(AskRefusal)
    holds = {
        AskRefusal.NOT_APPROVED: state is not CompanyState.APPROVED,
        AskRefusal.TOKEN_WITHOUT_PURPOSE: not token,
        AskRefusal.PURPOSE_NOT_REGISTERED: not registered,
        AskRefusal.FIELD_NOT_REGISTERED: not set(fields) <= GRANT.fields,
        AskRefusal.PORTRAIT_NEVER_STANDING: bulk and F.PORTRAIT in fields,
    }
    first = next((refusal for refusal in order if holds.get(refusal)), None)
    if first is None:
        assert isinstance(decision, Terms) and set(decision.fields) == set(fields)
    else:
        assert decision is first


# --- the catalogue and a registration ----------------------------------------------------------------------


def test_nothing_but_rental_has_a_portrait_and_nothing_has_points_or_status() -> None:
    with_portrait = {name for name, purpose in COMPANY_PURPOSES.items() if F.PORTRAIT in purpose.fields}
    assert with_portrait == {"rental"}
    assert {field.value for field in F} == {
        "may_drive", "valid_until", "classes", "first_issue_date", "name", "masked_number", "portrait",
    }  # fmt: skip
    assert all(field.words[0] and field.words[1] for field in F)


@pytest.mark.parametrize("purpose", COMPANY_PURPOSES)
def test_a_registration_holds_what_the_catalogue_has_and_no_more(purpose: str) -> None:
    entry = COMPANY_PURPOSES[purpose]
    assert Grant(purpose, entry.fields).fields == entry.fields
    for other in set(F) - entry.fields:
        with pytest.raises(Invalid, match="only of"):
            Grant(purpose, frozenset({other}))
    if not entry.standing:
        for marks in ({"bulk": True}, {"notices": True}):
            with pytest.raises(Invalid, match="no standing consent"):
                Grant(purpose, entry.fields, **marks)


@pytest.mark.parametrize(("purpose", "fields"), [("marketing", {F.NAME}), ("rental", set())])
def test_a_purpose_of_nobody_s_and_no_field_at_all_are_refused(purpose: str, fields: set[AskedField]) -> None:
    with pytest.raises(Invalid):
        Grant(purpose, frozenset(fields))


def test_fields_are_said_in_one_order() -> None:
    assert in_order([F.PORTRAIT, F.MAY_DRIVE, F.MAY_DRIVE]) == (F.MAY_DRIVE, F.PORTRAIT)


def test_the_check_character_of_a_credit_code_is_the_standard_s() -> None:
    assert credit_check_character("91350100M000100Y4") == "3"
    assert CreditCode("91350100M000100Y43").value == "91350100M000100Y43"


@pytest.mark.parametrize(
    "text",
    ["", "91350100M000100Y44", "91350100M000100Y4", "91350100M000100Y433", "91350100m000100y43", "9135O100M000100Y43",
     "９1350100M000100Y43", "91350100M000100Y43 "],
)  # fmt: skip
def test_what_is_no_credit_code_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        CreditCode(text)


@given(st.integers(0, 16), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_seen(place: int, digit: str) -> None:
    code = "91350100M000100Y43"
    changed = code[:place] + digit + code[place + 1 :]
    if changed != code:
        with pytest.raises(Invalid):
            CreditCode(changed)


@pytest.mark.parametrize(("per_minute", "per_day"), [(0, 1), (1, 0), (60_001, 1), (1, 10_000_001)])
def test_a_quota_is_within_bounds(per_minute: int, per_day: int) -> None:
    with pytest.raises(Invalid):
        Quota(per_minute, per_day)


# --- the driver's answer --------------------------------------------------------------------------------------

POLICY = ConsentPolicy()
TERMS = Terms("rental", (F.MAY_DRIVE, F.PORTRAIT), DrivingClass.C1, None)
REQUEST = ConsentRequest(
    CompanyId.new(),
    ConsentRequestId.new(),
    RequestState.ASKED,
    0,
    TERMS,
    None,
    NOW,
    NOW + timedelta(minutes=10),
)
APPROVED = replace(REQUEST, state=RequestState.APPROVED, decided_at=NOW)
ANSWERED = replace(APPROVED, state=RequestState.ANSWERED, answered_at=NOW)
S = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("request_", "at", "opening"),
    [
        (REQUEST, NOW, Opening.OPEN),
        (REQUEST, NOW + timedelta(minutes=10) - S, Opening.OPEN),
        (REQUEST, NOW + timedelta(minutes=10), Opening.OVER),
        (APPROVED, NOW, Opening.DECIDED),
        (replace(REQUEST, state=RequestState.CANCELLED), NOW, Opening.DECIDED),
        (replace(REQUEST, state=RequestState.REFUSED), NOW, Opening.DECIDED),
    ],
)
def test_a_request_is_decided_once_and_in_time(
    request_: ConsentRequest, at: datetime, opening: Opening
) -> None:
    assert decide_opening_of(request_, at) is opening


@pytest.mark.parametrize(
    ("request_", "after_s", "may"),
    [
        (REQUEST, 0, False), (APPROVED, 0, True), (APPROVED, 599, True), (APPROVED, 600, False), (ANSWERED, 0, True),
        (ANSWERED, 119, True), (ANSWERED, 120, False), (replace(REQUEST, state=RequestState.REFUSED, decided_at=NOW), 0, False),
        (replace(REQUEST, state=RequestState.CANCELLED, decided_at=NOW), 0, False),
    ],
)  # fmt: skip
def test_an_answer_is_there_some_minutes_and_once(request_: ConsentRequest, after_s: int, may: bool) -> None:
    assert may_fetch_answer(request_, POLICY, NOW + after_s * S) is may
    assert may_fetch_portrait(request_, POLICY, NOW + after_s * S) is may
    bare = replace(request_, terms=replace(TERMS, fields=(F.MAY_DRIVE,)))
    assert not may_fetch_portrait(bare, POLICY, NOW + after_s * S)
    lasting = replace(request_, terms=replace(TERMS, standing_until=TODAY))
    assert not may_fetch_portrait(lasting, POLICY, NOW + after_s * S)


def test_what_the_phone_signs_changes_with_everything_the_screen_says() -> None:
    company, request, person = CompanyId.new(), ConsentRequestId.new(), PersonId.new()
    plain = (company, "样本租车", request, person, TERMS)
    others = [
        (CompanyId.new(), "样本租车", request, person, TERMS),
        (company, "样本货运", request, person, TERMS),
        (company, "样本租车", ConsentRequestId.new(), person, TERMS),
        (company, "样本租车", request, PersonId.new(), TERMS),
        (company, "样本租车", request, person, replace(TERMS, purpose="freight")),
        (company, "样本租车", request, person, replace(TERMS, fields=(F.MAY_DRIVE,))),
        (company, "样本租车", request, person, replace(TERMS, class_asked=DrivingClass.B1)),
        (company, "样本租车", request, person, replace(TERMS, class_asked=None)),
        (company, "样本租车", request, person, replace(TERMS, standing_until=TODAY)),
    ]
    messages = [consent_message(*said) for said in (plain, *others)]
    assert len(set(messages)) == len(messages)
    assert consent_message(*plain) == messages[0]
    assert all(message.startswith(b"LZ-CONSENT-1\0") and len(message) == 77 for message in messages)


CONSENT = StandingConsent(
    DriverId.new(), PersonId.new(), ConsentId.new(), CompanyId.new(), "样本租车", PseudonymId.new(),
    Terms("rental", (F.MAY_DRIVE, F.NAME), DrivingClass.C1, TODAY), ConsentState.ACTIVE, 1, NOW, None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("consent", "today", "holds"),
    [
        (CONSENT, TODAY, True),
        (CONSENT, TODAY + timedelta(days=1), False),
        (replace(CONSENT, state=ConsentState.WITHDRAWN), TODAY, False),
        (replace(CONSENT, state=ConsentState.REPLACED), TODAY, False),
        (replace(CONSENT, company_state=CompanyState.SUSPENDED), TODAY, False),
        (replace(CONSENT, company_state=CompanyState.ENDED), TODAY, False),
    ],
)
def test_a_consent_covers_its_days_until_it_is_withdrawn(
    consent: StandingConsent, today: date, holds: bool
) -> None:
    assert is_in_force(consent, today) is holds


@given(
    st.sets(st.sampled_from(F)),
    st.sets(st.sampled_from(F)),
    st.sets(st.sampled_from(sorted(GRANT.fields)), min_size=1),
)
def test_a_check_says_only_what_was_asked_and_consented_and_is_registered_and_never_a_portrait(
    asked: set[AskedField], consented: set[AskedField], registered: set[AskedField]
) -> None:
    consent = replace(CONSENT, terms=replace(CONSENT.terms, fields=in_order(consented)))
    said = set(fields_of_check(frozenset(asked), consent, Grant("rental", frozenset(registered))))
    assert said == (asked & consented & registered) - {F.PORTRAIT}


# --- the answer -------------------------------------------------------------------------------------------------

SAYS = DriverSays(
    "A", "C1", date(2020, 1, 1), date(2030, 1, 1), date(2014, 1, 1), "样本甲", "320***********0018"
)


@pytest.mark.parametrize(
    ("changed", "wanted", "today", "may"),
    [
        ({}, "C1", TODAY, True),
        ({}, "C2", TODAY, True),  # C1 allows C2
        ({}, "B1", TODAY, False),
        ({"classes": "A2"}, "C1", TODAY, True),
        ({"classes": "无"}, "C1", TODAY, False),
        ({"classes": "Z9"}, "C1", TODAY, False),
        ({"status": "?"}, "C1", TODAY, False),
        ({"valid_until": None}, "C1", TODAY, True),
        ({}, "C1", date(2020, 1, 1), True),
        ({}, "C1", date(2019, 12, 31), False),
        ({}, "C1", date(2030, 1, 1), True),
        ({}, "C1", date(2030, 1, 2), False),
        ({"status": "D"}, "C1", TODAY, False),
    ],
)
def test_who_may_drive_today(changed: dict[str, Any], wanted: str, today: date, may: bool) -> None:
    assert may_drive_today(replace(SAYS, **changed), DrivingClass(wanted), today) is may


@pytest.mark.parametrize("letter", StatusLetter)
def test_the_answer_on_status_is_the_status_rule_s(letter: StatusLetter) -> None:
    from liangzheng.kernel.status import Status, may_drive

    says = replace(SAYS, status=letter.value)
    assert may_drive_today(says, DrivingClass.C1, TODAY) is may_drive(Status.parse(letter.value))[0]


@given(st.sets(st.sampled_from(F)))
def test_an_answer_says_the_fields_named_and_nothing_else(fields: set[AskedField]) -> None:
    answer = minimal_answer(SAYS, in_order(fields), DrivingClass.C1, TODAY)
    assert (answer.may_drive is not None) == (answer.class_asked is not None) == (F.MAY_DRIVE in fields)
    assert (answer.valid_until is not None) == (answer.is_long_term is not None) == (F.VALID_UNTIL in fields)
    assert (answer.classes is not None) == (F.CLASSES in fields)
    assert (answer.first_issue_date is not None) == (F.FIRST_ISSUE_DATE in fields)
    assert (answer.name is not None) == (F.NAME in fields)
    assert (answer.masked_number is not None) == (F.MASKED_NUMBER in fields)
    assert "样本甲" not in repr(answer) and "样本甲" not in repr(SAYS)


# --- notices ------------------------------------------------------------------------------------------------------


def test_a_notice_waits_longer_each_time_and_is_given_up_after_ten() -> None:
    waits = [decide_retry(attempt) for attempt in range(1, ATTEMPTS + 2)]
    assert waits[-2:] == [None, None]
    seconds = [wait.total_seconds() for wait in waits if wait is not None]
    assert seconds == [10, 40, 160, 640, 2560, 10240, 21600, 21600, 21600]
