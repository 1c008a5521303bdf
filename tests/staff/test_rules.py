"""Who may do what: the table itself, and every refusal in its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import DriverId, ProposalId, StaffId
from liangzheng.staff.enrol import password_fault
from liangzheng.staff.lifecycle import ProposalState
from liangzheng.staff.model import (
    DUTIES,
    FRESH_ACTS,
    KINDS,
    PURPOSES,
    Act,
    CaseKind,
    CaseNumber,
    Duty,
    HeldDuty,
    Kind,
    Proposal,
    Region,
    StaffNumber,
    StaffPolicy,
)
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import (
    ActFacts,
    AskFacts,
    ProposeFacts,
    Refusal,
    RetainFacts,
    may_act,
    may_decide,
    may_hold,
    may_look_up,
    may_propose,
    may_retain,
    may_see,
    may_take_back,
    purpose_of,
)
from tests.conftest import NOW

TODAY = date(2026, 11, 20)
POLICY = StaffPolicy()
FRESH = timedelta(0)
CASE = CaseNumber.parse("R-320900-20261120-0001")


def held(duty: Duty, region: str = "3209", first: date = TODAY, last: date | None = None) -> HeldDuty:
    return HeldDuty(duty, Region(region), first, last)


# --- duties -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("duty", Duty)
def test_a_duty_allows_what_the_table_says_and_nothing_else(duty: Duty, act: Act) -> None:
    decided = may_act(ActFacts(act, (held(duty),), TODAY, FRESH, "320900"), POLICY)
    assert decided == (held(duty) if act in DUTIES[duty] else Refusal.DUTY_NOT_HELD)


def test_every_act_is_somebody_s_and_every_duty_is_in_the_table() -> None:
    assert set(DUTIES) == set(Duty)
    assert {act for acts in DUTIES.values() for act in acts} == set(Act)
    assert all(duty.chinese for duty in Duty)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, None),
        ({"held": ()}, Refusal.DUTY_NOT_HELD),
        ({"held": (held(Duty.PATROL),)}, Refusal.DUTY_NOT_HELD),
        ({"held": (held(Duty.PENALTY, first=TODAY + timedelta(1)),)}, Refusal.DUTY_NOT_HELD),
        ({"held": (held(Duty.PENALTY, first=date(2026, 1, 1), last=TODAY - timedelta(1)),)}, Refusal.DUTY_NOT_HELD),
        ({"held": (held(Duty.PENALTY, last=TODAY),)}, None),
        ({"division": "320500"}, Refusal.NOT_HERE),
        ({"division": None}, None),
        ({"proved_ago": timedelta(seconds=300)}, None),
        ({"proved_ago": timedelta(seconds=301)}, Refusal.SECOND_FACTOR_NOT_FRESH),
        ({"proved_ago": timedelta(days=1), "division": "320500"}, Refusal.NOT_HERE),
        ({"held": (held(Duty.PENALTY, "3205"), held(Duty.PENALTY, ""))}, None),
    ],
)  # fmt: skip
def test_an_act_needs_duty_day_place_and_a_fresh_factor(
    changed: dict[str, Any], refusal: Refusal | None
) -> None:
    facts = ActFacts(Act.SUSPEND, (held(Duty.PENALTY),), TODAY, FRESH, "320900")
    decided = may_act(replace(facts, **changed), POLICY)
    assert decided is refusal if refusal else isinstance(decided, HeldDuty)


@pytest.mark.parametrize("act", Act)
def test_a_factor_of_hours_ago_does_for_everything_but_the_fresh_acts(act: Act) -> None:
    duty = next(duty for duty, acts in DUTIES.items() if act in acts)
    decided = may_act(ActFacts(act, (held(duty),), TODAY, timedelta(hours=2), "320900"), POLICY)
    assert (decided is Refusal.SECOND_FACTOR_NOT_FRESH) == (act in FRESH_ACTS)


@pytest.mark.parametrize("duty", Duty)
@pytest.mark.parametrize("other", Duty)
def test_two_administrations_are_never_in_one_hand(duty: Duty, other: Duty) -> None:
    three = {Duty.SYSTEM, Duty.KEYS, Duty.AUDIT}
    assert may_hold(duty, [other]) == (not (duty in three and other in three))


@pytest.mark.parametrize(
    ("text", "prefix"),
    [("nationwide", ""), ("32", "32"), ("320000", "32"), ("3200", "32"), ("3205", "3205"), ("320500", "3205"),
     ("419001", "419001")],
)  # fmt: skip
def test_a_region_is_written_in_any_of_these_ways(text: str, prefix: str) -> None:
    assert Region.parse(text).prefix == prefix


@pytest.mark.parametrize("text", ["", "3", "325", "99", "everywhere", "０１", "3205001", "00"])
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="region"):
        Region.parse(text)


def test_a_region_reaches_into_its_own_province_and_nationwide_into_all_and_none() -> None:
    assert Region("3205").provinces == ("32",)
    assert {"00", "32", "65"} <= set(Region("").provinces)
    assert Region("32").covers("320500") and not Region("32").covers("330100")


@pytest.mark.parametrize("text", ["123", "a12345", "1234567890123", "12 34", "", "１２３４"])
def test_what_is_no_staff_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="staff number"):
        StaffNumber(text)


# --- cases and look-ups -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", "R", "R-320900-20261120-", "R-320900-20261120-001", "R-320900-20261120-000000001", "X-320900-20261120-0001",
        "R-990900-20261120-0001", "R-320900-20261320-0001", "R-320900-20260230-0001", "r-320900-20261120-0001",
        " R-320900-20261120-0001", "R-320900-20261120-0001\n", "R-３20900-20261120-0001",
    ],
)  # fmt: skip
def test_what_is_no_case_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="case_number"):
        CaseNumber.parse(text)


def test_a_case_number_is_what_it_was_written_as() -> None:
    assert str(CASE) == "R-320900-20261120-0001"
    assert (CASE.kind, CASE.division, CASE.day) == (CaseKind.ROADSIDE, "320900", TODAY)


ASK = AskFacts((held(Duty.PATROL),), purpose_of("roadside-check"), CASE, TODAY)
BROKEN_ASKS: dict[Refusal, dict[str, Any]] = {
    Refusal.PURPOSE_UNKNOWN: {"purpose": None},
    Refusal.DUTY_NOT_HELD: {"held": (held(Duty.COUNTER),)},
    Refusal.CASE_MISSING: {"case": None},
    Refusal.CASE_OF_OTHER_KIND: {"case": CaseNumber.parse("A-320900-20261120-0001")},
    Refusal.CASE_ELSEWHERE: {"case": CaseNumber.parse("R-320500-20261120-0001")},
    Refusal.CASE_IN_FUTURE: {"case": CaseNumber.parse("R-320900-20261121-0001")},
}


def test_a_whole_question_is_asked_under_its_duty() -> None:
    assert may_look_up(ASK) == held(Duty.PATROL)


@pytest.mark.parametrize("refusal", BROKEN_ASKS)
def test_one_thing_missing_is_refused_for_that(refusal: Refusal) -> None:
    assert may_look_up(replace(ASK, **BROKEN_ASKS[refusal])) is refusal


@given(
    st.sets(
        st.sampled_from([r for r in BROKEN_ASKS if "case" not in BROKEN_ASKS[r]] + [Refusal.CASE_MISSING]),
        min_size=1,
    )
)
def test_the_first_reason_in_the_list_is_heard(broken: set[Refusal]) -> None:
    changes = {name: value for refusal in broken for name, value in BROKEN_ASKS[refusal].items()}
    order = [Refusal.PURPOSE_UNKNOWN, Refusal.DUTY_NOT_HELD, Refusal.CASE_MISSING]
    assert may_look_up(replace(ASK, **changes)) is next(each for each in order if each in broken)


@pytest.mark.parametrize("purpose", PURPOSES, ids=lambda purpose: purpose.code)
def test_every_purpose_belongs_to_a_duty_that_looks_up(purpose: Any) -> None:
    assert Act.LOOK_UP in DUTIES[purpose.duty]
    assert purpose_of(purpose.code) is purpose
    assert purpose_of(purpose.code + "x") is None


def test_a_driver_of_another_region_is_seen_only_when_stopped_on_the_road() -> None:
    accident = CaseNumber.parse("A-320900-20261120-0001")
    assert may_see(held(Duty.PATROL), accident, "320900")
    assert not may_see(held(Duty.PATROL), accident, "320500")
    assert may_see(held(Duty.PATROL), CASE, "650100")


# --- four eyes --------------------------------------------------------------------------------------

PROPOSER, DECIDER = StaffId.new(), StaffId.new()
PROPOSAL = Proposal(
    ProposalId.new(), "32", "320900", Kind.SUSPEND, ProposalState.PROPOSED, 1, DriverId.new(), Duty.PENALTY,
    "drink-driving", CASE, {}, PROPOSER, NOW, NOW + timedelta(days=7),
)  # fmt: skip


@pytest.mark.parametrize("state", [state for state in ProposalState if state is not ProposalState.PROPOSED])
def test_nothing_is_decided_twice(state: ProposalState) -> None:
    assert may_decide(replace(PROPOSAL, state=state), DECIDER, NOW) is Refusal.ALREADY_DECIDED
    assert may_take_back(replace(PROPOSAL, state=state), PROPOSER, NOW) is Refusal.ALREADY_DECIDED


def test_two_people_decide_and_one_takes_back() -> None:
    assert may_decide(PROPOSAL, DECIDER, NOW) is None
    assert may_decide(PROPOSAL, PROPOSER, NOW) is Refusal.OWN_PROPOSAL
    assert may_take_back(PROPOSAL, PROPOSER, NOW) is None
    assert may_take_back(PROPOSAL, DECIDER, NOW) is Refusal.NOT_OWN_PROPOSAL


def test_the_last_moment_is_the_one_before_it_runs_out() -> None:
    last = PROPOSAL.expires_at - timedelta(microseconds=1)
    assert may_decide(PROPOSAL, DECIDER, last) is None
    assert may_decide(PROPOSAL, DECIDER, PROPOSAL.expires_at) is Refusal.RAN_OUT
    assert may_take_back(PROPOSAL, PROPOSER, PROPOSAL.expires_at) is Refusal.RAN_OUT


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, None),
        ({"case": CASE}, Refusal.CASE_OF_OTHER_KIND),
        ({"case": CaseNumber.parse("V-320500-20261120-0001")}, Refusal.CASE_ELSEWHERE),
        ({"case": CaseNumber.parse("V-320900-20261121-0001")}, Refusal.CASE_IN_FUTURE),
        ({"reason": "period-over"}, Refusal.REASON_UNKNOWN),
    ],
)
def test_a_proposal_needs_a_case_and_a_reason(changed: dict[str, Any], refusal: Refusal | None) -> None:
    facts = ProposeFacts(
        Kind.SUSPEND, "drink-driving", CaseNumber.parse("V-320900-20261120-0001"), held(Duty.PENALTY), TODAY
    )
    assert may_propose(replace(facts, **changed)) is refusal


def test_every_kind_can_be_proposed_and_decided_by_somebody() -> None:
    able = {act for acts in DUTIES.values() for act in acts}
    assert set(KINDS) == set(Kind)
    assert all(rules.proposes in able and rules.decides in able and rules.reasons for rules in KINDS.values())


@pytest.mark.parametrize(
    ("verified", "retained", "refusal"),
    [(True, False, None), (False, False, Refusal.NOT_VERIFIED_BY_YOU), (True, True, Refusal.ALREADY_RETAINED),
     (False, True, Refusal.NOT_VERIFIED_BY_YOU)],
)  # fmt: skip
def test_nobody_is_retained_by_an_identifier(verified: bool, retained: bool, refusal: Refusal | None) -> None:
    assert may_retain(RetainFacts(verified, retained)) is refusal


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_failure(refusal: Refusal) -> None:
    failure = failure_of(refusal)
    assert failure.message
    expected = {Refusal.NOT_HERE: "not-found", Refusal.OVER_BUDGET: "too-many", Refusal.CASE_MISSING: "invalid",
                Refusal.OWN_PROPOSAL: "forbidden", Refusal.ALREADY_DECIDED: "conflict"}  # fmt: skip
    assert failure.code == expected.get(refusal, failure.code)


# --- logging in -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "fits"),
    [("stempelkissen", True), ("short-pass1", False), ("x" * 129, False), ("a" * 20, False), ("my-100001-pass", False),
     ("with\x00control-character", False)],
)  # fmt: skip
def test_a_staff_password_is_long_and_not_made_of_the_number(password: str, fits: bool) -> None:
    assert (password_fault(password, "100001") is None) == fits
