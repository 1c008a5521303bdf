"""The face check: a challenge, one submission, a result that serves one purpose once."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from liangzheng import audit
from liangzheng.accounts import rules, store
from liangzheng.accounts.agreements import demand_face_agreement
from liangzheng.accounts.claim_driver import NOT_MATCHED, claim_driver, demand_unclaimed
from liangzheng.accounts.face_queue import end_review, end_reviews, send_to_review
from liangzheng.accounts.lifecycle import FACE_CHECK, UNUSED, Event, State
from liangzheng.accounts.model import AccountPolicy, Decision, FaceCheck, Level, Outcome, Purpose
from liangzheng.accounts.ports import FaceReviews
from liangzheng.accounts.waiting import demand_no_mobile_change
from liangzheng.infra import jpeg
from liangzheng.infra.face import FaceChallenge, FaceContext, FaceFrame, FaceResult, FaceVerifier
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotVerified,
    TooMany,
    Unavailable,
)
from liangzheng.kernel.ids import DriverId, FaceCheckId, Id, PersonId
from liangzheng.kernel.people import IdentityNumber
from liangzheng.kernel.reviews import Reviewer

FEWEST_FRAMES = 8
MOST_FRAMES = 12
LARGEST_FRAME_OCTETS = 120 * 1024
LONGEST_SIDE_PIXELS = 1280
NONCE_OCTETS = 32
COUNTER = "counter"
"""In the place of an engine's name, where no engine looks."""
_HOUR = timedelta(hours=1)
_STEP = "face check"
_NO_CHECK = "there is no such face check"


# --- begin ------------------------------------------------------------------------------------------


async def begin_face_check(
    tx: Connection,
    person_id: PersonId,
    purpose: Purpose,
    engine: FaceVerifier,
    policy: AccountPolicy,
    now: datetime,
) -> FaceCheck:
    """A challenge, good once and for a minute.

    Raises Forbidden below level 1 (there is no archived photo to compare with), when another account has shown the driver's
    face, and while a change of mobile waits,
    AgreementNeeded without agreement to the current text on face data, TooMany past the hourly number, Unavailable when
    the engine is away.
    """
    await _person_who_may_begin(tx, person_id, policy, now)
    await demand_face_agreement(tx, person_id)
    context = FaceContext(person_id, FaceCheckId.new(), purpose.value, secrets.token_bytes(NONCE_OCTETS))
    challenge = await engine.challenge(context)
    if challenge.nonce != context.nonce or not challenge.steps:
        raise Unavailable("the face engine answered for another challenge")
    check = FaceCheck(
        person_id=person_id,
        face_check_id=context.face_check_id,
        purpose=purpose,
        state=FACE_CHECK.start,
        move=1,
        nonce=context.nonce,
        steps=challenge.steps,
        engine=engine.name,
        engine_version=engine.version,
        calibrated=engine.calibrated,
        simulated=engine.simulated,
        reasons=(),
        begun_at=now,
        expires_at=now + timedelta(seconds=policy.face_challenge_s),
        usable_until=None,
        submission_hash=None,
        consumed_by=None,
    )
    await store.add_face_check(tx, check)
    return check


async def begin_counter_check(
    tx: Connection, person_id: PersonId, purpose: Purpose, policy: AccountPolicy, now: datetime
) -> FaceCheck:
    """A check that waits for a person at a counter: no capture, and no agreement on face data is needed for it.

    Raises Forbidden below level 1 and while a change of mobile waits, TooMany past the hourly number.
    """
    await _person_who_may_begin(tx, person_id, policy, now)
    check = FaceCheck(
        person_id=person_id,
        face_check_id=FaceCheckId.new(),
        purpose=purpose,
        state=FACE_CHECK.step(FACE_CHECK.start, Event.SENT_TO_COUNTER),
        move=1,
        nonce=secrets.token_bytes(NONCE_OCTETS),
        steps=(),
        engine=COUNTER,
        engine_version="1",
        calibrated=False,
        simulated=False,
        reasons=("a_person_decides",),
        begun_at=now,
        expires_at=now + timedelta(seconds=policy.counter_check_s),
        usable_until=None,
        submission_hash=None,
        consumed_by=None,
    )
    await store.add_face_check(tx, check)
    return check


async def _person_who_may_begin(
    tx: Connection, person_id: PersonId, policy: AccountPolicy, now: datetime
) -> None:
    person = await store.find_person(tx, person_id, for_update=True)
    if person is None or person.level < Level.IDENTITY_MATCHED:
        raise Forbidden(NOT_MATCHED, place="level", rule="at least 1")
    await demand_unclaimed(tx, person_id)
    await demand_no_mobile_change(tx, person_id)
    begun, _ = await store.count_face_checks(tx, person_id, now - _HOUR)
    if begun >= policy.face_checks_per_hour:
        raise TooMany("too many face checks in an hour", retry_after_s=3600)


