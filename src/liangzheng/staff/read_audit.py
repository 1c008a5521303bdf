"""One act: an auditor reads the audit record, about somebody or by somebody, for a purpose and a case; that is recorded too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from liangzheng import audit, drivers
from liangzheng.audit import Entry
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.ids import AuditId, DriverId, Id, StaffId
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.time import civil_day
from liangzheng.staff.acting import UNKNOWN, Attempt, actor_of, division_of, permit, permit_still
from liangzheng.staff.model import AUDIT_PURPOSES, NATIONWIDE_DIVISION, Act, CaseNumber, Officer, StaffPolicy
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import AuditFacts, Refusal, may_read_audit

MOST: Final = 200


@dataclass(frozen=True, slots=True)
class AskAudit:
    """What is asked for: entries about `subject` (a driver; or a person, a member of staff or another thing that is no
    driver's), by `staff`, or both, from `since` and before `until`; and what for."""

    subject: Id | None
    staff: StaffId | None
    since: datetime
    until: datetime
    purpose: str
    case: CaseNumber


def reading(asked: AskAudit) -> Attempt:
    """The reading as its refusal is recorded."""
    purpose = asked.purpose if asked.purpose in AUDIT_PURPOSES else UNKNOWN
    driver_id = asked.subject if isinstance(asked.subject, DriverId) else None
    return Attempt(
        "audit.refused", asked.subject or asked.staff, driver_id, purpose, {"case": str(asked.case)}
    )


async def read_audit(
    tx: Connection,
    authorities: Authorities,
    officer: Officer,
    asked: AskAudit,
    policy: StaffPolicy,
    before: AuditId,
    limit: int,
    now: datetime,
) -> tuple[list[Entry], AuditId | None]:
    """Entries newest first, and where the next page begins; None when there is none. Each page is a reading, recorded.

    A driver of the region's, by any audit administration of it; everything else by a nationwide one, since a member of staff, a
    person or a key belongs to no region. Raises Forbidden, Invalid, NotFound.
    """
    if asked.subject is None and asked.staff is None:
        raise Invalid("subject", "a subject, a member of staff, or both: nobody reads everything")
    # 1. Who may: the duty where the subject is, the purpose, the case.
    driver_id = asked.subject if isinstance(asked.subject, DriverId) else None
    held = permit(officer, Act.READ_AUDIT, policy, now, await _division(tx, authorities, driver_id))
    await permit_still(tx, officer, held, now)
    refusal = may_read_audit(AuditFacts(asked.purpose, asked.case, held, civil_day(now)))
    if refusal is not None:
        raise failure_of(refusal)
    # 2. Read, and written down that it was.
    scope = asked.subject.uuid if asked.subject is not None else None
    by = asked.staff.uuid if asked.staff is not None else None
    entries = await audit.found(tx, scope, by, asked.since, asked.until, before, min(limit, MOST))
    detail = {
        "duty": held.duty.value,
        "case": str(asked.case),
        "staff": str(asked.staff) if asked.staff is not None else None,
        "since": asked.since.isoformat(),
        "until": asked.until.isoformat(),
        "entries": len(entries),
    }
    await audit.record(
        tx, act="audit.read", actor=actor_of(officer), subject=asked.subject or asked.staff, driver_id=driver_id,
        purpose=asked.purpose, detail=detail, now=now,
    )  # fmt: skip
    return entries, entries[-1].id if len(entries) == min(limit, MOST) else None


async def _division(tx: Connection, authorities: Authorities, driver_id: DriverId | None) -> str:
    if driver_id is None:
        return NATIONWIDE_DIVISION
    try:
        return division_of(authorities, (await drivers.standing(tx, driver_id)).authority)
    except NotFound:
        raise failure_of(Refusal.NOT_HERE) from None
