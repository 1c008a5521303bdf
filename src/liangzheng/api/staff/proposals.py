"""What needs a second person: proposing, reading, deciding, taking back; and retaining a licence on the spot."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field, StringConstraints

from liangzheng import staff
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.applications import idempotency_key
from liangzheng.api.idempotent import once
from liangzheng.api.staff.callers import OnDuty, recorded
from liangzheng.api.wired import wired
from liangzheng.drivers import LicenceRecord, licence_record
from liangzheng.kernel.ids import DriverId, ProposalId, VerificationId
from liangzheng.kernel.people import IdentityKind, IdentityNumber, PersonName
from liangzheng.staff import Attempt, CaseNumber, Kind, Proposal, ProposalDraft, ProposalState, SecondOpinion

router = resource("/staff", "staff")

_LATEST = ProposalId(UUID(int=2**128 - 1))
Code = Annotated[str, StringConstraints(max_length=40)]


class ProposalAnswer(Answer):
    """One proposal without what it holds. `move` goes with a decision: whoever read an older one hears Conflict."""

    proposal: str
    kind: str
    state: str
    move: int
    driver: str | None
    reason: str
    case_number: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, found: Proposal) -> ProposalAnswer:
        """What may leave of it."""
        return cls(
            proposal=str(found.proposal_id),
            kind=found.kind.value,
            state=found.state.value,
            move=found.move,
            driver=str(found.driver_id) if found.driver_id else None,
            reason=found.reason,
            case_number=str(found.case),
            proposed_by=str(found.proposed_by),
            proposed_at=found.proposed_at,
            expires_at=found.expires_at,
            decided_by=str(found.decided_by) if found.decided_by else None,
            decided_at=found.decided_at,
        )


class StepTaken(Answer):
    """One thing that happened to a proposal; `staff` null: time, or the operator."""

    event: str
    at: datetime
    staff: str | None


class AboutAnswer(Answer):
    """Whom it is about: enough to tell whether it is the driver of the case file, masked, and what holds now."""

    name: str
    identity_number: str
    classes: str
    status: str
    authority: str

    @classmethod
    def of(cls, found: LicenceRecord) -> AboutAnswer:
        """Of the register as it stands."""
        return cls(
            name=PersonName(found.name).masked,
            identity_number=IdentityNumber(IdentityKind(found.identity_kind), found.document_number).masked,
            classes=str(found.classes),
            status=str(found.status),
            authority=found.issuing_authority,
        )


class WholeProposalAnswer(ProposalAnswer):
    """With what is to be done, for a correction the fields before and after, and what happened so far; the driver it is about and
    who proposed it, so that nobody agrees blindly."""

    about: AboutAnswer | None
    proposed_by_number: str
    what: dict[str, Any] = Field(repr=False)
    events: list[StepTaken]


class ProposalsAnswer(Answer):
    """Newest first; `next` goes into `before` for the next page, null when there is none."""

    proposals: list[ProposalAnswer]
    next: str | None


class ProposeBody(Body):
    """`subject`: the driver it is about, none for keys, waves and staff. `what`: suspend {}; restore {letters};
    correct {record_version, fields}; rotate-key {role, province}; retire-key {kid}; open-wave {measure, wave, places,
    opens_on}; give-duty {staff, duty, region, from_day, until_day}; new-enrolment {staff}."""

    kind: Literal[
        "suspend", "restore", "correct", "rotate-key", "retire-key", "open-wave", "give-duty", "new-enrolment"
    ]
    subject: Code | None = None
    reason: Code
    case_number: Code
    what: dict[str, Any] = Field(default_factory=dict, repr=False)

    def draft(self) -> ProposalDraft:
        """As kernel values. Raises Invalid."""
        driver_id = DriverId.parse(self.subject) if self.subject is not None else None
        case = CaseNumber.parse(self.case_number)
        return ProposalDraft(Kind(self.kind), driver_id, self.reason, case, self.what)


class RetainBody(Body):
    """The verification the officer has just made, the driver it was of, why, and the case."""

    verification: Code
    subject: Code
    reason: Code
    case_number: Code

    def draft(self) -> ProposalDraft:
        """As kernel values. Raises Invalid."""
        case = CaseNumber.parse(self.case_number)
        return ProposalDraft(Kind.RETAIN, DriverId.parse(self.subject), self.reason, case, {})


class ProposalDecisionBody(Body):
    """Agree or not, to the proposal as it was read at `move`."""

    decision: Literal["agree", "refuse"]
    move: int


@router.post("/proposals", status_code=201)
async def propose(request: Request, who: OnDuty, body: ProposeBody) -> ProposalAnswer:
    """Propose what another person of the duty and region decides. Needs an Idempotency-Key and a fresh second factor."""
    wiring = wired(request)
    now, key, draft = wiring.clock.now(), idempotency_key(request), body.draft()
    tried = staff.proposing(draft)
    async with recorded(request, who, tried), wiring.database.transaction(staff.CONSTRAINTS) as tx:

        async def perform() -> ProposalAnswer:
            made = await staff.propose(
                tx, wiring.reference, wiring.key_index, who, draft, wiring.staff_policy, now
            )
            return ProposalAnswer.of(made)

        return await once(
            tx, key, owner=who.staff_id, act="proposal.make", body=body, answer=ProposalAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.post("/retentions", status_code=201)
async def retain(request: Request, who: OnDuty, body: RetainBody) -> ProposalAnswer:
    """Retain a licence on the spot (扣留): in force at once, lifted unless a second person confirms. Needs an Idempotency-Key."""
    wiring = wired(request)
    now, key, draft = wiring.clock.now(), idempotency_key(request), body.draft()
    verification, tried = VerificationId.parse(body.verification), staff.proposing(draft)
    async with recorded(request, who, tried), wiring.database.transaction(staff.CONSTRAINTS) as tx:

        async def perform() -> ProposalAnswer:
            return ProposalAnswer.of(
                await staff.retain(tx, who, verification, draft, wiring.staff_policy, now)
            )

        return await once(
            tx, key, owner=who.staff_id, act="licence.retain", body=body, answer=ProposalAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.get("/proposals")
async def list_proposals(
    request: Request,
    who: OnDuty,
    state: ProposalState = ProposalState.PROPOSED,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ProposalsAnswer:
    """Proposals within reach of the caller's duties, newest first. That the page was read is recorded."""
    wiring = wired(request)
    until = ProposalId.parse(before) if before is not None else _LATEST
    async with wiring.database.transaction() as tx:
        found, following = await staff.list_proposals(tx, who, state, until, limit, wiring.clock.now())
    return ProposalsAnswer(
        proposals=[ProposalAnswer.of(each) for each in found], next=str(following) if following else None
    )


