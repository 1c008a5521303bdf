from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.accounts import rules
from liangzheng.accounts.lifecycle import Event, State
from liangzheng.accounts.model import (
    AccountPolicy,
    CodePurpose,
    FaceCheck,
    Level,
    LiveCode,
    Outcome,
    Purpose,
    Session,
)
from liangzheng.infra.passwords import common_passwords
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import FaceCheckId, PersonId, SessionId
from liangzheng.standards import cbor

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
POLICY = AccountPolicy()
OWN = {"13900000001", "320200180001010013"}

# --- passwords --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "lampenschirm-am-kai",
        "十个汉字的口令也可以的",
        "a b c d e f",
        "x" * 64 + "yzw",
        "Tr0ub4dor&3",
        "🚲" * 9 + "abcd",
    ],
)
def test_a_long_password_nobody_tries_first_is_taken(password: str) -> None:
    assert rules.decide_password(password, common_passwords(), OWN) is None


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("", "10 to 128"),
        ("ninechars", "10 to 128"),
        ("x1" * 65, "10 to 128"),
        ("line\nbreak-inside", "control"),
        ("nul\x00inside-the-middle", "control"),
        ("password123", "tries first"),
        ("PassWord123", "tries first"),
        ("woaini1314520", "tries first"),
        ("qwertyuiop", "tries first"),
        ("aaaaaaaaaaaa", "tries first"),
        ("abababcabab", "tries first"),
        ("bcdefghijkl", "tries first"),
        ("9876543210", "tries first"),
        ("13900000001", "mobile or identity"),
        ("x13900000001x", "mobile or identity"),
        ("180001010013", "mobile or identity"),
    ],
)
def test_a_password_that_breaks_a_rule_is_named_by_its_rule(password: str, word: str) -> None:
    fault = rules.decide_password(password, common_passwords(), OWN)
    assert fault is not None
    assert word in fault


@given(st.text(max_size=200))
def test_a_rule_never_quotes_the_password(password: str) -> None:
    fault = rules.decide_password(password, common_passwords(), OWN) or ""
    assert len(password) < 4 or password not in fault


def test_every_listed_common_password_is_long_enough_to_need_listing() -> None:
    assert len(common_passwords()) > 100
    assert {entry for entry in common_passwords() if len(entry) < rules.SHORTEST_PASSWORD} == set()


# --- logins -----------------------------------------------------------------------------------------


def session(**changed: object) -> Session:
    made = Session(PersonId.new(), SessionId.new(), b"", NOW, NOW, NOW + timedelta(hours=12), None, None)
    return replace(made, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("after_s", "good"),
    [
        (0, True),
        (POLICY.session_idle_s - 1, True),
        (POLICY.session_idle_s, False),
        (POLICY.session_idle_s + 1, False),
    ],
)
def test_a_login_is_good_until_just_before_its_idle_time(after_s: int, good: bool) -> None:
    assert rules.may_use_session(session(), POLICY, NOW + timedelta(seconds=after_s)) is good


@pytest.mark.parametrize(("after_s", "good"), [(-1, True), (0, False), (1, False)])
def test_a_login_in_use_is_good_until_just_before_its_absolute_time(after_s: int, good: bool) -> None:
    at = NOW + timedelta(hours=12, seconds=after_s)
    assert rules.may_use_session(session(seen_at=at), POLICY, at) is good


def test_an_ended_login_is_not_good() -> None:
    assert not rules.may_use_session(session(ended_at=NOW), POLICY, NOW)


# --- face checks ------------------------------------------------------------------------------------

judgements = st.builds(
    rules.Judgement, outcome=st.sampled_from(Outcome), calibrated=st.booleans(), simulated=st.booleans()
)
policies = st.builds(AccountPolicy, simulated_pass_counts=st.booleans())


