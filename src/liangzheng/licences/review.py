"""The reviewers' acts on new photos: see the queue, take one in hand, look, approve or refuse; and what is late.

Two reviewers never work on the same photo, and of two who decide at once one hears Conflict: the decision is a
compare-and-set on the application's move, with its event, in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from liangzheng import audit, drivers
from liangzheng.accounts import ReviewDesk
from liangzheng.infra import blobs, outbox
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from liangzheng.kernel.ids import ApplicationId
from liangzheng.kernel.reviews import Hand, Reviewer, hand_of, may_decide_review
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.licences.follow_standing import follow
from liangzheng.licences.lifecycle import ApplicationEvent, ApplicationState
from liangzheng.licences.model import PhotoReview
from liangzheng.licences.photo_rules import PhotoReason
from liangzheng.licences.rules import Refusal
from liangzheng.licences.store import applications, reviews
from liangzheng.licences.store.applications import ApplicationMove, Waiting

PURPOSE: Final = "reviewing a new photo"
MOST_REASONS: Final = 5
_PAGE: Final = 100
_AT_ONCE: Final = 500


class OwnPhoto(Forbidden):
    """The photo is the reviewer's own: somebody else looks at it and decides. Its rule is `own-photo`."""

    def __init__(self) -> None:
        super().__init__("somebody else reviews your own photo", place="review", rule="own-photo")


@dataclass(frozen=True, slots=True)
class Pictures:
    """The new photo and, beside it, the register's archived one, if there is one. JPEG octets."""

    new: bytes = field(repr=False)
    archived: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Of the open reviews: how many wait, are in a hand, are late, were escalated, and how long the oldest waits."""

    waiting: int
    taken: int
    late: int
    escalated: int
    oldest_s: int


async def review_queue(
    tx: Connection,
    desk: ReviewDesk,
    after: ApplicationId | None = None,
    limit: int = _PAGE,
    *,
    late: bool = False,
) -> list[PhotoReview]:
    """Open reviews of the desk's authorities, the one due first in front; after `after`, at most 100. `late`: only those
    past their promise."""
    _ = desk.reviewer
    place = None
    if after is not None:
        last = await _find(tx, desk, after)
        place = (last.due_at, after)
    return await reviews.waiting(tx, desk.authorities, place, min(limit, _PAGE), late)


async def late_reviews(
    tx: Connection, desk: ReviewDesk, after: ApplicationId | None, limit: int, now: datetime
) -> list[PhotoReview]:
    """Reviews past their promise, for whoever answers for the region: that the page was read is on record, so that an
    escalation nobody looked at can be told from one that was."""
    found = await review_queue(tx, desk, after, limit, late=True)
    ids = [str(review.application_id) for review in found]
    detail: audit.Detail = {
        "count": len(ids),
        "first": ids[0] if ids else None,
        "last": ids[-1] if ids else None,
    }
    await audit.record(
        tx,
        act="late-reviews.listed",
        actor=desk.actor,
        subject=desk.actor.id,
        purpose=PURPOSE,
        detail=detail,
        now=now,
    )
    return found


async def review_at(tx: Connection, desk: ReviewDesk, application_id: ApplicationId) -> PhotoReview:
    """One review of the desk's authorities, as it stands. Raises NotFound."""
    _ = desk.reviewer
    return await _find(tx, desk, application_id)


async def take_review(
    tx: Connection, desk: ReviewDesk, now: datetime, application_id: ApplicationId | None = None
) -> PhotoReview | None:
    """A review is in this reviewer's hand for the lease: the one named, or the one they have, or the one due first;
    None when none is free.

    Raises NotFound for one that is not theirs to see, OwnPhoto, Conflict for one that is decided or in another's hand.
    """
    reviewer = desk.reviewer
    if application_id is None:
        free = await reviews.next_free(tx, reviewer, desk.authorities, now)
        if free is not None and await desk.is_own(tx, free[0]):
            # A driver has one application open: once is enough.
            free = await reviews.next_free(tx, reviewer, desk.authorities, now, passing_over=free[0])
        if free is None:
            return None
        application_id = free[1]
    driver_id = (await _find_anothers(tx, desk, application_id)).driver_id
    review = await reviews.hold(tx, driver_id, application_id)
    assert review is not None, "found a moment ago, and reviews are not deleted"
    hand = hand_of(review.taken_by, review.taken_until, reviewer, now)
    why_not = may_decide_review(review.outcome, Hand.OWN if hand is Hand.NOBODYS else hand)
    if why_not is not None:
        raise Conflict(why_not, place="review")
    await reviews.set_taken(tx, review, reviewer, now + desk.lease)
    return await reviews.of_application(tx, driver_id, application_id)


