"""Reviews past their promised day, for whoever answers for a region without reviewing there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query, Request

from liangzheng import accounts, licences, staff
from liangzheng.accounts import ReviewDesk
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.staff.callers import OnDuty, authorities_in, permitted
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import ApplicationId, FaceCheckId
from liangzheng.staff import Act

router = resource("/staff/late-reviews", "staff")


class LateReviewAnswer(Answer):
    """One review that is late: of which authority, since when it is promised, and until when somebody has it in hand. Names
    nobody."""

    review: str
    authority: str
    submitted_at: datetime
    due_day: date
    in_hand_until: datetime | None

    @classmethod
    def of(cls, found: licences.PhotoReview | accounts.FaceReview) -> LateReviewAnswer:
        """As either queue has it."""
        named = found.application_id if isinstance(found, licences.PhotoReview) else found.face_check_id
        return cls(
            review=str(named), authority=found.authority, submitted_at=found.submitted_at, due_day=found.due_day,
            in_hand_until=found.taken_until,
        )  # fmt: skip


class LateReviewsAnswer(Answer):
    """Due first in front; `next` goes into `after` for the next page, null when there is none."""

    reviews: list[LateReviewAnswer]
    next: str | None


@router.get("")
async def list_late_reviews(
    request: Request,
    who: OnDuty,
    queue: Literal["photo-reviews", "face-reviews"],
    after: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> LateReviewsAnswer:
    """What is late in the caller's region, for a duty that reads its figures. That the page was read is recorded."""
    wiring = wired(request)
    now = wiring.clock.now()
    held = await permitted(request, who, Act.READ_FIGURES, "late-reviews.refused", fresh=False)
    desk = ReviewDesk(staff.actor_of(who), authorities_in(wiring.reference, held.region))
    async with wiring.database.transaction() as tx:
        found: list[LateReviewAnswer]
        if queue == "photo-reviews":
            photo = ApplicationId.parse(after) if after is not None else None
            found = [
                LateReviewAnswer.of(each) for each in await licences.late_reviews(tx, desk, photo, limit, now)
            ]
        else:
            face = FaceCheckId.parse(after) if after is not None else None
            found = [
                LateReviewAnswer.of(each)
                for each in await accounts.late_face_reviews(tx, desk, face, limit, now)
            ]
    return LateReviewsAnswer(reviews=found, next=found[-1].review if len(found) == limit else None)