@given(judgements, st.integers(0, 9), policies)
def test_an_engine_without_calibration_never_passes_alone(
    judgement: rules.Judgement, failures: int, policy: AccountPolicy
) -> None:
    event = rules.decide_face_check(judgement, failures, policy)
    if event is Event.FOUND_ALIKE:
        assert judgement.outcome is Outcome.PASS
        assert (judgement.calibrated and not judgement.simulated) or (
            judgement.simulated and policy.simulated_pass_counts
        )


def test_a_calibrated_engine_passes() -> None:
    passed = rules.Judgement(Outcome.PASS, calibrated=True, simulated=False)
    assert rules.decide_face_check(passed, 0, POLICY) is Event.FOUND_ALIKE


@pytest.mark.parametrize("calibrated", [True, False])
def test_a_simulated_pass_counts_where_the_deployment_says_so_and_nowhere_else(calibrated: bool) -> None:
    passed = rules.Judgement(Outcome.PASS, calibrated=calibrated, simulated=True)
    counting = AccountPolicy(simulated_pass_counts=True)
    assert rules.decide_face_check(passed, 0, counting) is Event.FOUND_ALIKE
    assert rules.decide_face_check(passed, 0, AccountPolicy()) is Event.SENT_TO_REVIEW


def test_production_cannot_be_told_to_count_a_simulated_pass() -> None:
    with pytest.raises(Invalid, match="false in production"):
        AccountPolicy(production=True, simulated_pass_counts=True)


@pytest.mark.parametrize(
    ("failures_before", "event"),
    [(0, Event.FOUND_UNLIKE), (1, Event.FOUND_UNLIKE), (2, Event.SENT_TO_REVIEW), (7, Event.SENT_TO_REVIEW)],
)
def test_the_third_failure_in_a_row_goes_to_a_person(failures_before: int, event: Event) -> None:
    failed = rules.Judgement(Outcome.FAIL, calibrated=True, simulated=False)
    assert rules.decide_face_check(failed, failures_before, POLICY) is event


def captures(*steps: int) -> list[rules.Capture]:
    return [rules.Capture(step, 100 * n, bytes([n]) * 32) for n, step in enumerate(steps)]


def test_a_capture_in_order_has_no_fault() -> None:
    assert rules.capture_faults(captures(0, 0, 1, 1, 2), 3, 60_000, seen=()) == []


@pytest.mark.parametrize("steps", [(0, 1), (0, 2, 1), (1, 1, 2), (0, 1, 2, 3), (2, 1, 0), ()])
def test_steps_left_out_added_or_turned_round_are_a_fault(steps: tuple[int, ...]) -> None:
    assert rules.capture_faults(captures(*steps), 3, 60_000, seen=()) == ["steps_out_of_order"]


def test_the_same_picture_twice_is_a_fault() -> None:
    first, *others = captures(0, 1, 2)
    twice = [first, replace(first, at_ms=50), *others]
    assert rules.capture_faults(twice, 3, 60_000, seen=()) == ["duplicate_frames"]


def test_a_picture_sent_before_is_a_fault() -> None:
    taken = captures(0, 1, 2)
    assert rules.capture_faults(taken, 3, 60_000, seen={taken[2].hash}) == ["replayed_frames"]


def test_times_that_stand_still_or_run_back_are_a_fault() -> None:
    first, second, third = captures(0, 1, 2)
    for wrong in (second.at_ms, second.at_ms - 1):
        faults = rules.capture_faults([first, second, replace(third, at_ms=wrong)], 3, 60_000, seen=())
        assert faults == ["times_out_of_order"]


def test_a_capture_longer_than_the_challenge_lives_is_a_fault() -> None:
    first, second, third = captures(0, 1, 2)
    assert rules.capture_faults([first, second, replace(third, at_ms=60_000)], 3, 60_000, seen=()) == []
    assert rules.capture_faults([first, second, replace(third, at_ms=60_001)], 3, 60_000, seen=()) == [
        "too_long"
    ]


