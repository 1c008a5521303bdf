"""Facts in, answer out: what a verifier hears, and who hears how much."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.classes import Classes, DrivingClass
from liangzheng.kernel.errors import Forbidden
from liangzheng.kernel.ids import DriverId, LicenceId, VerificationId, VerifierId
from liangzheng.kernel.purposes import AskedField
from liangzheng.kernel.status import Display, Status, StatusLetter
from liangzheng.showing import words
from liangzheng.showing.model import (
    NOTES,
    PURPOSES,
    Answer,
    Because,
    CredentialState,
    Decision,
    Facts,
    Holder,
    Knowledge,
    Reason,
    Standing,
    Tone,
    Turn,
    Verifier,
    VerifierKind,
)
from liangzheng.showing.rules import decide_answer, disclose, may_see_portrait, reason_of, refuse_purpose
from liangzheng.standards.livecode import Outcome, Step

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
ONLINE = Facts(credential=CredentialState.LIVE, turn=Turn.FIRST, knowledge=Knowledge.LIVE, class_held=True)
OFFLINE = Facts(knowledge=Knowledge.SNAPSHOT)
SUSPENDED = (StatusLetter.SUSPENDED,)

FAILED_STEPS = [
    because
    for because in Because
    if because.value
    in {
        "not_decoded",
        "unknown_issuer",
        "issuer_signature",
        "device_signature",
        "snapshot_forged",
        "clock_ahead",
        "too_old",
        "not_in_force",
        "against_the_format",
        "status_superseded",
        "already_shown",
    }
]


def outcome(facts: Facts) -> Outcome:
    return decide_answer(facts).outcome


TABLE = [
    (ONLINE, Outcome.VALID, Tone.GREEN),
    (OFFLINE, Outcome.VALID, Tone.GREEN),
    (replace(ONLINE, turn=Turn.AGAIN), Outcome.VALID, Tone.GREEN),
    (replace(OFFLINE, knowledge=Knowledge.SNAPSHOT_AGED), Outcome.VALID, Tone.AMBER),
    (replace(OFFLINE, trust_aged=True), Outcome.VALID, Tone.AMBER),
    (replace(OFFLINE, knowledge=Knowledge.SNAPSHOT_EXPIRED), Outcome.STATUS_NOT_CHECKED, Tone.AMBER),
    (replace(OFFLINE, knowledge=Knowledge.NONE), Outcome.STATUS_NOT_CHECKED, Tone.AMBER),
    (replace(ONLINE, register_behind=True), Outcome.STATUS_NOT_CHECKED, Tone.AMBER),
    (replace(ONLINE, against=SUSPENDED), Outcome.MAY_NOT_DRIVE, Tone.RED),
    (replace(OFFLINE, against=SUSPENDED), Outcome.MAY_NOT_DRIVE, Tone.RED),
    (replace(ONLINE, class_held=False), Outcome.MAY_NOT_DRIVE, Tone.RED),
    (replace(OFFLINE, knowledge=Knowledge.NONE, class_held=False), Outcome.MAY_NOT_DRIVE, Tone.RED),
    (replace(ONLINE, validity_ended=True), Outcome.NOT_IN_FORCE, Tone.RED),
    (replace(ONLINE, not_yet_valid=True), Outcome.NOT_IN_FORCE, Tone.RED),
    (replace(ONLINE, validity_ended=True, against=SUSPENDED), Outcome.MAY_NOT_DRIVE, Tone.RED),
    (replace(ONLINE, forbidden=True), Outcome.MAY_NOT_DRIVE, Tone.RED),
    (replace(ONLINE, credential=CredentialState.ENDED), Outcome.NOT_IN_FORCE, Tone.RED),
    (replace(ONLINE, credential=CredentialState.SUPERSEDED), Outcome.NOT_IN_FORCE, Tone.RED),
    (replace(ONLINE, credential=CredentialState.WITHDRAWN), Outcome.NOT_IN_FORCE, Tone.RED),
    (
        replace(ONLINE, credential=CredentialState.WITHDRAWN, against=SUSPENDED),
        Outcome.MAY_NOT_DRIVE,
        Tone.RED,
    ),
    (replace(ONLINE, credential=CredentialState.ENDED, class_held=False), Outcome.NOT_IN_FORCE, Tone.RED),
    (replace(ONLINE, credential=CredentialState.NOT_ISSUED, against=SUSPENDED), Outcome.FORGED, Tone.RED),
    (replace(ONLINE, turn=Turn.TAKEN, against=SUSPENDED), Outcome.ALREADY_SHOWN, Tone.RED),
    (Facts(failed=Because.NOT_DECODED), Outcome.UNREADABLE, Tone.AMBER),
    (Facts(failed=Because.UNKNOWN_ISSUER), Outcome.FORGED, Tone.RED),
    (Facts(failed=Because.ISSUER_SIGNATURE), Outcome.FORGED, Tone.RED),
    (Facts(failed=Because.DEVICE_SIGNATURE), Outcome.FORGED, Tone.RED),
    (Facts(failed=Because.SNAPSHOT_FORGED), Outcome.FORGED, Tone.RED),
    (Facts(failed=Because.CLOCK_AHEAD), Outcome.CLOCK_AHEAD, Tone.AMBER),
    (Facts(failed=Because.TOO_OLD), Outcome.TOO_OLD, Tone.AMBER),
    (Facts(failed=Because.NOT_IN_FORCE), Outcome.NOT_IN_FORCE, Tone.RED),
    (Facts(failed=Because.AGAINST_THE_FORMAT), Outcome.FORGED, Tone.RED),
    (Facts(failed=Because.STATUS_SUPERSEDED), Outcome.STATUS_SUPERSEDED, Tone.RED),
    (Facts(failed=Because.ALREADY_SHOWN), Outcome.ALREADY_SHOWN, Tone.RED),
]


@pytest.mark.parametrize(("facts", "expected", "tone"), TABLE)
def test_the_table_of_answers(facts: Facts, expected: Outcome, tone: Tone) -> None:
    decision = decide_answer(facts)
    assert (decision.outcome, decision.tone) == (expected, tone)


def test_every_outcome_is_in_the_table() -> None:
    # A purpose that is not permitted is refused with a failure, before there is an answer.
    assert {expected for _, expected, _ in TABLE} == set(Outcome) - {Outcome.NOT_PERMITTED}


def test_a_failed_step_nobody_foresaw_is_a_forgery() -> None:
    assert reason_of(Step.CLASS, Outcome.VALID) is Because.AGAINST_THE_FORMAT
    assert decide_answer(Facts(failed=reason_of(Step.CLASS, Outcome.VALID))).outcome is Outcome.FORGED


ANY_FACTS = st.builds(
    Facts,
    failed=st.none() | st.sampled_from(FAILED_STEPS),
    credential=st.none() | st.sampled_from(CredentialState),
    turn=st.sampled_from(Turn),
    knowledge=st.sampled_from(Knowledge),
    register_behind=st.booleans(),
    forbidden=st.booleans(),
    against=st.lists(st.sampled_from(StatusLetter), unique=True, max_size=3).map(tuple),
    not_yet_valid=st.booleans(),
    validity_ended=st.booleans(),
    class_held=st.sampled_from([None, True, False]),
    trust_aged=st.booleans(),
)


def is_bad(facts: Facts) -> bool:
    return bool(
        facts.failed
        or facts.credential not in (None, CredentialState.LIVE)
        or facts.turn is Turn.TAKEN
        or facts.against
        or facts.forbidden
        or facts.not_yet_valid
        or facts.validity_ended
        or facts.class_held is False
    )


@given(ANY_FACTS)
def test_valid_exactly_when_no_fact_is_bad_and_the_status_is_known(facts: Facts) -> None:
    known = facts.knowledge not in (Knowledge.NONE, Knowledge.SNAPSHOT_EXPIRED) and not facts.register_behind
    assert (outcome(facts) is Outcome.VALID) == (not is_bad(facts) and known)


@given(ANY_FACTS)
def test_never_green_when_the_status_was_not_checked_or_is_aged(facts: Facts) -> None:
    if facts.knowledge not in (Knowledge.LIVE, Knowledge.SNAPSHOT) or facts.register_behind:
        assert decide_answer(facts).tone is not Tone.GREEN


@given(ANY_FACTS)
def test_a_failed_step_says_nothing_of_the_driver(facts: Facts) -> None:
    decision = decide_answer(facts)
    if decision.outcome in (
        Outcome.FORGED,
        Outcome.UNREADABLE,
        Outcome.TOO_OLD,
        Outcome.CLOCK_AHEAD,
        Outcome.ALREADY_SHOWN,
    ):
        assert len(decision.reasons) == 1


@given(ANY_FACTS)
def test_reasons_stand_in_order_and_none_stands_behind_a_plain_yes(facts: Facts) -> None:
    decision = decide_answer(facts)
    places = [list(Because).index(reason.because) for reason in decision.reasons]
    assert places == sorted(places)
    assert bool(decision.reasons) == (decision.tone is not Tone.GREEN)
    if decision.outcome is Outcome.VALID:
        assert {reason.because for reason in decision.reasons} <= NOTES


@given(ANY_FACTS, st.sampled_from(["failed", "against", "validity_ended", "class_held"]))
def test_a_further_bad_fact_never_makes_an_answer_valid(facts: Facts, worse: str) -> None:
    changes = {
        "failed": Because.DEVICE_SIGNATURE,
        "against": SUSPENDED,
        "validity_ended": True,
        "class_held": False,
    }
    assert outcome(replace(facts, **{worse: changes[worse]})) is not Outcome.VALID  # type: ignore[arg-type]


def full(decision: Decision) -> Answer:
    return Answer(
        decision=decision,
        checked_at=NOW,
        verification_id=VerificationId.new(),
        licence_id=LicenceId.new(),
        licence_version=2,
        holder=Holder(
            "李明",
            "320101199001011234",
            "320***********1234",
            "male",
            Classes((DrivingClass.C1,)),
            date(2020, 1, 1),
            None,
            "苏A",
        ),
        standing=Standing(Status.parse("D"), Display.RED, False, 6, 9, NOW),
        class_held=True,
        portrait_of=DriverId.new(),
    )


@pytest.mark.parametrize("kind", [VerifierKind.COMPANY, VerifierKind.PUBLIC])
@pytest.mark.parametrize("answered", list(Outcome))
def test_nobody_but_police_sees_letters_or_points_and_the_public_no_portrait(
    kind: VerifierKind, answered: Outcome
) -> None:
    reasons = (
        Reason(Because.STATUS, StatusLetter.SUSPENDED),
        Reason(Because.STATUS, StatusLetter.USE_STOPPED),
    )
    answer = full(Decision(answered, reasons))
    seen = disclose(answer, kind)
    # Whether a company may fetch one is decided before, by its purpose (`may_see_portrait`).
    assert seen.portrait_of == (answer.portrait_of if seen.holder and kind is VerifierKind.COMPANY else None)
    assert seen.standing is None or (seen.standing.status, seen.standing.points) == (None, None)
    assert seen.holder is None or seen.holder.number == "320***********1234"
    if seen.standing:
        assert seen.decision.reasons == (Reason(Because.STATUS),)


@pytest.mark.parametrize("kind", list(VerifierKind))
@pytest.mark.parametrize(
    "answered",
    [Outcome.FORGED, Outcome.UNREADABLE, Outcome.TOO_OLD, Outcome.CLOCK_AHEAD, Outcome.ALREADY_SHOWN],
)
def test_a_code_that_is_not_genuine_fresh_and_first_shows_nobody_a_person(
    kind: VerifierKind, answered: Outcome
) -> None:
    seen = disclose(full(Decision(answered)), kind)
    assert (seen.holder, seen.standing, seen.licence_id, seen.portrait_of) == (None, None, None, None)


@pytest.mark.parametrize(
    ("kind", "grants", "may"),
    [
        (VerifierKind.POLICE, None, True),
        (VerifierKind.PUBLIC, None, False),
        (
            VerifierKind.COMPANY,
            None,
            False,
        ),  # not held to a registration: nothing says that its purpose has one
        (VerifierKind.COMPANY, {}, False),
        (VerifierKind.COMPANY, {"rental": frozenset({AskedField.MAY_DRIVE})}, False),
        (VerifierKind.COMPANY, {"employment": frozenset({AskedField.PORTRAIT})}, False),
        (VerifierKind.COMPANY, {"rental": frozenset({AskedField.PORTRAIT})}, True),
    ],
)
def test_a_company_may_fetch_a_portrait_where_the_purpose_it_verified_for_has_it(
    kind: VerifierKind, grants: dict[str, frozenset[AskedField]] | None, may: bool
) -> None:
    assert may_see_portrait(Verifier(VerifierId.new(), "示例", kind, grants), "rental") is may


def test_police_see_everything_of_a_driver_who_stands_before_them() -> None:
    answer = full(Decision(Outcome.MAY_NOT_DRIVE, (Reason(Because.STATUS, StatusLetter.SUSPENDED),)))
    assert disclose(answer, VerifierKind.POLICE) is answer


def test_an_answer_without_a_person_stays_one() -> None:
    answer = Answer(Decision(Outcome.STATUS_SUPERSEDED), NOW)
    for kind in VerifierKind:
        assert disclose(answer, kind) == answer


def test_after_a_failed_step_no_other_reason_is_given() -> None:
    facts = Facts(failed=Because.TOO_OLD, against=SUSPENDED, validity_ended=True)
    assert decide_answer(facts) == Decision(Outcome.TOO_OLD, (Reason(Because.TOO_OLD),))


def test_a_no_with_a_letter_needs_no_nameless_one_beside_it() -> None:
    told = decide_answer(replace(ONLINE, against=SUSPENDED, forbidden=True)).reasons
    assert told == tuple(Reason(Because.STATUS, letter) for letter in SUSPENDED)


def test_police_see_whose_a_credential_out_of_force_was_but_not_the_portrait() -> None:
    seen = disclose(full(Decision(Outcome.NOT_IN_FORCE)), VerifierKind.POLICE)
    assert seen.holder is not None
    assert seen.portrait_of is None


def test_what_each_kind_may_ask_for_is_this_table() -> None:
    assert PURPOSES == {
        VerifierKind.POLICE: ("roadside-check", "violation", "accident", "licence-business"),
        VerifierKind.COMPANY: ("rental", "insurance", "employment", "freight"),
        VerifierKind.PUBLIC: ("general",),
    }


@pytest.mark.parametrize("kind", list(VerifierKind))
def test_each_kind_may_ask_for_its_own_purposes_and_for_no_other(kind: VerifierKind) -> None:
    everything = {purpose for purposes in PURPOSES.values() for purpose in purposes}
    assert PURPOSES[kind]
    for purpose in PURPOSES[kind]:
        refuse_purpose(kind, purpose)
    for purpose in everything - set(PURPOSES[kind]) | {"", "curiosity"}:
        with pytest.raises(Forbidden):
            refuse_purpose(kind, purpose)


def test_every_outcome_reason_status_and_tone_has_words_in_both_languages() -> None:
    tables = (words.OUTCOMES, words.REASONS, words.STATUS, words.STEPS)
    for table, members in zip(tables, (Outcome, Because, StatusLetter, Step), strict=True):
        assert set(table) == set(members)  # type: ignore[call-overload]
        assert all(text for pair in table.values() for text in pair)  # type: ignore[attr-defined]
    assert set(words.ICONS) == set(Tone)


def test_a_status_reason_names_the_letter_in_words() -> None:
    said = words.of_reason(Reason(Because.STATUS, StatusLetter.POINTS_EXCEEDED))
    assert "记满12分" in said.zh
    assert "points exceeded" in said.en
