"""A new enrolment code opens somebody's account to who holds it: two people agree to it, and one of them hands it over, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from liangzheng import audit
from liangzheng.infra.postgres import Connection
from liangzheng.infra.reference import Reference
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import DriverId, ProposalId, StaffId
from liangzheng.staff import members, store_casework
from liangzheng.staff.acting import actor_of, permit, permit_still
from liangzheng.staff.lifecycle import ProposalEvent, ProposalState, StaffState
from liangzheng.staff.model import Act, Kind, Officer, StaffPolicy
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import Refusal
from liangzheng.staff.what import What, common_division, exactly, staff_in


async def place(tx: Connection, what: What) -> str:
    """The smallest region with all duties of the member; the whole country for one who has none."""
    exactly(what, "staff")
    found = await members.member(tx, staff_in(what))
    return common_division([held.region.prefix for held in found.duties])


async def prepare(
    tx: Connection, reference: Reference, driver_id: DriverId | None, what: What, now: datetime
) -> dict[str, Any]:
    """Raises NotFound, Conflict for one who has left."""
    if (await members.member(tx, staff_in(what))).state is StaffState.ENDED:
        raise Conflict("this member has left", rule="has-left")
    return dict(what)


async def hand_over(
    tx: Connection, officer: Officer, approval: ProposalId, policy: StaffPolicy, now: datetime
) -> tuple[StaffId, str]:
    """Whose it is and the code, this once: password, second factor and logins of the member are gone, and the approval is used up.

    By one of the two who agreed, and who reaches every duty the member has by now: a code opens those given since as well.
    Raises NotFound, Forbidden, Conflict for one that is not approved, over, or used.
    """
    provinces = sorted({province for held in officer.duties for province in held.region.provinces})
    found = await store_casework.proposal(tx, provinces, approval, hold=True)
    if found is None or found.kind is not Kind.NEW_ENROLMENT:
        raise failure_of(Refusal.NOT_HERE)
    held = permit(officer, Act.MANAGE_STAFF, policy, now, await place(tx, found.what))
    await permit_still(tx, officer, held, now)
    if officer.staff_id not in (found.proposed_by, found.decided_by):
        raise failure_of(Refusal.NOT_OWN_PROPOSAL)
    if found.state is not ProposalState.APPROVED or now >= found.expires_at:
        raise Conflict("this is not approved, or not any more", place="approval", rule="not-approved")
    await store_casework.move_proposal(tx, found, ProposalEvent.CARRIED_OUT, officer.staff_id, now)
    assert found.about is not None
    code = await members.reset_factor(tx, found.about, policy, now, actor_of(officer, held))
    await audit.record(
        tx, act="approval.used", actor=actor_of(officer), subject=found.proposal_id, purpose=found.reason,
        detail={"kind": found.kind.value, "case": str(found.case), "duty": held.duty.value}, now=now,
    )  # fmt: skip
    return found.about, code
