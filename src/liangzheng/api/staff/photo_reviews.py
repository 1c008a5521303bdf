"""Reviews of new photos: the queue, taking one in hand, looking, deciding. Who reviews comes from an authenticator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from liangzheng import licences, reviewing, staff
from liangzheng.api.auth import authenticates
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.octets import JPEG
from liangzheng.api.staff.callers import review_desk
from liangzheng.api.staff.reviews import After, DecisionBody, Limit, page
from liangzheng.api.wired import wired
from liangzheng.api.words import FindingAnswer
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import ApplicationId
from liangzheng.licences import DOUBT_TEXTS, REASON_TEXTS, PhotoReason, PhotoReview
from liangzheng.reviewing import ReviewDesk
from liangzheng.wiring import Wiring

router = resource("/staff/photo-reviews", "staff")


@authenticates
async def reviewer(request: Request) -> ReviewDesk:
    """The member of staff who reviews photos. Raises NotAuthenticated, and Forbidden for who does not hold the duty."""
    return await review_desk(request, staff.Act.REVIEW_PHOTO, "review.refused")


@asynccontextmanager
async def _reaching(
    wiring: Wiring, desk: ReviewDesk, asked: ApplicationId | None
) -> AsyncIterator[Connection]:
    """A transaction for one review. A reviewer who reaches for their own photo in it is refused, and that is kept."""
    try:
        async with wiring.database.transaction(licences.REVIEW_CONSTRAINTS) as tx:
            yield tx
    except reviewing.OwnReview:
        if asked is not None:
            async with wiring.database.transaction() as tx:
                await licences.record_own_photo(tx, desk, asked, wiring.clock.now())
        raise


AtDesk = Annotated[ReviewDesk, Depends(reviewer)]
"""`async def act(desk: AtDesk, …)`: the reviewer who calls."""


class FactsAnswer(Answer):
    """What was measured (see PhotoFacts), the day its sender states and the day the file states. `faces` null: no
    engine looked."""

    octets: int
    width: int
    height: int
    colour: int
    white_permille: int
    brightness: int
    sharpness: int
    faces: int | None
    frontal: bool | None
    declared_day: date | None
    embedded_day: date | None


class PhotoReviewAnswer(Answer):
    """An open review, or what became of one. Names nobody: the holder is seen in the pictures, once it is in hand."""

    application_id: str
    origin: str
    source: str
    authority: str
    submitted_at: datetime
    due_day: date
    provisional: bool
    late: bool
    in_hand_until: datetime | None
    outcome: str | None
    doubts: list[FindingAnswer]
    facts: FactsAnswer

    @classmethod
    def of(cls, review: PhotoReview) -> PhotoReviewAnswer:
        """What a reviewer sees of it."""
        return cls(
            application_id=str(review.application_id),
            origin=review.origin,
            source=review.source.value,
            authority=review.authority,
            submitted_at=review.submitted_at,
            due_day=review.due_day,
            provisional=review.provisional,
            late=review.escalated_at is not None,
            in_hand_until=review.taken_until,
            outcome=review.outcome,
            doubts=FindingAnswer.each(review.doubts, DOUBT_TEXTS),
            facts=FactsAnswer.model_validate(review.facts),
        )


class QueueAnswer(Answer):
    """Due first in front; `next` goes into `after` for the next page, null when there is none."""

    reviews: list[PhotoReviewAnswer]
    next: str | None


class TakeBody(Body):
    """The review to take; null: the one in hand, else the one due first."""

    application_id: str | None = None


class PhotoDecisionBody(DecisionBody):
    """Approve, or refuse for one to five reasons of the catalogue."""

    catalogue = PhotoReason


class ReasonsAnswer(Answer):
    """The catalogue."""

    reasons: list[FindingAnswer]


@router.get("")
async def queue(
    request: Request,
    desk: AtDesk,
    after: After = None,
    limit: Limit = 50,
    late: bool = False,
) -> QueueAnswer:
    """Open reviews of the reviewer's authorities; `late=true`: those past their working day. That the page was read is
    recorded."""
    last = ApplicationId.parse(after) if after is not None else None
    found, following = await page(request, licences.PHOTO_QUEUE, desk, last, limit, late)
    return QueueAnswer(reviews=[PhotoReviewAnswer.of(review) for review in found], next=following)


@router.get("/reasons")
async def reasons(desk: AtDesk) -> ReasonsAnswer:
    """Why a photo may be refused, and what the holder then reads."""
    return ReasonsAnswer(reasons=FindingAnswer.each(REASON_TEXTS, REASON_TEXTS))


@router.post("/take")
async def take(request: Request, body: TakeBody, desk: AtDesk) -> PhotoReviewAnswer:
    """Take a review in hand; again gives the same one, for longer. 404 when nothing waits."""
    wiring = wired(request)
    named = ApplicationId.parse(body.application_id) if body.application_id is not None else None
    async with _reaching(wiring, desk, named) as tx:
        found = await reviewing.take(tx, licences.PHOTO_QUEUE, desk, wiring.clock.now(), named)
    if found is None:
        raise NotFound("nothing waits for a review")
    return PhotoReviewAnswer.of(found)


@router.post("/{application_id}/put-back", status_code=204)
async def put_back(request: Request, application_id: str, desk: AtDesk) -> Response:
    """Give a review in hand back to the queue."""
    wiring, asked = wired(request), ApplicationId.parse(application_id)
    async with wiring.database.transaction() as tx:
        await reviewing.put_back(tx, licences.PHOTO_QUEUE, desk, asked, wiring.clock.now())
    return Response(status_code=204)


@router.get("/{application_id}/new", response_class=Response, responses={200: JPEG})
async def new_photo(request: Request, application_id: str, desk: AtDesk) -> Response:
    """The new photo of a review in hand. Recorded as a look."""
    return _jpeg((await _pictures(request, application_id, desk)).new)


@router.get("/{application_id}/archived", response_class=Response, responses={200: JPEG})
async def archived_photo(request: Request, application_id: str, desk: AtDesk) -> Response:
    """The register's archived photo beside a review in hand. Recorded as a look; 404 where the register has none."""
    return _jpeg((await _pictures(request, application_id, desk)).archived)


