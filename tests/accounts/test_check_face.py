from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from liangzheng import accounts
from liangzheng.accounts.lifecycle import State
from liangzheng.accounts.model import AccountPolicy, Decision, FaceCheck, Level, Purpose
from liangzheng.audit import Actor
from liangzheng.infra.face import FaceFrame, FaceResult
from liangzheng.infra.face_manual import ManualFace
from liangzheng.infra.face_simulated import Behaviour, SimulatedFace, played_frames
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotVerified, TooMany
from liangzheng.kernel.ids import ApplicationId, FaceCheckId, PersonId, PhoneKeyId, VerifierId
from liangzheng.kernel.people import IdentityNumber, PersonName
from tests.accounts.people import MADE_UP
from tests.accounts.world import World

ONE, TWO = MADE_UP[:2]
STAFF = Actor("staff", VerifierId.new())


async def level(world: World, person_id: PersonId) -> Level:
    async with world.database.read() as tx:
        return (await accounts.assurance(tx, person_id)).level


async def consume(world: World, check: FaceCheck, purpose: Purpose, subject: object, who: PersonId) -> None:
    async with world.database.transaction() as tx:
        await accounts.consume_face_check(
            tx,
            who,
            check.face_check_id,
            purpose,
            subject,
            world.clock.now(),  # type: ignore[arg-type]
        )


# --- what an engine's word leads to -----------------------------------------------------------------


async def test_a_pass_lifts_the_person_to_level_two(world: World) -> None:
    person_id = await world.person(ONE)
    check = await world.passed(person_id)
    assert (check.state, check.simulated, check.calibrated) == (State.PASSED, True, False)
    assert await level(world, person_id) is Level.FACE_VERIFIED


@pytest.mark.parametrize(
    ("behaviour", "state", "reason"),
    [
        (Behaviour.FAIL, State.FAILED, "simulated"),
        (Behaviour.RETAKE, State.RETAKE, "simulated"),
        (Behaviour.REVIEW, State.IN_REVIEW, "simulated"),
        (Behaviour.OUT_OF_REACH, State.RETAKE, "engine_out_of_reach"),
        (Behaviour.TIMEOUT, State.RETAKE, "engine_out_of_reach"),
        (Behaviour.WRONG_NONCE, State.RETAKE, "engine_answered_for_another_challenge"),
    ],
)
async def test_whatever_else_an_engine_does_nobody_is_lifted(
    world: World, behaviour: Behaviour, state: State, reason: str
) -> None:
    world.policy = AccountPolicy(
        simulated_pass_counts=True, face_engine_s=0 if behaviour is Behaviour.TIMEOUT else 20
    )
    world.engine = SimulatedFace("test", behaviour)
    person_id = await world.person(ONE)
    check = await world.finish(await world.begin(person_id))
    assert (check.state, check.reasons) == (state, (reason,))
    assert check.usable_until is None
    assert await level(world, person_id) is Level.IDENTITY_MATCHED


async def test_a_simulated_pass_goes_to_a_person_where_it_does_not_count(world: World) -> None:
    world.policy = AccountPolicy(simulated_pass_counts=False)
    person_id = await world.person(ONE)
    check = await world.finish(await world.begin(person_id))
    assert check.state is State.IN_REVIEW
    assert await level(world, person_id) is Level.IDENTITY_MATCHED


async def test_the_manual_engine_always_asks_a_person(world: World) -> None:
    world.engine = ManualFace()
    person_id = await world.person(ONE)
    check = await world.finish(await world.begin(person_id))
    assert (check.state, check.simulated, check.reasons) == (State.IN_REVIEW, False, ("a_person_decides",))


class Boasting(SimulatedFace):
    """A simulated engine that claims a calibration."""

    calibrated = True


async def test_an_engine_that_is_simulated_gains_nothing_by_claiming_a_calibration(world: World) -> None:
    world.policy = AccountPolicy(simulated_pass_counts=False)
    world.engine = Boasting("test")
    check = await world.finish(await world.begin(await world.person(ONE)))
    assert check.state is State.IN_REVIEW


class Real(SimulatedFace):
    """Plays an engine that is not simulated; its calibration is recorded, or not, or lost on the way."""

    simulated = False

    def __init__(self, at_challenge: bool, in_result: bool) -> None:
        super().__init__("test")
        self.calibrated = at_challenge
        self._in_result = in_result

    async def verify(self, *about: Any) -> FaceResult:
        return replace(await super().verify(*about), calibrated=self._in_result, simulated=False)