def face_check(**changed: object) -> FaceCheck:
    made = FaceCheck(
        person_id=PersonId.new(), face_check_id=FaceCheckId.new(), purpose=Purpose.APPLY, state=State.PASSED,
        move=3, nonce=b"", steps=(), engine="e", engine_version="1", calibrated=True, simulated=False,
        reasons=(), begun_at=NOW, expires_at=NOW, usable_until=NOW + timedelta(seconds=600),
        submission_hash=b"", consumed_by=None,
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(("after_s", "good"), [(0, True), (599, True), (600, False), (601, False)])
def test_a_passed_check_can_be_used_until_just_before_its_time_is_up(after_s: int, good: bool) -> None:
    at = NOW + timedelta(seconds=after_s)
    assert (rules.may_consume_face_check(face_check(), Purpose.APPLY, at) is None) is good


@pytest.mark.parametrize("state", [state for state in State if state is not State.PASSED])
def test_a_check_in_any_other_state_cannot_be_used(state: State) -> None:
    assert rules.may_consume_face_check(face_check(state=state), Purpose.APPLY, NOW) is not None


def test_a_check_made_for_one_purpose_does_not_serve_another() -> None:
    reason = rules.may_consume_face_check(face_check(), Purpose.BIND_PHONE_KEY, NOW)
    assert reason is not None
    assert "apply" in reason


# --- phone keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", Level)
def test_a_phone_is_bound_from_level_two_on(level: Level) -> None:
    assert rules.may_bind_phone_key(level) is (level >= 2)


@pytest.mark.parametrize(
    ("taken", "freed", "slot"),
    [
        ((), None, 1),
        ((1,), None, 2),
        ((1, 3), None, 2),
        ((2, 3), None, 1),
        ((1, 2, 3), None, None),
        ((1, 2, 3), 2, 2),
    ],
)
def test_a_new_key_takes_the_freed_slot_or_the_lowest_free_one(
    taken: tuple[int, ...], freed: int | None, slot: int | None
) -> None:
    assert rules.decide_slot(taken, freed) == slot


def test_what_a_phone_signs_to_be_bound_is_never_what_it_signs_to_show() -> None:
    message = rules.phone_key_message(b"n" * 32, b"p" * 16)
    assert message == b"LZ-PHONE-KEY-1\x00" + b"n" * 32 + b"p" * 16
    showing = cbor.encode(["LZ1", b"", None, 0, b""])
    assert message[0] != showing[0]


@pytest.mark.parametrize(
    "label", ["iPhone", "红色手机", "爸爸的手机 (旧)", "红色\u3000手机", "Ä-1", "📱", "x" * 40]
)
def test_a_label_people_write_is_taken(label: str) -> None:
    assert rules.label_fault(label) is None


@pytest.mark.parametrize(
    "label", ["", " x", "x ", "x" * 41, "a\nb", "a\u202eb", "a\x00b", "\ud800", "a\u2028b", "a\u2029b"]
)
def test_a_label_that_hides_something_is_not(label: str) -> None:
    assert rules.label_fault(label) is not None


# --- one-time codes ---------------------------------------------------------------------------------

CODE = LiveCode(
    mobile_hash=b"m" * 32, purpose=CodePurpose.REGISTER, made_at=NOW, expires_at=NOW + timedelta(minutes=5), tries=0,
    request_hash=b"r" * 32, code_hash=b"c" * 32, bound_to=None, proof_hash=None, proof_until=None, used_at=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "after", "may"),
    [
        (CODE, timedelta(0), True),
        (CODE, timedelta(minutes=5) - timedelta(microseconds=1), True),
        (CODE, timedelta(minutes=5), False),
        (replace(CODE, tries=POLICY.code_tries - 1), timedelta(0), True),
        (replace(CODE, tries=POLICY.code_tries), timedelta(0), False),
        (replace(CODE, proof_hash=b"p" * 32), timedelta(0), False),
    ],
)
def test_a_code_is_tried_in_time_five_times_and_until_it_was_given_back(
    code: LiveCode, after: timedelta, may: bool
) -> None:
    assert rules.may_try_code(code, POLICY, NOW + after) is may