async def put_back(tx: Connection, desk: ReviewDesk, application_id: ApplicationId, now: datetime) -> None:
    """The review is in nobody's hand again. Raises NotFound, Conflict unless it was in this reviewer's.

    Also their own, should they have had it in hand before it was known to be.
    """
    found = await _find(tx, desk, application_id)
    review = await reviews.hold(tx, found.driver_id, application_id)
    assert review is not None
    _demand(review, desk.reviewer, now)
    await reviews.set_taken(tx, review, None, None)


async def review_pictures(
    tx: Connection, desk: ReviewDesk, application_id: ApplicationId, now: datetime
) -> Pictures:
    """What the reviewer compares, recorded as a look. Raises NotFound, OwnPhoto, Conflict unless it is in their hand."""
    review = await _find_anothers(tx, desk, application_id)
    _demand(review, desk.reviewer, now)
    photo = await reviews.photo(tx, review.driver_id, review.photo_id)
    assert photo is not None and photo.picture is not None, "kept while its review is open"
    record = await drivers.licence_record(tx, review.driver_id)
    archived = await drivers.portrait(tx, record.portrait_hash) if record.portrait_hash else None
    await _record(tx, desk, review, "photo.viewed", {}, now)
    return Pictures(photo.picture, archived)


async def approve_photo(
    tx: Connection, desk: ReviewDesk, application_id: ApplicationId, now: datetime
) -> None:
    """The photo is the licence's, and the application waits for an issuer.

    Raises NotFound, OwnPhoto, Conflict: withdrawn, decided by another, not in this reviewer's hand; or a new version of the
    licence is being made at this very moment (see store/reviews.py, CONSTRAINTS).
    """
    review = await _to_decide(tx, desk, application_id, now)
    driver_id = review.driver_id
    # 1. The picture is a blob under its hash, as every licence's photo.
    photo = await reviews.photo(tx, driver_id, review.photo_id)
    assert photo is not None and photo.picture is not None, "kept while its review is open"
    kept = await blobs.put(tx, photo.picture)
    assert kept == photo.portrait_hash, "kept under its own hash"
    await reviews.let_go_of_picture(tx, driver_id, review.photo_id)
    # 2. The one decision, and the issuer's queue.
    await _decide(tx, desk, review, ApplicationEvent.PHOTO_APPROVED, "approved", (), now)
    await applications.enqueue(tx, [Waiting(driver_id, application_id, now)])
    # 3. Told.
    body = _body(review)
    await outbox.put(tx, "application.accepted", driver_id, body | {"refusal": None}, now)
    await _record(tx, desk, review, "photo.approved", {"photo": str(review.photo_id)}, now)