# --- finish -----------------------------------------------------------------------------------------


async def finish_face_check(
    database: Database,
    person_id: PersonId,
    face_check_id: FaceCheckId,
    nonce: bytes,
    frames: Sequence[FaceFrame],
    engine: FaceVerifier,
    policy: AccountPolicy,
    now: datetime,
    reviews: FaceReviews | None = None,
) -> FaceCheck:
    """The check after its one submission. The same submission again is answered with where the check stands.

    Raises Invalid for frames that are none and AgreementNeeded when the agreement was withdrawn (nothing is spent), NotFound,
    Conflict for a second submission,
    NotVerified for a challenge that has expired.
    """
    # 1. The form, before anything is spent and before anything is decoded.
    captures = _captures(frames)
    submission = _submission_hash(nonce, frames)
    # 2. The challenge is spent, in its own transaction: whatever happens next, it cannot be used again.
    async with database.transaction() as tx:
        await demand_face_agreement(tx, person_id)
        check, repeated = await _spend(tx, person_id, face_check_id, submission, now)
        if repeated:
            return check
        faults = await _capture_faults(tx, check, nonce, captures)
        await store.add_frames(tx, check, [capture.hash for capture in captures], now)
    # 3. The engine, outside any transaction. A capture that is out of order is not worth asking it.
    if faults:
        result = _unlike(check, faults)
    else:
        result = await _ask(engine, check, frames, policy)
    # 4. Kept, and the person's level with it. Another account may show the driver's face in the same moment: then this one
    # is looked at once more, and that is its result.
    looked_at = () if faults else frames
    try:
        async with database.transaction() as tx:
            return await _kept(tx, check, result, looked_at, reviews, policy, now)
    except Conflict:
        async with database.transaction() as tx:
            return await _kept(tx, check, result, looked_at, reviews, policy, now)


async def _kept(
    tx: Connection,
    check: FaceCheck,
    result: FaceResult,
    looked_at: Sequence[FaceFrame],
    reviews: FaceReviews | None,
    policy: AccountPolicy,
    now: datetime,
) -> FaceCheck:
    # The person before the check, as whoever voids or decides one does.
    person = await store.find_person(tx, check.person_id, for_update=True)
    kept = await _existing(tx, check.person_id, check.face_check_id, for_update=True)
    if kept.state is not State.SUBMITTED:
        return kept  # the agreement was withdrawn while the engine looked: what it found is forgotten
    holder = await store.find_person_of(tx, person.driver_id) if person and person.driver_id else None
    if result.outcome == "pass" and holder not in (None, check.person_id):
        result, looked_at = _unlike(check, ["claimed_elsewhere"]), ()
    judged = await _keep_result(tx, check, result, policy, now)
    if judged.state is State.IN_REVIEW and reviews is not None:
        driver_id = person.driver_id if person else None
        await send_to_review(tx, judged, driver_id, looked_at, reviews, policy, now)
    return judged


def _captures(frames: Sequence[FaceFrame]) -> list[rules.Capture]:
    """The frames without their pictures. Raises Invalid for one that is unfit, naming it."""
    if not FEWEST_FRAMES <= len(frames) <= MOST_FRAMES:
        raise Invalid("frames", f"{FEWEST_FRAMES} to {MOST_FRAMES} pictures")
    captures = []
    for number, frame in enumerate(frames):
        place = f"frames[{number}].jpeg"
        if len(frame.jpeg) > LARGEST_FRAME_OCTETS:
            raise Invalid(place, f"at most {LARGEST_FRAME_OCTETS} octets")
        try:
            width, height = jpeg.dimensions(frame.jpeg)
            picture = jpeg.picture_hash(frame.jpeg)
        except Invalid as fault:
            raise fault.at(place) from None
        if max(width, height) > LONGEST_SIDE_PIXELS:
            raise Invalid(place, f"at most {LONGEST_SIDE_PIXELS} pixels on each side")
        captures.append(rules.Capture(frame.step, frame.at_ms, picture))
    return captures


def _submission_hash(nonce: bytes, frames: Sequence[FaceFrame]) -> bytes:
    digest = hashlib.sha256(len(nonce).to_bytes(2, "big") + nonce)
    for frame in frames:
        digest.update(frame.step.to_bytes(4, "big") + frame.at_ms.to_bytes(8, "big"))
        digest.update(hashlib.sha256(frame.jpeg).digest())
    return digest.digest()


