"""Reviews past their promised day, for whoever answers for a region without reviewing there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from fastapi import Request

from liangzheng import accounts, licences, staff
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.staff.callers import OnDuty, authorities_in, permitted
from liangzheng.api.staff.reviews import After, Limit, page
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import ApplicationId, FaceCheckId
from liangzheng.kernel.reviews import Review
from liangzheng.reviewing import ReviewDesk
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
    def of(cls, found: Review) -> LateReviewAnswer:
        """As either queue has it."""
        return cls(
            review=str(found.key[1]), authority=found.authority, submitted_at=found.submitted_at, due_day=found.due_day,
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
    after: After = None,
    limit: Limit = 50,
) -> LateReviewsAnswer:
    """What is late in the caller's region, for a duty that reads its figures. That the page was read is recorded."""
    held = await permitted(request, who, Act.READ_FIGURES, "late-reviews.refused", fresh=False)
    desk = ReviewDesk(staff.actor_of(who, held), authorities_in(wired(request).reference, held.region))
    if queue == "photo-reviews":
        photo = ApplicationId.parse(after) if after is not None else None
        photos, following = await page(request, licences.PHOTO_QUEUE, desk, photo, limit, late=True)
        found = list(map(LateReviewAnswer.of, photos))
    else:
        face = FaceCheckId.parse(after) if after is not None else None
        faces, following = await page(request, accounts.FACE_QUEUE, desk, face, limit, late=True)
        found = list(map(LateReviewAnswer.of, faces))
    return LateReviewsAnswer(reviews=found, next=following)
