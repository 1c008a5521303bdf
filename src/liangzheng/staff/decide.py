"""Deciding a proposal: two people, one transaction, and of two who decide at once the later one hears Conflict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.reference import Reference
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import ProposalId, StaffId
from liangzheng.kernel.time import civil_day
from liangzheng.staff import store_casework
from liangzheng.staff.acting import actor_of, permit, permit_still
from liangzheng.staff.carry_out import DEEDS, lift
from liangzheng.staff.lifecycle import ProposalEvent, ProposalState
from liangzheng.staff.link import demand_another
from liangzheng.staff.model import DUTIES, KINDS, USED_LATER, HeldDuty, Kind, Officer, Proposal, StaffPolicy
from liangzheng.staff.propose import record
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import Refusal, may_decide

_RUN_OUT_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What a second person says to a proposal they have read at `move`."""

    proposal_id: ProposalId
    move: int
    agrees: bool


async def decide(
    tx: Connection,
    reference: Reference,
    keys: KeyIndex,
    officer: Officer,
    opinion: SecondOpinion,
    policy: StaffPolicy,
    now: datetime,
) -> Proposal:
    """The proposal decided, and when agreed carried out, in this transaction. What is used later waits.

    Raises NotFound outside the region, Forbidden for the proposer's own, without the duty and about oneself, Conflict when it has
    moved on, ran out, or no longer fits the record.
    """
    # 1. The proposal, held: whoever decides it at the same moment waits, and finds it decided.
    found = await store_casework.proposal(tx, _provinces(officer), opinion.proposal_id, hold=True)
    if found is None:
        raise failure_of(Refusal.NOT_HERE)
    # 2. Who may: another member, the duty here, and another person.
    if not _reaches(officer, found, now):
        raise failure_of(Refusal.NOT_HERE)
    refusal = may_decide(found, officer.staff_id, now)
    if refusal is not None:
        raise failure_of(refusal)
    held = permit(officer, KINDS[found.kind].decides, policy, now, found.division)
    await permit_still(tx, officer, held, now)
    await demand_another(tx, keys, officer.staff_id, found.driver_id, policy, found.proposed_by)
    if found.move != opinion.move:
        raise Conflict("this proposal has moved on: read it again", place="move", rule="stale")
    # 3. Decided and done.
    if opinion.agrees:
        moved = await _agree(tx, reference, officer, held, found, now)
    else:
        moved = await store_casework.move_proposal(
            tx, found, ProposalEvent.TURNED_DOWN, officer.staff_id, now
        )
        if moved.kind is Kind.RETAIN:
            await lift(tx, moved, "not-confirmed", actor_of(officer, held), now)
    await record(tx, "proposal.decided", moved, officer, held, now)
    return moved


async def _agree(
    tx: Connection, reference: Reference, officer: Officer, held: HeldDuty, found: Proposal, now: datetime
) -> Proposal:
    agreed = await store_casework.move_proposal(tx, found, ProposalEvent.AGREED, officer.staff_id, now)
    if agreed.kind in USED_LATER:
        return agreed
    await DEEDS[agreed.kind].carry_out(tx, reference, agreed, actor_of(officer, held), now)
    return await store_casework.move_proposal(tx, agreed, ProposalEvent.CARRIED_OUT, officer.staff_id, now)


def _provinces(officer: Officer) -> list[str]:
    return sorted({province for held in officer.duties for province in held.region.provinces})


def _reaches(officer: Officer, proposal: Proposal, now: datetime) -> bool:
    """Whether one of the duties of today proposes or decides such a thing there."""
    acts = {KINDS[proposal.kind].proposes, KINDS[proposal.kind].decides}
    return any(
        acts & set(DUTIES[held.duty]) and held.region.covers(proposal.division)
        for held in officer.duties_on(civil_day(now))
    )


async def read_proposal(tx: Connection, officer: Officer, proposal_id: ProposalId, now: datetime) -> Proposal:
    """One proposal within reach; that it was read is recorded. Raises NotFound."""
    found = await store_casework.proposal(tx, _provinces(officer), proposal_id)
    if found is None or not _reaches(officer, found, now):
        raise failure_of(Refusal.NOT_HERE)
    await record(tx, "proposal.read", found, officer, _under(officer, found, now), now)
    return found


def _under(officer: Officer, proposal: Proposal, now: datetime) -> HeldDuty:
    acts = {KINDS[proposal.kind].proposes, KINDS[proposal.kind].decides}
    return next(
        held
        for held in officer.duties_on(civil_day(now))
        if acts & set(DUTIES[held.duty]) and held.region.covers(proposal.division)
    )


async def list_proposals(
    tx: Connection, officer: Officer, state: ProposalState, before: ProposalId, limit: int, now: datetime
) -> tuple[list[Proposal], ProposalId | None]:
    """Proposals within reach, newest first, and where the next page begins; None when there is none. That the page was read
    is recorded."""
    found = await store_casework.proposals(tx, _provinces(officer), state, before, limit)
    following = found[-1].proposal_id if len(found) == limit else None
    shown = [each for each in found if _reaches(officer, each, now)]
    detail: audit.Detail = {
        "duties": sorted({_under(officer, each, now).duty.value for each in shown}),
        "state": state.value,
        "count": len(shown),
        "newest": str(shown[0].proposal_id) if shown else None,
        "oldest": str(shown[-1].proposal_id) if shown else None,
    }
    await audit.record(
        tx, act="proposals.listed", actor=actor_of(officer), subject=officer.staff_id, purpose="casework", detail=detail,
        now=now,
    )  # fmt: skip
    return shown, following


async def events_of(tx: Connection, proposal: Proposal) -> list[tuple[str, datetime, StaffId | None]]:
    """What happened to it, oldest first: event, when, who (None: time, or the operator)."""
    return [
        (row["event"], row["at"], None if row["staff_id"] is None else StaffId(row["staff_id"]))
        for row in await store_casework.events(tx, proposal)
    ]


async def run_out(db: Database, now: datetime) -> int:
    """Proposals nobody decided in time are over, and retentions nobody confirmed are lifted; how many. Safe to repeat."""
    done = 0
    while True:
        async with db.transaction() as tx:
            due = await store_casework.run_out(tx, now, _RUN_OUT_AT_ONCE)
            for proposal in due:
                await _run_out(tx, proposal, now)
        done += len(due)
        if len(due) < _RUN_OUT_AT_ONCE:
            return done


async def _run_out(tx: Connection, proposal: Proposal, now: datetime) -> None:
    worker = Actor("worker")
    moved = await store_casework.move_proposal(tx, proposal, ProposalEvent.RAN_OUT, None, now)
    if moved.kind is Kind.RETAIN:
        await lift(tx, moved, "not-confirmed-in-time", worker, now)
    detail = {"kind": moved.kind.value, "duty": moved.duty.value, "case": str(moved.case)}
    await audit.record(
        tx, act="proposal.ran-out", actor=worker, subject=moved.proposal_id, driver_id=moved.driver_id,
        purpose=moved.reason, detail=detail, now=now,
    )  # fmt: skip
