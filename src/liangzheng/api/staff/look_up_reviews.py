"""Look-ups drawn for review: what waits in the caller's region, and what the caller found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query, Request

from liangzheng import staff
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.applications import idempotency_key
from liangzheng.api.idempotent import once
from liangzheng.api.staff.callers import OnDuty, recorded
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import LookUpId
from liangzheng.staff import Attempt, Outcome, SampledLookUp

router = resource("/staff/look-up-reviews", "staff")


class SampledAnswer(Answer):
    """A look-up that was drawn: who looked, under which duty, what for, in which case; and once reviewed, what was found."""

    look_up: str
    staff: str
    unit: str
    duty: str
    driver: str
    at: datetime
    week: date
    purpose: str
    case_number: str
    outcome: str | None
    reviewed_by: str | None
    reviewed_at: datetime | None

    @classmethod
    def of(cls, found: SampledLookUp) -> SampledAnswer:
        """What a reviewer sees of it."""
        return cls(
            look_up=str(found.look_up_id),
            staff=str(found.staff_id),
            unit=found.unit,
            duty=found.duty.value,
            driver=str(found.driver_id),
            at=found.at,
            week=found.week,
            purpose=found.purpose,
            case_number=str(found.case),
            outcome=found.outcome.value if found.outcome else None,
            reviewed_by=str(found.reviewed_by) if found.reviewed_by else None,
            reviewed_at=found.reviewed_at,
        )


class SampleAnswer(Answer):
    """Oldest first; `next` goes into `after` for the next page, null when there is none."""

    look_ups: list[SampledAnswer]
    next: str | None


class OutcomeBody(Body):
    """Whether the case bears the look-up out."""

    outcome: Literal["in-order", "unclear", "improper"]


@router.get("")
async def list_sample(
    request: Request,
    who: OnDuty,
    after: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SampleAnswer:
    """Drawn look-ups of the caller's region that nobody has reviewed; never the caller's own. Each page read is recorded."""
    wiring = wired(request)
    last = LookUpId.parse(after) if after is not None else None
    async with recorded(request, who, Attempt("look-up-review.refused")), wiring.database.transaction() as tx:
        found = await staff.sample_to_review(tx, who, wiring.staff_policy, last, limit, wiring.clock.now())
    return SampleAnswer(
        look_ups=[SampledAnswer.of(each) for each in found],
        next=str(found[-1].look_up_id) if len(found) == limit else None,
    )


@router.post("/{look_up_id}", status_code=201)
async def review(request: Request, who: OnDuty, look_up_id: str, body: OutcomeBody) -> SampledAnswer:
    """What the caller found; once. Needs an Idempotency-Key."""
    wiring, asked = wired(request), LookUpId.parse(look_up_id)
    now, key = wiring.clock.now(), idempotency_key(request)
    tried = Attempt("look-up-review.refused", asked, detail={"outcome": body.outcome})
    async with recorded(request, who, tried), wiring.database.transaction() as tx:

        async def perform() -> SampledAnswer:
            return SampledAnswer.of(
                await staff.review_look_up(tx, who, asked, Outcome(body.outcome), wiring.staff_policy, now)
            )

        return await once(
            tx, key, owner=who.staff_id, act=f"look-up.review {asked}", body=body, answer=SampledAnswer, now=now,
            perform=perform,
        )  # fmt: skip
