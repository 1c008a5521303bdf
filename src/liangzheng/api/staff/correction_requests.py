"""Requests of people to have their data put right: what waits in the caller's region, and the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import Field, StringConstraints

from liangzheng import staff
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.applications import idempotency_key
from liangzheng.api.idempotent import once
from liangzheng.api.staff.callers import OnDuty, recorded
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import CorrectionRequestId, PersonId
from liangzheng.staff import Attempt, CorrectionReply, WaitingRequest

router = resource("/staff/correction-requests", "staff")

_REFUSED = "correction-request.refused"


class WaitingRequestAnswer(Answer):
    """One request, in its person's own words. `driver` null: nobody has seen yet whose face it is, or no driver's."""

    request: str
    person: str
    driver: str | None
    asked_at: datetime
    wish: str = Field(repr=False)

    @classmethod
    def of(cls, found: WaitingRequest) -> WaitingRequestAnswer:
        """Without name or number."""
        asked = found.request
        return cls(
            request=str(asked.request_id), person=str(asked.person_id),
            driver=str(found.driver_id) if found.driver_id else None, asked_at=asked.asked_at, wish=asked.wish,
        )  # fmt: skip


class WaitingRequestsAnswer(Answer):
    """Oldest first; `next` goes into `after` for the next page, null when there is none."""

    requests: list[WaitingRequestAnswer]
    next: str | None


class ReplyBody(Body):
    """Whose request it is, whether it was put right, and what its person reads. A correction of the register is a proposal."""

    person: Annotated[str, StringConstraints(max_length=40)]
    decision: Literal["put-right", "declined"]
    answer: Annotated[str, StringConstraints(max_length=2000)] = Field(repr=False)


class ReplyAnswer(Answer):
    """The request, and where it stands now."""

    request: str
    state: str


@router.get("")
async def list_requests(
    request: Request,
    who: OnDuty,
    after: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> WaitingRequestsAnswer:
    """Open requests of the caller's region; of people who are no drivers, nationwide. Each page read is recorded."""
    wiring = wired(request)
    last = CorrectionRequestId.parse(after) if after is not None else None
    async with recorded(request, who, Attempt(_REFUSED)), wiring.database.transaction() as tx:
        found, following = await staff.correction_requests(
            tx, wiring.reference.authorities, who, last, limit, wiring.staff_policy, wiring.clock.now()
        )
    return WaitingRequestsAnswer(
        requests=[WaitingRequestAnswer.of(each) for each in found], next=str(following) if following else None
    )


@router.post("/{request_id}/answers", status_code=201)
async def answer_request(request: Request, who: OnDuty, request_id: str, body: ReplyBody) -> ReplyAnswer:
    """Answer a request, once; its person is told. Never one's own. Needs an Idempotency-Key and a fresh second factor."""
    wiring, asked = wired(request), CorrectionRequestId.parse(request_id)
    now, key = wiring.clock.now(), idempotency_key(request)
    reply = CorrectionReply(PersonId.parse(body.person), asked, body.decision == "put-right", body.answer)
    tried = Attempt(_REFUSED, asked, detail={"decision": body.decision})
    async with recorded(request, who, tried), wiring.database.transaction() as tx:

        async def perform() -> ReplyAnswer:
            state = await staff.answer_request(
                tx, wiring.reference.authorities, wiring.key_index, who, reply, wiring.staff_policy, now
            )
            return ReplyAnswer(request=str(asked), state=state.value)

        return await once(
            tx, key, owner=who.staff_id, act=f"correction.answer {asked}", body=body, answer=ReplyAnswer, now=now,
            perform=perform,
        )  # fmt: skip