async def _spend(
    tx: Connection, person_id: PersonId, face_check_id: FaceCheckId, submission: bytes, now: datetime
) -> tuple[FaceCheck, bool]:
    """The check, submitted now; or as it stands, when this very submission was made before."""
    check = await _existing(tx, person_id, face_check_id, for_update=True)
    if check.submission_hash == submission:
        return check, True
    if now >= check.expires_at and check.state is State.CHALLENGED:
        raise NotVerified(_STEP, "the challenge has expired: begin a new check")
    target = FACE_CHECK.step(check.state, Event.CAPTURED)
    await store.keep_submission(tx, check, target, submission)
    return replace(check, state=target, move=check.move + 1, submission_hash=submission), False


async def _capture_faults(
    tx: Connection, check: FaceCheck, nonce: bytes, captures: Sequence[rules.Capture]
) -> list[str]:
    seen = await store.seen_frames(tx, check.person_id, [capture.hash for capture in captures])
    lives_ms = int((check.expires_at - check.begun_at).total_seconds() * 1000)
    faults = rules.capture_faults(captures, len(check.steps), lives_ms, seen)
    if not secrets.compare_digest(nonce, check.nonce):
        faults.insert(0, "wrong_nonce")
    return faults


async def _ask(
    engine: FaceVerifier, check: FaceCheck, frames: Sequence[FaceFrame], policy: AccountPolicy
) -> FaceResult:
    """The engine's result; one that is late, out of reach or for another challenge is a retake."""
    context = FaceContext(check.person_id, check.face_check_id, check.purpose.value, check.nonce)
    try:
        async with asyncio.timeout(policy.face_engine_s):
            result = await engine.verify(context, frames, FaceChallenge(check.nonce, check.steps))
    except (Unavailable, TimeoutError):
        return _no_result(check, "engine_out_of_reach")
    if not secrets.compare_digest(result.nonce, check.nonce):
        return _no_result(check, "engine_answered_for_another_challenge")
    return result


def _no_result(check: FaceCheck, reason: str) -> FaceResult:
    return FaceResult(
        "retake", check.nonce, check.engine, check.engine_version, check.calibrated, check.simulated,
        reasons=(reason,),
    )  # fmt: skip


def _unlike(check: FaceCheck, faults: Sequence[str]) -> FaceResult:
    return FaceResult(
        "fail", check.nonce, check.engine, check.engine_version, check.calibrated, check.simulated,
        reasons=tuple(faults),
    )  # fmt: skip


async def _keep_result(
    tx: Connection, check: FaceCheck, result: FaceResult, policy: AccountPolicy, now: datetime
) -> FaceCheck:
    _, failures = await store.count_face_checks(tx, check.person_id, now - timedelta(days=1))
    # Simulated or not, calibrated or not: as it was at the challenge, or is now, the worse of both.
    judgement = rules.Judgement(
        outcome=Outcome(result.outcome),
        calibrated=result.calibrated and check.calibrated,
        simulated=result.simulated or check.simulated,
    )
    event = rules.decide_face_check(judgement, failures, policy)
    target = FACE_CHECK.step(check.state, event)
    passed = target is State.PASSED
    await store.keep_judgement(
        tx, check, target, now,
        usable_until=now + timedelta(seconds=policy.face_usable_s) if passed else None,
        reasons=result.reasons, liveness=result.liveness, score=result.score,
    )  # fmt: skip
    if passed:
        await claim_driver(tx, check.person_id, now)
        await store.keep_verified(tx, check.person_id, Level.FACE_VERIFIED, now)
    await audit.record(
        tx, act="face-check.judged", actor=audit.Actor("person", check.person_id), subject=check.person_id,
        driver_id=await _driver_of(tx, check.person_id), purpose=f"face check to {check.purpose}",
        detail={"state": target.value, "engine": result.engine, "simulated": judgement.simulated,
                "face_check": str(check.face_check_id)},
        now=now,
    )  # fmt: skip
    return await _existing(tx, check.person_id, check.face_check_id)


# --- a person decides -------------------------------------------------------------------------------


async def decide_face_check(
    tx: Connection,
    person_id: PersonId,
    face_check_id: FaceCheckId,
    identity: IdentityNumber,
    decision: Decision,
    actor: audit.Actor,
    policy: AccountPolicy,
    now: datetime,
    case: str | None = None,
) -> FaceCheck:
    """A check in review has passed or failed, by the word of a member of staff who has the person and their identity
    document before them; who passes is at level 3. `identity`: as the document says.

    Raises Forbidden unless the actor is one (that it is not themselves, the caller sees to), NotFound in the same words for an
    unknown check and for another person's document, Conflict when it is not in review or another account has shown the
    driver's face, NotVerified for one made too long ago.
    """
    if actor.kind != "staff" or actor.id is None:
        raise Forbidden("a member of staff decides a face check")
    person = await store.find_person(tx, person_id, for_update=True)
    await _existing(tx, person_id, face_check_id, for_update=True)
    if person is None or not secrets.compare_digest(
        person.identity.canonical.encode(), identity.canonical.encode()
    ):
        raise NotFound(_NO_CHECK)
    # Whoever looks at the person needs no pictures, and nobody else need look at them any more.
    await end_review(tx, person_id, face_check_id, Reviewer(actor.kind, actor.id.uuid), now)
    return await decide_waiting(
        tx, person_id, face_check_id, decision, Level.COUNTER_VERIFIED, actor, policy, now,
        {"case": case} if case else {},
    )  # fmt: skip


