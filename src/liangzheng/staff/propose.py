"""Proposing what needs a second person, retaining on the spot, and taking back what was proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from liangzheng import audit, drivers, showing
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection
from liangzheng.infra.reference import Reference
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.ids import DriverId, ProposalId, VerificationId
from liangzheng.kernel.status import StatusLetter
from liangzheng.kernel.time import civil_day
from liangzheng.staff import store_casework
from liangzheng.staff.acting import UNKNOWN, Attempt, actor_of, division_of, permit, permit_still
from liangzheng.staff.carry_out import DEEDS, lift, retain_now
from liangzheng.staff.lifecycle import PROPOSAL, ProposalEvent
from liangzheng.staff.link import demand_another
from liangzheng.staff.members import verifier_of
from liangzheng.staff.model import (
    KINDS,
    STAFF_KINDS,
    WITHOUT_DRIVER,
    Act,
    CaseNumber,
    HeldDuty,
    Kind,
    Officer,
    Proposal,
    StaffPolicy,
)
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import (
    ProposeFacts,
    Refusal,
    RetainFacts,
    may_propose,
    may_retain,
    may_take_back,
)
from liangzheng.staff.what import staff_in


@dataclass(frozen=True, slots=True)
class ProposalDraft:
    """What somebody wants proposed: the subject is a driver, or, for keys, none."""

    kind: Kind
    driver_id: DriverId | None
    reason: str
    case: CaseNumber
    what: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"ProposalDraft({self.kind})"


def proposing(draft: ProposalDraft) -> Attempt:
    """A proposal or retention as its refusal is recorded; a reason that is none of the catalogue is not repeated."""
    known = draft.reason in KINDS[draft.kind].reasons
    return Attempt(
        "retention.refused" if draft.kind is Kind.RETAIN else "proposal.refused", draft.driver_id, draft.driver_id,
        draft.reason if known else UNKNOWN, {"kind": draft.kind.value, "case": str(draft.case)},
    )  # fmt: skip


async def propose(
    tx: Connection,
    reference: Reference,
    keys: KeyIndex,
    officer: Officer,
    draft: ProposalDraft,
    policy: StaffPolicy,
    now: datetime,
) -> Proposal:
    """The proposal, waiting for a second person of the duty and region. Nothing else is changed yet.

    Raises NotFound for a driver of another region, Forbidden, Invalid, Conflict (the same waits already; the record moved on).
    """
    # 1. The subject's place, and whether this duty reaches it.
    if (draft.driver_id is None) != (draft.kind in WITHOUT_DRIVER):
        raise Invalid("subject", "the driver it is about; none for keys, waves and staff")
    division = await _division(tx, reference, draft)
    rules = KINDS[draft.kind]
    held = permit(officer, rules.proposes, policy, now, division)
    await permit_still(tx, officer, held, now)
    await demand_another(tx, keys, officer.staff_id, draft.driver_id, policy)
    # 2. Reason, case, and what is to be done.
    about_oneself = draft.kind in STAFF_KINDS and staff_in(draft.what) == officer.staff_id
    facts = ProposeFacts(draft.kind, draft.reason, draft.case, held, civil_day(now), about_oneself)
    _refuse(may_propose(facts))
    what = await DEEDS[draft.kind].prepare(tx, reference, draft.driver_id, draft.what, now)
    # 3. Kept, with its entry.
    lives = timedelta(seconds=policy.proposal_s)
    return await _keep(tx, officer, draft, what, division, held, now, now + lives)


async def _division(tx: Connection, reference: Reference, draft: ProposalDraft) -> str:
    if draft.driver_id is None:
        return await DEEDS[draft.kind].place(tx, draft.what)
    try:
        standing = await drivers.standing(tx, draft.driver_id)
    except NotFound:
        raise failure_of(Refusal.NOT_HERE) from None
    return division_of(reference.authorities, standing.authority)


async def retain(
    tx: Connection,
    officer: Officer,
    verification: VerificationId,
    draft: ProposalDraft,
    policy: StaffPolicy,
    now: datetime,
) -> Proposal:
    """扣留: the licence is retained as of now, before anybody decides; a second person confirms within a day, or it is lifted.

    The officer must have verified this very driver's code minutes ago: an identifier alone retains nothing. From anywhere the
    driver is; the case lies in the officer's region, and so do those who confirm. Raises Forbidden, Invalid, Conflict.
    """
    assert draft.kind is Kind.RETAIN and draft.driver_id is not None
    held = permit(officer, Act.RETAIN, policy, now, draft.case.division)
    await permit_still(tx, officer, held, now)
    _refuse(may_propose(ProposeFacts(draft.kind, draft.reason, draft.case, held, civil_day(now))))
    since = now - timedelta(seconds=policy.retain_within_s)
    verified = await showing.verified_by(
        tx, verifier_of(officer.staff_id), verification, draft.driver_id, since
    )
    _refuse(may_retain(RetainFacts(verified, already_retained=False)))
    standing, _ = await drivers.held_standing(tx, draft.driver_id)
    _refuse(may_retain(RetainFacts(verified, StatusLetter.RETAINED in standing.status)))
    until = now + timedelta(seconds=policy.retention_s)
    what = {"verification": str(verification)}
    kept = await _keep(tx, officer, draft, what, draft.case.division, held, now, until)
    await retain_now(tx, kept, actor_of(officer, held), now)
    return kept


async def take_back(
    tx: Connection, officer: Officer, proposal_id: ProposalId, policy: StaffPolicy, now: datetime
) -> Proposal:
    """The proposer has withdrawn it; a retention is lifted. Raises NotFound, Forbidden, Conflict once it was decided."""
    provinces = [province for held in officer.duties for province in held.region.provinces]
    found = await store_casework.proposal(tx, provinces, proposal_id, hold=True)
    if found is None or found.proposed_by != officer.staff_id:
        raise failure_of(Refusal.NOT_HERE)
    _refuse(may_take_back(found, officer.staff_id, now))
    held = permit(officer, KINDS[found.kind].proposes, policy, now, found.division)
    await permit_still(tx, officer, held, now)
    moved = await store_casework.move_proposal(tx, found, ProposalEvent.TAKEN_BACK, officer.staff_id, now)
    if moved.kind is Kind.RETAIN:
        await lift(tx, moved, "withdrawn", actor_of(officer, held), now)
    await record(tx, "proposal.taken-back", moved, officer, held, now)
    return moved


def _refuse(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise failure_of(refusal)


async def _keep(
    tx: Connection,
    officer: Officer,
    draft: ProposalDraft,
    what: Mapping[str, Any],
    division: str,
    held: HeldDuty,
    now: datetime,
    expires_at: datetime,
) -> Proposal:
    proposal = Proposal(
        proposal_id=ProposalId.new(),
        province=division[:2],
        division=division,
        kind=draft.kind,
        state=PROPOSAL.start,
        move=1,
        driver_id=draft.driver_id,
        duty=held.duty,
        reason=draft.reason,
        case=draft.case,
        what=what,
        proposed_by=officer.staff_id,
        proposed_at=now,
        expires_at=expires_at,
    )
    await store_casework.add_proposal(tx, proposal)
    await record(tx, "proposal.made", proposal, officer, held, now)
    return proposal


async def record(
    tx: Connection, act: str, proposal: Proposal, officer: Officer, held: HeldDuty, now: datetime
) -> None:
    """The audit entry of an act on a proposal: who, under which duty, which kind, for which case. No values of a correction."""
    detail = {
        "kind": proposal.kind.value,
        "duty": held.duty.value,
        "case": str(proposal.case),
        "state": proposal.state.value,
    }
    await audit.record(
        tx, act=act, actor=actor_of(officer), subject=proposal.proposal_id, driver_id=proposal.driver_id,
        purpose=proposal.reason, detail=detail, now=now,
    )  # fmt: skip