async def refuse_photo(
    tx: Connection,
    desk: ReviewDesk,
    application_id: ApplicationId,
    reasons: Sequence[PhotoReason],
    now: datetime,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> None:
    """The application ends refused, for reasons of the catalogue; the holder may submit again at once.

    Raises Invalid without a reason, NotFound, OwnPhoto and Conflict as `approve_photo`.
    """
    named = tuple(dict.fromkeys(reasons))
    if not 1 <= len(named) <= MOST_REASONS:
        raise Invalid("reasons", f"one to {MOST_REASONS} of the catalogue")
    review = await _to_decide(tx, desk, application_id, now)
    await _decide(tx, desk, review, ApplicationEvent.PHOTO_REFUSED, "refused", named, now)
    told = [reason.value for reason in named]
    body = _body(review) | {"refusal": Refusal.PHOTO_REFUSED.value, "reasons": told}
    await outbox.put(tx, "application.refused", review.driver_id, body, now)
    # While it was under way it stood for a new version of a licence that is held.
    await follow(tx, await drivers.licence_record(tx, review.driver_id), now, policy)
    await _record(tx, desk, review, "photo.refused", {"reasons": told}, now)


async def record_own_photo(
    tx: Connection, desk: ReviewDesk, application_id: ApplicationId, now: datetime
) -> None:
    """That the reviewer reached for their own photo is on record. In a transaction of its own: the act's was undone."""
    review = await _find(tx, desk, application_id)
    await _record(tx, desk, review, "photo.own-refused", {}, now)


async def escalate_reviews(database: Database, now: datetime) -> int:
    """Every open review past its promised day is marked, on record, and told once, in `review.escalated`; how many now."""
    done = 0
    while True:
        async with database.transaction() as tx:
            late = await reviews.escalate_due(tx, now, _AT_ONCE)
            told = [
                (
                    driver_id,
                    {
                        "driver_id": str(driver_id),
                        "application_id": str(application_id),
                        "authority": authority,
                        "due_day": due_day.isoformat(),
                    },
                )
                for driver_id, application_id, authority, due_day in late
            ]
            await outbox.put_many(tx, "review.escalated", told, now)
            for driver_id, application_id, authority, due_day in late:
                await audit.record(
                    tx, act="review.escalated", actor=audit.Actor("worker"), subject=application_id, driver_id=driver_id,
                    purpose=PURPOSE, detail={"authority": authority, "due_day": due_day.isoformat()}, now=now,
                )  # fmt: skip
        done += len(late)
        if len(late) < _AT_ONCE:
            return done


async def review_figures(tx: Connection, now: datetime) -> QueueFigures:
    """How long the queue is and how old."""
    row = await reviews.queue_figures(tx, now)
    oldest = int((now - row["oldest"]).total_seconds()) if row["oldest"] else 0
    return QueueFigures(row["waiting"], row["taken"], row["late"], row["escalated"], oldest)


async def _find(tx: Connection, desk: ReviewDesk, application_id: ApplicationId) -> PhotoReview:
    driver_id = await reviews.driver_of(tx, application_id)
    review = await reviews.of_application(tx, driver_id, application_id) if driver_id else None
    elsewhere = review and desk.authorities is not None and review.authority not in desk.authorities
    if review is None or elsewhere:
        raise NotFound("there is no such review")
    return review


async def _find_anothers(tx: Connection, desk: ReviewDesk, application_id: ApplicationId) -> PhotoReview:
    review = await _find(tx, desk, application_id)
    if await desk.is_own(tx, review.driver_id):
        raise OwnPhoto
    return review


async def _to_decide(
    tx: Connection, desk: ReviewDesk, application_id: ApplicationId, now: datetime
) -> PhotoReview:
    """The review, held with its application, open, in this reviewer's hand and another's photo."""
    found = await _find_anothers(tx, desk, application_id)
    review = await reviews.hold_with_application(tx, found.driver_id, application_id)
    assert review is not None
    _demand(review, desk.reviewer, now)
    return review


def _demand(review: PhotoReview, reviewer: Reviewer, now: datetime) -> None:
    why_not = may_decide_review(review.outcome, hand_of(review.taken_by, review.taken_until, reviewer, now))
    if why_not is not None:
        raise Conflict(why_not, place="review")


async def _decide(
    tx: Connection,
    desk: ReviewDesk,
    review: PhotoReview,
    event: ApplicationEvent,
    outcome: Literal["approved", "refused"],
    reasons: Sequence[PhotoReason],
    now: datetime,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> None:
    """The application's move and the review's outcome. Raises Conflict for whoever comes second."""
    refusal = Refusal.PHOTO_REFUSED if outcome == "refused" else None
    move = ApplicationMove(review.driver_id, review.application_id, review.move, refusal)
    moved = await applications.move(tx, [move], ApplicationState.UNDER_REVIEW, event, now)
    closed = moved and await reviews.close(
        tx, review.driver_id, review.application_id, outcome, reasons, desk.reviewer, now
    )
    if not closed:
        raise Conflict("the photo was decided on already", place="review")


def _body(review: PhotoReview) -> dict[str, str | list[str] | None]:
    return {
        "driver_id": str(review.driver_id),
        "application_id": str(review.application_id),
        "authority": review.authority,
    }


async def _record(
    tx: Connection, desk: ReviewDesk, review: PhotoReview, act: str, detail: audit.Detail, now: datetime
) -> None:
    await audit.record(
        tx,
        act=act,
        actor=desk.actor,
        subject=review.application_id,
        driver_id=review.driver_id,
        purpose=PURPOSE,
        detail={**detail, "duty": "photo-review"} if desk.actor.kind == "staff" else detail,
        now=now,
    )
