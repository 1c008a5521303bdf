"""The reviewers' acts on new photos that are not every queue's (reviewing): look, approve, refuse.

Of two who decide at once one hears Conflict: the decision is a compare-and-set on the application's move, with its event,
in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from liangzheng import audit, drivers, reviewing
from liangzheng.infra import blobs, outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.ids import ApplicationId
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.licences.follow_standing import follow
from liangzheng.licences.lifecycle import ApplicationEvent, ApplicationState
from liangzheng.licences.model import PhotoReview
from liangzheng.licences.photo_rules import PhotoReason
from liangzheng.licences.rules import Refusal
from liangzheng.licences.store import applications, reviews
from liangzheng.licences.store.applications import ApplicationMove, Waiting
from liangzheng.licences.store.reviews import PHOTO_QUEUE
from liangzheng.reviewing import MOST_REASONS, ReviewDesk


@dataclass(frozen=True, slots=True)
class Pictures:
    """The new photo and, beside it, the register's archived one, if there is one. JPEG octets."""

    new: bytes = field(repr=False)
    archived: bytes | None = field(repr=False)


async def review_pictures(
    tx: Connection, desk: ReviewDesk, application_id: ApplicationId, now: datetime
) -> Pictures:
    """What the reviewer compares, recorded as a look. Raises NotFound, OwnReview, Conflict unless it is in their hand."""
    review = await reviewing.find_anothers(tx, PHOTO_QUEUE, desk, application_id)
    reviewing.demand_in_hand(review, desk, now)
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

    Raises NotFound, OwnReview, Conflict: withdrawn, decided by another, not in this reviewer's hand; or a new version of the
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

    Raises Invalid without a reason, NotFound, OwnReview and Conflict as `approve_photo`.
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
    review = await reviewing.review_at(tx, PHOTO_QUEUE, desk, application_id)
    await _record(tx, desk, review, "photo.own-refused", {}, now)


async def _to_decide(
    tx: Connection, desk: ReviewDesk, application_id: ApplicationId, now: datetime
) -> PhotoReview:
    """The review, held with its application, open, in this reviewer's hand and another's photo."""
    found = await reviewing.find_anothers(tx, PHOTO_QUEUE, desk, application_id)
    await reviews.hold_application(tx, found.driver_id, application_id)
    return await reviewing.hold_in_hand(tx, PHOTO_QUEUE, desk, found, now)


async def _decide(
    tx: Connection,
    desk: ReviewDesk,
    review: PhotoReview,
    event: ApplicationEvent,
    outcome: Literal["approved", "refused"],
    reasons: Sequence[PhotoReason],
    now: datetime,
) -> None:
    """The application's move and the review's outcome. Raises Conflict for whoever comes second."""
    refusal = Refusal.PHOTO_REFUSED if outcome == "refused" else None
    move = ApplicationMove(review.driver_id, review.application_id, review.move, refusal)
    moved = await applications.move(tx, [move], ApplicationState.UNDER_REVIEW, event, now)
    closed = moved and await reviewing.close(
        tx, PHOTO_QUEUE, review.key, outcome, reasons, desk.reviewer, now
    )
    if not closed:
        raise Conflict("the photo was decided on already", place="review")


def _body(review: PhotoReview) -> dict[str, str | list[str] | None]:
    return {
        "driver_id": str(review.driver_id),
        "application_id": str(review.application_id),
        "authority": review.authority,
        "origin": review.origin,
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
        purpose=PHOTO_QUEUE.purpose,
        detail=detail,
        now=now,
    )