@pytest.mark.parametrize(
    ("at_challenge", "in_result", "state"),
    [
        (True, True, State.PASSED),
        (True, False, State.IN_REVIEW),
        (False, True, State.IN_REVIEW),
        (False, False, State.IN_REVIEW),
    ],
)
async def test_a_real_engine_passes_alone_only_when_it_is_calibrated_throughout(
    world: World, at_challenge: bool, in_result: bool, state: State
) -> None:
    world.engine = Real(at_challenge, in_result)
    check = await world.finish(await world.begin(await world.person(ONE)))
    assert check.state is state


async def test_the_third_failure_in_a_row_goes_to_a_person(world: World) -> None:
    world.engine = SimulatedFace("test", Behaviour.FAIL)
    person_id = await world.person(ONE)
    states = [(await world.finish(await world.begin(person_id))).state for _ in range(3)]
    assert states == [State.FAILED, State.FAILED, State.IN_REVIEW]


async def test_a_pass_between_breaks_the_row_of_failures(world: World) -> None:
    engine = SimulatedFace("test")
    engine.will(Behaviour.FAIL, Behaviour.FAIL, Behaviour.PASS, Behaviour.FAIL)
    world.engine = engine
    person_id = await world.person(ONE)
    states = []
    for _ in range(4):
        states.append((await world.finish(await world.begin(person_id))).state)
        world.clock.advance(1)
    assert states == [State.FAILED, State.FAILED, State.PASSED, State.FAILED]


# --- the challenge ----------------------------------------------------------------------------------


async def test_below_level_one_there_is_no_photo_to_compare_with(world: World) -> None:
    person_id = (await world.register(replace(ONE, name=PersonName("别人")))).person.person_id
    with pytest.raises(Forbidden):
        await world.begin(person_id)


async def test_challenges_are_never_alike(world: World) -> None:
    person_id = await world.person(ONE)
    checks = [await world.begin(person_id) for _ in range(12)]
    assert len({check.nonce for check in checks}) == 12
    assert len({check.steps for check in checks}) == 2


async def test_the_thirteenth_check_in_an_hour_is_too_many(world: World) -> None:
    person_id = await world.person(ONE)
    for _ in range(world.policy.face_checks_per_hour):
        await world.begin(person_id)
    with pytest.raises(TooMany):
        await world.begin(person_id)
    world.clock.advance(3600)
    await world.begin(person_id)


@pytest.mark.parametrize(("after_s", "late"), [(59, False), (60, True), (3600, True)])
async def test_a_challenge_is_good_for_less_than_a_minute(world: World, after_s: int, late: bool) -> None:
    check = await world.begin(await world.person(ONE))
    world.clock.advance(after_s)
    if late:
        with pytest.raises(NotVerified, match="expired"):
            await world.finish(check)
    else:
        assert (await world.finish(check)).state is State.PASSED


async def test_another_nonce_fails_and_spends_the_challenge(world: World) -> None:
    check = await world.begin(await world.person(ONE))
    result = await world.finish(check, nonce=b"x" * 32)
    assert (result.state, result.reasons) == (State.FAILED, ("wrong_nonce",))
    with pytest.raises(Conflict):
        await world.finish(check)


async def test_somebody_elses_check_is_not_found(world: World) -> None:
    check = await world.begin(await world.person(ONE))
    stranger = await world.person(TWO)
    with pytest.raises(NotFound):
        await world.finish(replace(check, person_id=stranger))
    async with world.database.read() as tx:
        with pytest.raises(NotFound):
            await accounts.face_check(tx, stranger, check.face_check_id)
    assert (await world.finish(check)).state is State.PASSED


async def test_the_same_submission_again_is_answered_with_where_the_check_stands(world: World) -> None:
    check = await world.begin(await world.person(ONE))
    frames = played_frames(len(check.steps))
    first = await world.finish(check, frames)
    world.clock.advance(3600)
    assert await world.finish(check, frames) == first


async def test_another_submission_of_a_spent_challenge_is_a_conflict(world: World) -> None:
    world.engine = SimulatedFace("test", Behaviour.RETAKE)
    check = await world.begin(await world.person(ONE))
    await world.finish(check)
    with pytest.raises(Conflict):
        await world.finish(check)