async def checks_in_review(
    tx: Connection, driver_id: DriverId, policy: AccountPolicy, now: datetime
) -> list[FaceCheck]:
    """The checks of a driver's person that somebody can still decide, newest first."""
    person = await store.find_person_of(tx, driver_id)
    if person is None:
        return []
    return [
        check
        for check in await store.face_checks_of(tx, person)
        if check.state is State.IN_REVIEW and rules.may_decide_in_review(check.begun_at, policy, now)
    ]


async def decide_waiting(
    tx: Connection,
    person_id: PersonId,
    face_check_id: FaceCheckId,
    decision: Decision,
    level: Level,
    actor: audit.Actor,
    policy: AccountPolicy,
    now: datetime,
    detail: audit.Detail,
    why: Sequence[str] = (),
) -> FaceCheck:
    """The check in review has passed, its person at `level`, or failed; at a counter or by a reviewer, who see to it that they
    may. Raises as `decide_face_check`."""
    person = await store.find_person(tx, person_id, for_update=True)
    assert person is not None, "who has a check is there"
    check = await _existing(tx, person_id, face_check_id, for_update=True)
    approved = decision is Decision.APPROVE
    target = FACE_CHECK.step(check.state, Event.APPROVED if approved else Event.REJECTED)
    if not rules.may_decide_in_review(check.begun_at, policy, now):
        raise NotVerified(_STEP, "it was made too long ago: begin a new one")
    usable = now + timedelta(seconds=policy.face_reviewed_usable_s) if approved else None
    await store.keep_judgement(
        tx, check, target, now, usable_until=usable, reasons=(*check.reasons, *why, f"review_{target.value}"),
        decided_by=(actor.kind, actor.id.uuid if actor.id else None),
    )  # fmt: skip
    if approved:
        await claim_driver(tx, person_id, now)
        await store.keep_verified(tx, person_id, level, now)
    await audit.record(
        tx, act="face-check.decided", actor=actor, subject=person_id, driver_id=person.driver_id,
        purpose="review of a face check",
        detail={"decision": decision.value, "face_check": str(face_check_id), **detail},
        now=now,
    )  # fmt: skip
    return await _existing(tx, person_id, face_check_id)


# --- void -------------------------------------------------------------------------------------------


async def void_face_checks(tx: Connection, person_id: PersonId, event: Event, now: datetime) -> None:
    """Nothing that was begun or passed comes to anything any more, and no picture is kept; a check at the counter needs no
    agreement, and stays when that is withdrawn. The caller holds the person."""
    for check in await store.unused_face_checks(tx, person_id, UNUSED):
        if event is Event.ACCOUNT_CLOSED or check.engine != COUNTER:
            await store.void_face_check(tx, check, FACE_CHECK.step(check.state, event))
    await end_reviews(tx, person_id, now)


# --- use --------------------------------------------------------------------------------------------


async def face_check(tx: Connection, person_id: PersonId, face_check_id: FaceCheckId) -> FaceCheck:
    """The check as it stands. Raises NotFound, also for another person's."""
    return await _existing(tx, person_id, face_check_id)


async def consume_face_check(
    tx: Connection,
    person_id: PersonId,
    face_check_id: FaceCheckId,
    purpose: Purpose | str,
    subject: Id,
    now: datetime,
) -> None:
    """The check is used up by `subject` (an application, a phone key), and by nothing else ever.

    Raises NotFound for another person's, NotVerified when it was made for something else, has not passed, has
    expired or is used, Conflict when it was used while this was asked.
    """
    if Purpose(purpose) is not Purpose.CHANGE_MOBILE:
        await demand_no_mobile_change(tx, person_id)
    check = await _existing(tx, person_id, face_check_id)
    reason = rules.may_consume_face_check(check, Purpose(purpose), now)
    if reason is not None:
        raise NotVerified(_STEP, reason)
    assert FACE_CHECK.step(check.state, Event.USED) is State.CONSUMED
    await store.consume_face_check(tx, check, subject)


async def _existing(
    tx: Connection, person_id: PersonId, face_check_id: FaceCheckId, *, for_update: bool = False
) -> FaceCheck:
    check = await store.find_face_check(tx, person_id, face_check_id, for_update=for_update)
    if check is None:
        raise NotFound(_NO_CHECK)
    return check


async def _driver_of(tx: Connection, person_id: PersonId) -> DriverId | None:
    person = await store.find_person(tx, person_id)
    return person.driver_id if person is not None else None