def _jpeg(octets: bytes | None) -> Response:
    if octets is None:
        raise NotFound("the register has no photo on file")
    return Response(octets, media_type="image/jpeg")


async def _pictures(request: Request, application_id: str, desk: ReviewDesk) -> licences.Pictures:
    wiring, asked = wired(request), ApplicationId.parse(application_id)
    async with _reaching(wiring, desk, asked) as tx:
        return await licences.review_pictures(tx, desk, asked, wiring.clock.now())


@router.post("/{application_id}/decision")
async def decide(
    request: Request, application_id: str, body: PhotoDecisionBody, desk: AtDesk, key: IdempotencyKey = None
) -> PhotoReviewAnswer:
    """Decide on a review in hand, once; whoever comes second hears 409, whoever the photo shows 403 `own-photo`."""
    wiring = wired(request)
    asked, now = ApplicationId.parse(application_id), wiring.clock.now()
    async with _reaching(wiring, desk, asked) as tx:

        async def perform() -> PhotoReviewAnswer:
            if body.decision == "approve":
                await licences.approve_photo(tx, desk, asked, now)
            else:
                named = [PhotoReason(reason) for reason in body.reasons]
                await licences.refuse_photo(tx, desk, asked, named, now, wiring.settings.status_policy)
            return PhotoReviewAnswer.of(await reviewing.review_at(tx, licences.PHOTO_QUEUE, desk, asked))

        return await once(
            tx, key, owner=desk.actor.id or asked, act=f"review.decide {asked}", body=body, answer=PhotoReviewAnswer,
            now=now, perform=perform,
        )  # fmt: skip
