"""The reviewers' acts on face checks an engine left open that are not every queue's (reviewing): look, decide.

Of two who decide at once one hears Conflict: the decision is a compare-and-set on the check's move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from liangzheng import audit, reviewing
from liangzheng.accounts import store, store_face_reviews
from liangzheng.accounts.check_face import decide_waiting
from liangzheng.accounts.model import AccountPolicy, Decision, FaceReason, FaceReview, Level
from liangzheng.accounts.ports import FaceReviews
from liangzheng.accounts.store_face_reviews import FACE_QUEUE
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import FaceCheckId, PersonId
from liangzheng.reviewing import MOST_REASONS, ReviewDesk


@dataclass(frozen=True, slots=True)
class FacePictures:
    """Step and picture, in the order they were taken; and the register's archived photo, if there is one. JPEG octets."""

    frames: tuple[tuple[int, bytes], ...] = field(repr=False)
    archived: bytes | None = field(repr=False)


async def face_review_pictures(
    tx: Connection, desk: ReviewDesk, face_check_id: FaceCheckId, reviews: FaceReviews, now: datetime
) -> FacePictures:
    """What the reviewer compares, recorded as a look. Raises NotFound, Forbidden for their own, Conflict unless it is in
    their hand."""
    review = await reviewing.find_anothers(tx, FACE_QUEUE, desk, face_check_id)
    reviewing.demand_in_hand(review, desk, now)
    kept = await store_face_reviews.captures(tx, review.person_id, face_check_id)
    archived = await reviews.portrait_of(tx, review.driver_id)
    await audit.record(
        tx, act="face-check.viewed", actor=desk.actor, subject=face_check_id, driver_id=review.driver_id,
        purpose=FACE_QUEUE.purpose, now=now,
    )  # fmt: skip
    opened = tuple((step, reviews.seal.open(sealed, face_check_id)) for step, sealed in kept)
    return FacePictures(opened, archived)


async def decide_face_review(
    tx: Connection,
    desk: ReviewDesk,
    face_check_id: FaceCheckId,
    reasons: Sequence[FaceReason],
    policy: AccountPolicy,
    now: datetime,
) -> FaceReview:
    """The check has passed, or failed for reasons of the catalogue; its person is told, and its pictures are gone.

    Who passes so is at level 2: nobody had their document in hand. Raises Invalid for too many reasons, NotFound, Forbidden
    for their own, Conflict: ended, decided by another, not in this reviewer's hand, or another account has shown the
    driver's face; NotVerified for one made too long ago.
    """
    named = tuple(dict.fromkeys(reasons))
    if len(named) > MOST_REASONS:
        raise Invalid("reasons", f"none, or one to {MOST_REASONS} of the catalogue")
    found = await reviewing.find_anothers(tx, FACE_QUEUE, desk, face_check_id)
    # The person, the check, the review: in the order in which an agreement is withdrawn.
    await store.find_person(tx, found.person_id, for_update=True)
    await store.find_face_check(tx, found.person_id, face_check_id, for_update=True)
    review = await reviewing.hold_in_hand(tx, FACE_QUEUE, desk, found, now)
    outcome, why = "refused" if named else "approved", [reason.value for reason in named]
    # 1. The review's one outcome, and its pictures gone; 2. the check's move; 3. told.
    await reviewing.close(tx, FACE_QUEUE, review.key, outcome, named, desk.reviewer, now)
    await store_face_reviews.drop_captures(tx, review.person_id, face_check_id)
    await decide_waiting(
        tx, review.person_id, face_check_id, Decision.REJECT if named else Decision.APPROVE,
        Level.FACE_VERIFIED, desk.actor, policy, now, {"reasons": why} if why else {}, why,
    )  # fmt: skip
    body = {"face_check_id": str(face_check_id), "reasons": why}
    topic = "face-check.refused" if named else "face-check.approved"
    await outbox.put(tx, topic, review.person_id, body, now)
    return await reviewing.review_at(tx, FACE_QUEUE, desk, face_check_id)


async def face_review_due(tx: Connection, person_id: PersonId, face_check_id: FaceCheckId) -> date | None:
    """The day a person's check is promised to be reviewed by; None when it waits for no reviewer."""
    review = await reviewing.at(tx, FACE_QUEUE, (person_id, face_check_id))
    return review.due_day if review is not None and review.outcome is None else None
