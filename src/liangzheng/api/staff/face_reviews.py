"""Reviews of face checks an engine left open: the queue, taking one in hand, looking, deciding. For staff of a counter."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field
from starlette.responses import Response

from liangzheng import accounts, reviewing, staff
from liangzheng.accounts import FACE_REASON_TEXTS, FaceReason, FaceReview
from liangzheng.api.auth import authenticates
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.octets import to_base64url
from liangzheng.api.staff.callers import OnDuty, recorded, review_desk
from liangzheng.api.staff.reviews import After, DecisionBody, Limit, page
from liangzheng.api.wired import wired
from liangzheng.api.words import FindingAnswer
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import FaceCheckId
from liangzheng.reviewing import ReviewDesk

router = resource("/staff/face-reviews", "staff")

_REFUSED = "face-check.refused"


@authenticates
async def face_reviewer(request: Request) -> ReviewDesk:
    """The member of staff who identifies people at a counter of the region. Raises NotAuthenticated, and Forbidden for who
    does not hold the duty."""
    return await review_desk(request, staff.Act.IDENTIFY, _REFUSED)


AtDesk = Annotated[ReviewDesk, Depends(face_reviewer)]


class FaceReviewAnswer(Answer):
    """An open review, or what became of one. Names nobody: the person is seen in the pictures, once it is in hand.

    `found`: what the engine said. `steps`: what the person was asked to do, in order.
    """

    face_check_id: str
    purpose: str
    engine: str
    found: list[str]
    steps: list[str]
    authority: str
    submitted_at: datetime
    due_day: date
    provisional: bool
    late: bool
    in_hand_until: datetime | None
    outcome: str | None
    reasons: list[FindingAnswer]

    @classmethod
    def of(cls, review: FaceReview) -> FaceReviewAnswer:
        """What a reviewer sees of it."""
        return cls(
            face_check_id=str(review.face_check_id),
            purpose=review.purpose.value,
            engine=review.engine,
            found=list(review.found),
            steps=list(review.steps),
            authority=review.authority,
            submitted_at=review.submitted_at,
            due_day=review.due_day,
            provisional=review.provisional,
            late=review.escalated_at is not None,
            in_hand_until=review.taken_until,
            outcome=review.outcome,
            reasons=FindingAnswer.each(review.reasons, FACE_REASON_TEXTS),
        )


class FaceQueueAnswer(Answer):
    """Due first in front; `next` goes into `after` for the next page, null when there is none."""

    reviews: list[FaceReviewAnswer]
    next: str | None


class TakeFaceReviewBody(Body):
    """The review to take; null: the one in hand, else the one due first."""

    face_check_id: str | None = None


class FaceDecisionBody(DecisionBody):
    """Approve, or refuse for one to five reasons of the catalogue."""

    catalogue = FaceReason


class FaceReasonsAnswer(Answer):
    """The catalogue."""

    reasons: list[FindingAnswer]


class FacePictureAnswer(Answer):
    """One picture of the check: the step it was taken in, and a JPEG."""

    step: int
    jpeg: str = Field(repr=False)


class FacePicturesAnswer(Answer):
    """What is compared; `archived_portrait`: the register's photo, null where there is none. Base64url."""

    frames: list[FacePictureAnswer]
    archived_portrait: str | None = Field(repr=False)


@router.get("")
async def face_queue(
    request: Request,
    desk: AtDesk,
    after: After = None,
    limit: Limit = 50,
    late: bool = False,
) -> FaceQueueAnswer:
    """Open reviews of the reviewer's authorities; `late=true`: those past their working day. That the page was read is
    recorded."""
    last = FaceCheckId.parse(after) if after is not None else None
    found, following = await page(request, accounts.FACE_QUEUE, desk, last, limit, late)
    return FaceQueueAnswer(reviews=[FaceReviewAnswer.of(review) for review in found], next=following)


@router.get("/reasons")
async def face_reasons(desk: AtDesk) -> FaceReasonsAnswer:
    """Why a face check may be refused, and what the holder then reads."""
    return FaceReasonsAnswer(reasons=FindingAnswer.each(FACE_REASON_TEXTS, FACE_REASON_TEXTS))


@router.post("/take")
async def take_face_review(
    request: Request, who: OnDuty, body: TakeFaceReviewBody, desk: AtDesk
) -> FaceReviewAnswer:
    """Take a review in hand; again gives the same one, for longer. 404 when nothing waits, 403 `own-check` for one's own."""
    wiring = wired(request)
    named = FaceCheckId.parse(body.face_check_id) if body.face_check_id is not None else None
    async with recorded(request, who, staff.Attempt(_REFUSED, named)), wiring.database.transaction() as tx:
        found = await reviewing.take(tx, accounts.FACE_QUEUE, desk, wiring.clock.now(), named)
    if found is None:
        raise NotFound("nothing waits for a review")
    return FaceReviewAnswer.of(found)


@router.post("/{face_check_id}/put-back", status_code=204)
async def put_back_face_review(request: Request, who: OnDuty, face_check_id: str, desk: AtDesk) -> Response:
    """Give a review in hand back to the queue."""
    wiring, asked = wired(request), FaceCheckId.parse(face_check_id)
    async with recorded(request, who, staff.Attempt(_REFUSED, asked)), wiring.database.transaction() as tx:
        await reviewing.put_back(tx, accounts.FACE_QUEUE, desk, asked, wiring.clock.now())
    return Response(status_code=204)


@router.get("/{face_check_id}/pictures")
async def face_pictures(
    request: Request, who: OnDuty, face_check_id: str, desk: AtDesk
) -> FacePicturesAnswer:
    """The pictures of a review in hand, beside the register's archived photo. Recorded as a look."""
    wiring, asked = wired(request), FaceCheckId.parse(face_check_id)
    async with recorded(request, who, staff.Attempt(_REFUSED, asked)), wiring.database.transaction() as tx:
        seen = await accounts.face_review_pictures(tx, desk, asked, wiring.face_reviews, wiring.clock.now())
    return FacePicturesAnswer(
        frames=[FacePictureAnswer(step=step, jpeg=to_base64url(octets)) for step, octets in seen.frames],
        archived_portrait=to_base64url(seen.archived) if seen.archived is not None else None,
    )


@router.post("/{face_check_id}/decision")
async def decide_face_review(
    request: Request,
    who: OnDuty,
    face_check_id: str,
    body: FaceDecisionBody,
    desk: AtDesk,
    key: IdempotencyKey = None,
) -> FaceReviewAnswer:
    """Decide on a review in hand, once; whoever comes second hears 409, whoever it is about 403 `own-check`. The pictures are
    gone with it."""
    wiring, asked = wired(request), FaceCheckId.parse(face_check_id)
    now = wiring.clock.now()
    async with recorded(request, who, staff.Attempt(_REFUSED, asked)), wiring.database.transaction() as tx:

        async def perform() -> FaceReviewAnswer:
            reasons = [FaceReason(reason) for reason in body.reasons]
            return FaceReviewAnswer.of(
                await accounts.decide_face_review(tx, desk, asked, reasons, wiring.account_policy, now)
            )

        return await once(
            tx, key, owner=who.staff_id, act=f"face-review.decide {asked}", body=body, answer=FaceReviewAnswer, now=now,
            perform=perform,
        )  # fmt: skip
