"""The system administration: who is on the staff. Duties are given, and codes renewed, by two (proposals); the rest by one.

Codes are shown once and kept nowhere as they are, so what answers with one takes no idempotency key.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import Field, StringConstraints

from liangzheng import staff
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.staff.callers import OnDuty, recorded
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import ProposalId, StaffId
from liangzheng.staff import Attempt, Duty, Member, Region, StaffEvent

router = resource("/staff/members", "staff")

Number = Annotated[str, StringConstraints(max_length=12)]


class HeldDutyAnswer(Answer):
    """A duty that was not taken away; both days count."""

    duty: str
    region: str
    from_day: date
    until_day: date | None


class MemberAnswer(Answer):
    """One member of staff."""

    staff: str
    number: str
    name: str
    unit: str
    state: str
    enrolled: bool
    duties: list[HeldDutyAnswer]

    @classmethod
    def of(cls, found: Member) -> MemberAnswer:
        """What the administration sees of it."""
        return cls(
            staff=str(found.staff_id),
            number=found.number.value,
            name=found.name,
            unit=found.unit,
            state=found.state.value,
            enrolled=found.enrolled,
            duties=[
                HeldDutyAnswer(
                    duty=held.duty.value, region=str(held.region), from_day=held.from_day, until_day=held.until_day
                )
                for held in found.duties
            ],
        )  # fmt: skip


class MembersAnswer(Answer):
    """By number; `next` goes into `after` for the next page, null when there is none."""

    members: list[MemberAnswer]
    next: str | None


class TakeOnBody(Body):
    """Who is new. `unit` is what holders read in the list of who looked."""

    number: Number
    name: Annotated[str, StringConstraints(max_length=60)] = Field(repr=False)
    unit: Annotated[str, StringConstraints(max_length=100)]


class EnrolmentCodeAnswer(Answer):
    """The code to hand over, this once."""

    staff: str
    enrolment_code: str = Field(repr=False)


class MoveBody(Body):
    """Stopped, resumed, or gone for good."""

    event: Literal["stopped", "resumed", "left"]


class StateAnswer(Answer):
    """Where the member stands now."""

    state: str


class EndDutyBody(Body):
    """The duty that ends, and where."""

    duty: Annotated[str, StringConstraints(max_length=20)]
    region: Annotated[str, StringConstraints(max_length=12)]

    def held(self) -> tuple[Duty, Region]:
        """As kernel values. Raises Invalid."""
        if self.duty not in set(Duty):
            raise Invalid("duty", "one of " + ", ".join(Duty))
        return Duty(self.duty), Region.parse(self.region)


class ApprovalBody(Body):
    """The proposal `new-enrolment` that two people agreed to."""

    approval: Annotated[str, StringConstraints(max_length=40)]


@router.get("")
async def list_members(
    request: Request,
    who: OnDuty,
    after: Annotated[str, Query(max_length=12)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> MembersAnswer:
    """Members within the region of the caller's administration. That the page was read is recorded."""
    wiring = wired(request)
    async with recorded(request, who, Attempt("staff-listing.refused")), wiring.database.transaction() as tx:
        found, following = await staff.within_reach(
            tx, who, after, wiring.staff_policy, limit, wiring.clock.now()
        )
    return MembersAnswer(members=[MemberAnswer.of(each) for each in found], next=following)


@router.post("", status_code=201)
async def take_on(request: Request, who: OnDuty, body: TakeOnBody) -> EnrolmentCodeAnswer:
    """Take somebody on, without any duty yet. Needs a fresh second factor."""
    wiring = wired(request)
    async with recorded(request, who, Attempt("staff-change.refused")):
        made = await staff.take_on(
            wiring.database, who, body.number, body.name, body.unit, wiring.staff_policy, wiring.clock.now()
        )
    return EnrolmentCodeAnswer(staff=str(made.staff_id), enrolment_code=made.code)


@router.post("/{staff_id}/moves", status_code=201)
async def move(request: Request, who: OnDuty, staff_id: str, body: MoveBody) -> StateAnswer:
    """Stop, resume or let go. The same again is 409. Needs a fresh second factor."""
    wiring, whom = wired(request), StaffId.parse(staff_id)
    tried = Attempt("staff-change.refused", whom, detail={"event": body.event})
    async with recorded(request, who, tried), wiring.database.transaction() as tx:
        state = await staff.move(
            tx, who, whom, StaffEvent(body.event), wiring.staff_policy, wiring.clock.now()
        )
    return StateAnswer(state=state.value)


@router.post("/{staff_id}/duty-endings", status_code=201)
async def end_duty(request: Request, who: OnDuty, staff_id: str, body: EndDutyBody) -> MemberAnswer:
    """Take a duty away, from the next request on. The same again is 404. Needs a fresh second factor."""
    wiring, whom, (duty, region) = wired(request), StaffId.parse(staff_id), body.held()
    tried = Attempt("staff-change.refused", whom, detail={"duty": duty.value, "region": str(region)})
    async with recorded(request, who, tried), wiring.database.transaction() as tx:
        found = await staff.end_duty(tx, who, whom, duty, region, wiring.staff_policy, wiring.clock.now())
    return MemberAnswer.of(found)


@router.post("/enrolment-codes", status_code=201)
async def hand_over_code(request: Request, who: OnDuty, body: ApprovalBody) -> EnrolmentCodeAnswer:
    """A new enrolment code for whom two people agreed on; password, second factor and logins before it are gone."""
    wiring, approval = wired(request), ProposalId.parse(body.approval)
    tried = Attempt("staff-change.refused", approval)
    async with recorded(request, who, tried), wiring.database.transaction() as tx:
        whom, code = await staff.hand_over(tx, who, approval, wiring.staff_policy, wiring.clock.now())
    return EnrolmentCodeAnswer(staff=str(whom), enrolment_code=code)