async def test_of_many_submissions_at_once_one_is_judged(world: World) -> None:
    check = await world.begin(await world.person(ONE))
    results = await asyncio.gather(*(world.finish(check) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(result, FaceCheck) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 5


async def test_an_engine_that_crashes_leaves_a_spent_challenge_and_no_pass(world: World) -> None:
    class Crashing(SimulatedFace):
        async def verify(self, *_: object) -> object:  # type: ignore[override]
            raise ZeroDivisionError

    world.engine = Crashing("test")
    person_id = await world.person(ONE)
    check = await world.begin(person_id)
    with pytest.raises(ZeroDivisionError):
        await world.finish(check)
    world.engine = SimulatedFace("test")
    with pytest.raises(Conflict):
        await world.finish(check)
    assert await level(world, person_id) is Level.IDENTITY_MATCHED


# --- the pictures -----------------------------------------------------------------------------------


async def test_pictures_used_in_an_earlier_check_fail(world: World) -> None:
    person_id = await world.person(ONE)
    first = await world.begin(person_id)
    frames = played_frames(len(first.steps))
    await world.finish(first, frames)
    result = await world.finish(await world.begin(person_id), [*played_frames(3)[:-1], frames[-1]])
    assert (result.state, result.reasons) == (State.FAILED, ("replayed_frames",))


@pytest.mark.parametrize("segment", [b"\xff\xfe\x00\x06more", b"\xff\xe7\x00\x06more"], ids=["COM", "APP7"])
async def test_a_picture_with_another_segment_is_the_picture_it_was(world: World, segment: bytes) -> None:
    person_id = await world.person(ONE)
    first = await world.begin(person_id)
    frames = played_frames(len(first.steps))
    await world.finish(first, frames)
    again = [replace(frame, jpeg=frame.jpeg[:2] + segment + frame.jpeg[2:]) for frame in frames]
    result = await world.finish(await world.begin(person_id), again)
    assert (result.state, result.reasons) == (State.FAILED, ("replayed_frames",))
    twice = played_frames(3)[:-1]
    last = replace(
        twice[-1], at_ms=twice[-1].at_ms + 1, jpeg=twice[-1].jpeg[:2] + segment + twice[-1].jpeg[2:]
    )
    result = await world.finish(await world.begin(person_id), [*twice, last])
    assert (result.state, result.reasons) == (State.FAILED, ("duplicate_frames",))


async def test_shuffled_frames_fail_without_the_engine_being_asked(world: World) -> None:
    engine = SimulatedFace("test")
    engine.will(Behaviour.REVIEW)
    world.engine = engine
    person_id = await world.person(ONE)
    check = await world.begin(person_id)
    result = await world.finish(check, played_frames(len(check.steps))[::-1])
    assert result.state is State.FAILED
    assert set(result.reasons) == {"steps_out_of_order", "times_out_of_order"}
    assert (await world.finish(await world.begin(person_id))).state is State.IN_REVIEW


def with_jpeg(frames: Sequence[FaceFrame], jpeg: bytes) -> list[FaceFrame]:
    return [*frames[:-1], replace(frames[-1], jpeg=jpeg)]


GOOD = played_frames(3)[0].jpeg
UNFIT: list[tuple[str, Sequence[FaceFrame]]] = [
    ("too few", played_frames(3)[:7]),
    ("too many", [*played_frames(3), *played_frames(3)]),
    ("none", []),
    ("no picture", with_jpeg(played_frames(3), b"")),
    ("a PNG", with_jpeg(played_frames(3), b"\x89PNG\r\n\x1a\n" + b"\0" * 64)),
    ("cut off", with_jpeg(played_frames(3), GOOD[:-2])),
    ("something behind it", with_jpeg(played_frames(3), GOOD + b"<script>")),
    ("too heavy", with_jpeg(played_frames(3), GOOD[:-2] + b"\0" * 120 * 1024 + b"\xff\xd9")),
    ("too wide", with_jpeg(played_frames(3), GOOD.replace(b"\x01\xe0", b"\x05\x01"))),
]


@pytest.mark.parametrize("frames", [frames for _, frames in UNFIT], ids=[name for name, _ in UNFIT])
async def test_frames_that_are_none_are_refused_and_spend_nothing(
    world: World, frames: Sequence[FaceFrame]
) -> None:
    check = await world.begin(await world.person(ONE))
    with pytest.raises(Invalid) as refusal:
        await world.finish(check, frames)
    assert refusal.value.place.startswith("frames")
    assert (await world.finish(check)).state is State.PASSED


async def test_no_picture_is_kept_anywhere(world: World) -> None:
    check = await world.begin(await world.person(ONE))
    frames = played_frames(len(check.steps))
    await world.finish(check, frames)
    for table in ("face_check", "face_frame", "blob", "outbox", "audit_entry", "idempotency"):
        kept = str(await world.rows(f"SELECT * FROM {table}"))
        assert "simulated, no face" not in kept
    assert await world.count("face_frame") == len(frames)


# --- a person decides -------------------------------------------------------------------------------


async def in_review(world: World) -> FaceCheck:
    world.engine = ManualFace()
    return await world.finish(await world.begin(await world.person(ONE)))


async def decide(
    world: World, check: FaceCheck, decision: Decision, actor: Actor, identity: IdentityNumber = ONE.identity
) -> FaceCheck:
    async with world.database.transaction() as tx:
        return await accounts.decide_face_check(
            tx,
            check.person_id,
            check.face_check_id,
            identity,
            decision,
            actor,
            world.policy,
            world.clock.now(),
        )


async def test_an_approved_check_has_passed_and_says_who_decided(world: World) -> None:
    check = await in_review(world)
    decided = await decide(world, check, Decision.APPROVE, STAFF)
    assert decided.state is State.PASSED
    assert await level(world, check.person_id) is Level.COUNTER_VERIFIED
    (row,) = await world.rows("SELECT decided_by_kind, decided_by FROM face_check")
    assert STAFF.id is not None
    assert row == {"decided_by_kind": "staff", "decided_by": STAFF.id.uuid}
    acts = await world.rows("SELECT actor_kind FROM audit_entry WHERE act = 'face-check.decided'")
    assert acts == [{"actor_kind": "staff"}]


async def test_a_rejected_check_has_failed(world: World) -> None:
    check = await in_review(world)
    assert (await decide(world, check, Decision.REJECT, STAFF)).state is State.FAILED
    assert await level(world, check.person_id) is Level.IDENTITY_MATCHED


async def test_a_review_is_decided_once(world: World) -> None:
    check = await in_review(world)
    await decide(world, check, Decision.REJECT, STAFF)
    with pytest.raises(Conflict):
        await decide(world, check, Decision.APPROVE, STAFF)


async def test_a_check_that_is_not_in_review_cannot_be_approved(world: World) -> None:
    check = await world.begin(await world.person(ONE))
    with pytest.raises(Conflict):
        await decide(world, check, Decision.APPROVE, STAFF)


async def test_nobody_but_staff_decides(world: World) -> None:
    check = await in_review(world)
    for actor in (
        Actor("person", check.person_id),
        Actor("staff", None),
        Actor("system"),
    ):
        with pytest.raises(Forbidden):
            await decide(world, check, Decision.APPROVE, actor)
    assert await level(world, check.person_id) is Level.IDENTITY_MATCHED


async def test_a_document_of_somebody_else_and_a_check_there_is_none_of_are_told_apart_by_nobody(
    world: World,
) -> None:
    check = await in_review(world)
    unknown = replace(check, face_check_id=FaceCheckId.new())
    words = set()
    for asked, identity in ((check, TWO.identity), (unknown, ONE.identity)):
        with pytest.raises(NotFound) as refused:
            await decide(world, asked, Decision.APPROVE, STAFF, identity)
        words.add(refused.value.message)
    assert len(words) == 1
    assert await level(world, check.person_id) is Level.IDENTITY_MATCHED


async def at_counter(world: World, purpose: Purpose = Purpose.APPLY) -> FaceCheck:
    person_id = await world.person(ONE)
    async with world.database.transaction() as tx:
        await accounts.withdraw_agreement(tx, person_id, accounts.AgreementKind.FACE_DATA, world.clock.now())
        return await accounts.begin_counter_check(tx, person_id, purpose, world.policy, world.clock.now())


async def test_who_agrees_to_no_capture_is_looked_at_by_a_person_and_may_apply(world: World) -> None:
    check = await at_counter(world)
    assert (check.state, check.engine, check.steps) == (State.IN_REVIEW, "counter", ())
    passed = await decide(world, check, Decision.APPROVE, STAFF)
    await consume(world, passed, Purpose.APPLY, ApplicationId.new(), check.person_id)
    assert await world.count("face_frame") == 0


async def test_a_check_nobody_came_for_is_over_after_its_time(world: World) -> None:
    check = await at_counter(world)
    world.clock.advance(world.policy.counter_check_s)
    with pytest.raises(NotVerified, match="too long ago"):
        await decide(world, check, Decision.APPROVE, STAFF)
    world.clock.advance(-1)
    assert (await decide(world, check, Decision.APPROVE, STAFF)).state is State.PASSED


async def test_frames_are_not_taken_for_a_check_at_the_counter(world: World) -> None:
    check = await at_counter(world)
    async with world.database.transaction() as tx:
        await world.agree(tx, check.person_id)
    with pytest.raises(Conflict):
        await world.finish(check, played_frames(1))


# --- use --------------------------------------------------------------------------------------------


async def test_a_passed_check_serves_its_purpose_once(world: World) -> None:
    person_id = await world.person(ONE)
    check = await world.passed(person_id)
    application = ApplicationId.new()
    await consume(world, check, Purpose.APPLY, application, person_id)
    async with world.database.read() as tx:
        used = await accounts.face_check(tx, person_id, check.face_check_id)
    assert (used.state, used.consumed_by) == (State.CONSUMED, application)
    with pytest.raises(NotVerified, match="has been used"):
        await consume(world, check, Purpose.APPLY, ApplicationId.new(), person_id)


async def test_of_many_uses_at_once_one_succeeds(world: World) -> None:
    person_id = await world.person(ONE)
    check = await world.passed(person_id)
    results = await asyncio.gather(
        *(consume(world, check, Purpose.APPLY, ApplicationId.new(), person_id) for _ in range(6)),
        return_exceptions=True,
    )
    assert results.count(None) == 1
    assert all(isinstance(result, Conflict | NotVerified) for result in results if result is not None)


async def test_a_use_that_read_the_check_before_another_was_committed_learns_it(world: World) -> None:
    person_id = await world.person(ONE)
    check = await world.passed(person_id)
    async with world.database.transaction() as first:
        await accounts.consume_face_check(
            first, person_id, check.face_check_id, Purpose.APPLY, ApplicationId.new(), world.clock.now()
        )
        second = asyncio.create_task(consume(world, check, Purpose.APPLY, ApplicationId.new(), person_id))
        while not await world.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)  # until the second has read the check and waits to use it
    with pytest.raises(Conflict):
        await second


async def test_a_use_that_is_rolled_back_can_be_made_again(world: World) -> None:
    person_id = await world.person(ONE)
    check = await world.passed(person_id)
    with pytest.raises(ZeroDivisionError):
        async with world.database.transaction() as tx:
            await accounts.consume_face_check(
                tx, person_id, check.face_check_id, Purpose.APPLY, ApplicationId.new(), world.clock.now()
            )
            raise ZeroDivisionError
    await consume(world, check, Purpose.APPLY, ApplicationId.new(), person_id)


async def test_a_check_serves_neither_another_purpose_nor_another_person_nor_later(world: World) -> None:
    person_id, stranger = await world.person(ONE), await world.person(TWO)
    check = await world.passed(person_id)
    with pytest.raises(NotVerified, match="made for apply"):
        await consume(world, check, Purpose.BIND_PHONE_KEY, PhoneKeyId.new(), person_id)
    with pytest.raises(NotFound):
        await consume(world, check, Purpose.APPLY, ApplicationId.new(), stranger)
    world.clock.advance(world.policy.face_usable_s)
    with pytest.raises(NotVerified, match="expired"):
        await consume(world, check, Purpose.APPLY, ApplicationId.new(), person_id)


async def test_a_reviewed_check_stays_usable_for_days(world: World) -> None:
    check = await in_review(world)
    await decide(world, check, Decision.APPROVE, STAFF)
    world.clock.advance(2 * 86_400)
    await consume(world, check, Purpose.APPLY, ApplicationId.new(), check.person_id)
