"""The reviewers' acts on face checks an engine left open: see the queue, take one in hand, look, decide.

Two reviewers never work on the same check, and of two who decide at once one hears Conflict: the decision is a
compare-and-set on the check's move. Nobody decides about themselves. As with photos (licences/review.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from liangzheng import audit
from liangzheng.accounts import store, store_face_reviews
from liangzheng.accounts.check_face import decide_waiting
from liangzheng.accounts.desk import ReviewDesk
from liangzheng.accounts.face_queue import PURPOSE
from liangzheng.accounts.model import AccountPolicy, Decision, FaceReason, FaceReview, Level
from liangzheng.accounts.ports import FaceReviews
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from liangzheng.kernel.ids import FaceCheckId, PersonId
from liangzheng.kernel.reviews import Hand, hand_of, may_decide_review

MOST_REASONS: Final = 5
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class FacePictures:
    """Step and picture, in the order they were taken; and the register's archived photo, if there is one. JPEG octets."""

    frames: tuple[tuple[int, bytes], ...] = field(repr=False)
    archived: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class FaceQueueFigures:
    """Of the open reviews: how many wait, are in a hand, are late, and how long the oldest waits."""

    waiting: int
    taken: int
    late: int
    oldest_s: int


async def face_review_queue(
    tx: Connection,
    desk: ReviewDesk,
    after: FaceCheckId | None = None,
    limit: int = _PAGE,
    *,
    late: bool = False,
) -> list[FaceReview]:
    """Open reviews of the desk's authorities, the one due first in front; after `after`, at most 100. `late`: only those
    past their promise."""
    _ = desk.reviewer
    place = None
    if after is not None:
        place = ((await _find(tx, desk, after)).due_at, after)
    return await store_face_reviews.waiting(tx, desk.authorities, place, min(limit, _PAGE), late)


async def late_face_reviews(
    tx: Connection, desk: ReviewDesk, after: FaceCheckId | None, limit: int, now: datetime
) -> list[FaceReview]:
    """Reviews past their promise, for whoever answers for the region: that the page was read is on record, so that an
    escalation nobody looked at can be told from one that was."""
    found = await face_review_queue(tx, desk, after, limit, late=True)
    ids = [str(review.face_check_id) for review in found]
    detail: audit.Detail = {
        "count": len(ids),
        "first": ids[0] if ids else None,
        "last": ids[-1] if ids else None,
    }
    await audit.record(
        tx, act="late-face-reviews.listed", actor=desk.actor, subject=desk.actor.id, purpose=PURPOSE, detail=detail, now=now,
    )  # fmt: skip
    return found


async def face_review_at(tx: Connection, desk: ReviewDesk, face_check_id: FaceCheckId) -> FaceReview:
    """One review of the desk's authorities, as it stands. Raises NotFound."""
    _ = desk.reviewer
    return await _find(tx, desk, face_check_id)


async def take_face_review(
    tx: Connection, desk: ReviewDesk, now: datetime, face_check_id: FaceCheckId | None = None
) -> FaceReview | None:
    """A review is in this reviewer's hand for the lease: the one named, or the one they have, or the one due first;
    None when none is free.

    Raises NotFound for one that is not theirs to see, Forbidden (`own-check`) for their own, Conflict for one that is decided
    or in another's hand.
    """
    reviewer = desk.reviewer
    if face_check_id is None:
        free = await store_face_reviews.next_free(tx, reviewer, desk.authorities, now)
        if free is not None and await desk.is_own(tx, free.driver_id):
            free = await store_face_reviews.next_free(tx, reviewer, desk.authorities, now, [free.driver_id])
        if free is None:
            return None
        face_check_id = free.face_check_id
    found = await _find_anothers(tx, desk, face_check_id)
    review = await store_face_reviews.hold(tx, found.person_id, face_check_id)
    assert review is not None, "found a moment ago, and reviews are not deleted"
    hand = hand_of(review.taken_by, review.taken_until, reviewer, now)
    why_not = may_decide_review(review.outcome, Hand.OWN if hand is Hand.NOBODYS else hand)
    if why_not is not None:
        raise Conflict(why_not, place="review")
    await store_face_reviews.set_taken(tx, review, reviewer, now + desk.lease)
    return await store_face_reviews.find(tx, face_check_id)