@router.get("/proposals/{proposal_id}")
async def show_proposal(request: Request, who: OnDuty, proposal_id: str) -> WholeProposalAnswer:
    """One proposal with what it holds. That it was read is recorded."""
    wiring, asked = wired(request), ProposalId.parse(proposal_id)
    tried = Attempt("proposal-reading.refused", asked)
    async with recorded(request, who, tried), wiring.database.transaction() as tx:
        found = await staff.read_proposal(tx, who, asked, wiring.clock.now())
        events = await staff.events_of(tx, found)
        proposer = await staff.member(tx, found.proposed_by)
        record = await licence_record(tx, found.driver_id) if found.driver_id is not None else None
    steps = [StepTaken(event=event, at=at, staff=str(by) if by else None) for event, at, by in events]
    return WholeProposalAnswer(
        **ProposalAnswer.of(found).model_dump(),
        about=AboutAnswer.of(record) if record is not None else None,
        proposed_by_number=proposer.number.value,
        what=dict(found.what),
        events=steps,
    )


@router.post("/proposals/{proposal_id}/decisions", status_code=201)
async def decide(
    request: Request, who: OnDuty, proposal_id: str, body: ProposalDecisionBody
) -> ProposalAnswer:
    """Agree, and it is carried out in the same moment, or refuse. Somebody else's proposal only. Needs an Idempotency-Key."""
    wiring = wired(request)
    now, key = wiring.clock.now(), idempotency_key(request)
    opinion = SecondOpinion(ProposalId.parse(proposal_id), body.move, body.decision == "agree")
    tried = Attempt("decision.refused", opinion.proposal_id, detail={"decision": body.decision})
    async with recorded(request, who, tried), wiring.database.transaction(staff.CONSTRAINTS) as tx:

        async def perform() -> ProposalAnswer:
            return ProposalAnswer.of(
                await staff.decide(
                    tx, wiring.reference, wiring.key_index, who, opinion, wiring.staff_policy, now
                )
            )

        return await once(
            tx, key, owner=who.staff_id, act=f"proposal.decide {proposal_id}", body=body, answer=ProposalAnswer,
            now=now, perform=perform,
        )  # fmt: skip


@router.delete("/proposals/{proposal_id}")
async def take_back(request: Request, who: OnDuty, proposal_id: str) -> ProposalAnswer:
    """The proposer takes it back, as long as nobody has decided; a retention is lifted by it."""
    wiring, asked = wired(request), ProposalId.parse(proposal_id)
    tried = Attempt("taking-back.refused", asked)
    async with recorded(request, who, tried), wiring.database.transaction() as tx:
        found = await staff.take_back(tx, who, asked, wiring.staff_policy, wiring.clock.now())
    return ProposalAnswer.of(found)