async def put_back_face_review(
    tx: Connection, desk: ReviewDesk, face_check_id: FaceCheckId, now: datetime
) -> None:
    """The review is in nobody's hand again. Raises NotFound, Conflict unless it was in this reviewer's."""
    found = await _find(tx, desk, face_check_id)
    review = await store_face_reviews.hold(tx, found.person_id, face_check_id)
    assert review is not None
    _demand(review, desk, now)
    await store_face_reviews.set_taken(tx, review, None, None)


async def face_review_pictures(
    tx: Connection, desk: ReviewDesk, face_check_id: FaceCheckId, reviews: FaceReviews, now: datetime
) -> FacePictures:
    """What the reviewer compares, recorded as a look. Raises NotFound, Forbidden for their own, Conflict unless it is in
    their hand."""
    review = await _find_anothers(tx, desk, face_check_id)
    _demand(review, desk, now)
    kept = await store_face_reviews.captures(tx, review.person_id, face_check_id)
    archived = await reviews.portrait_of(tx, review.driver_id)
    await _record(tx, desk, review, "face-check.viewed", {}, now)
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
    found = await _find_anothers(tx, desk, face_check_id)
    # The person, the check, the review: in the order in which an agreement is withdrawn.
    await store.find_person(tx, found.person_id, for_update=True)
    await store.find_face_check(tx, found.person_id, face_check_id, for_update=True)
    review = await store_face_reviews.hold(tx, found.person_id, face_check_id)
    assert review is not None
    _demand(review, desk, now)
    outcome, why = "refused" if named else "approved", [reason.value for reason in named]
    # 1. The review's one outcome, and its pictures gone; 2. the check's move; 3. told.
    await store_face_reviews.close(tx, review.person_id, face_check_id, outcome, named, desk.reviewer, now)
    await store_face_reviews.drop_captures(tx, review.person_id, face_check_id)
    await decide_waiting(
        tx, review.person_id, face_check_id, Decision.REJECT if named else Decision.APPROVE,
        Level.FACE_VERIFIED, desk.actor, policy, now, {"reasons": why} if why else {}, why,
    )  # fmt: skip
    body = {"face_check_id": str(face_check_id), "reasons": why}
    topic = "face-check.refused" if named else "face-check.approved"
    await outbox.put(tx, topic, review.person_id, body, now)
    decided = await store_face_reviews.find(tx, face_check_id)
    assert decided is not None
    return decided


async def face_review_due(tx: Connection, person_id: PersonId, face_check_id: FaceCheckId) -> date | None:
    """The day a person's check is promised to be reviewed by; None when it waits for no reviewer."""
    review = await store_face_reviews.find(tx, face_check_id)
    waits = review is not None and review.person_id == person_id and review.outcome is None
    return review.due_day if review is not None and waits else None


async def face_review_figures(tx: Connection, now: datetime) -> FaceQueueFigures:
    """How long the queue is and how old."""
    row = await store_face_reviews.queue_figures(tx, now)
    oldest = int((now - row["oldest"]).total_seconds()) if row["oldest"] else 0
    return FaceQueueFigures(row["waiting"], row["taken"], row["late"], oldest)


async def _find(tx: Connection, desk: ReviewDesk, face_check_id: FaceCheckId) -> FaceReview:
    review = await store_face_reviews.find(tx, face_check_id)
    elsewhere = review and desk.authorities is not None and review.authority not in desk.authorities
    if review is None or elsewhere:
        raise NotFound("there is no such review")
    return review


async def _find_anothers(tx: Connection, desk: ReviewDesk, face_check_id: FaceCheckId) -> FaceReview:
    review = await _find(tx, desk, face_check_id)
    if await desk.is_own(tx, review.driver_id):
        raise Forbidden("somebody else decides your own check", place="review", rule="own-check")
    return review


def _demand(review: FaceReview, desk: ReviewDesk, now: datetime) -> None:
    hand = hand_of(review.taken_by, review.taken_until, desk.reviewer, now)
    why_not = may_decide_review(review.outcome, hand)
    if why_not is not None:
        raise Conflict(why_not, place="review")


async def _record(
    tx: Connection, desk: ReviewDesk, review: FaceReview, act: str, detail: audit.Detail, now: datetime
) -> None:
    await audit.record(
        tx, act=act, actor=desk.actor, subject=review.face_check_id, driver_id=review.driver_id, purpose=PURPOSE,
        detail=detail, now=now,
    )  # fmt: skip
