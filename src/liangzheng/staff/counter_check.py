"""One act: at a counter, somebody compares a person with their identity document and decides the face check that waits.

The officer reads the number off the document in their hand: a wrong one, and a check there is none of, are answered alike, so
that nothing is learnt of anybody who is not there. Recorded with duty and case, also when refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from liangzheng import accounts, audit, showing
from liangzheng.accounts import Decision, FaceCheck
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import DriverId, FaceCheckId, PersonId, VerificationId
from liangzheng.kernel.people import IdentityNumber
from liangzheng.kernel.time import civil_day
from liangzheng.staff import store_casework
from liangzheng.staff.acting import (
    Attempt,
    actor_of,
    permit,
    permit_still,
    refusals_recorded,
)
from liangzheng.staff.link import demand_link, is_person
from liangzheng.staff.members import verifier_of
from liangzheng.staff.model import Act, CaseKind, CaseNumber, Officer, StaffPolicy
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import Refusal

PURPOSE = "identity-at-counter"


@dataclass(frozen=True, slots=True)
class AtCounter:
    """Who stands there, by the check they show and the document they hand over, and what the officer says."""

    person_id: PersonId
    face_check_id: FaceCheckId
    document: IdentityNumber = field(repr=False)
    decision: Decision
    case: CaseNumber


async def decide_at_counter(
    db: Database,
    officer: Officer,
    asked: AtCounter,
    keys: KeyIndex,
    staff_policy: StaffPolicy,
    account_policy: accounts.AccountPolicy,
    now: datetime,
) -> FaceCheck:
    """The check has passed or failed. Raises Forbidden without the duty and for one's own document, Invalid for the case,
    TooMany over the day's budget, NotFound for another document and for no such check alike, Conflict when it is not in
    review. In the officer's own record: who was asked about is only known when the document fits."""
    attempt = Attempt("face-check.refused", purpose=PURPOSE, detail={"case": str(asked.case)})
    async with refusals_recorded(db, officer, attempt, now):
        held = permit(officer, Act.IDENTIFY, staff_policy, now, asked.case.division)
        if asked.case.kind is not CaseKind.BUSINESS:
            raise failure_of(Refusal.CASE_OF_OTHER_KIND)
        if asked.case.day > civil_day(now):
            raise failure_of(Refusal.CASE_IN_FUTURE)
        # Counted with the look-ups of the duty, also when refused: guessing costs as much as deciding.
        async with db.transaction() as tx:
            budget = staff_policy.budgets.get(held.duty, 0)
            counted = await store_casework.count_look_up(
                tx, officer.staff_id, civil_day(now), held.duty, budget
            )
        if not counted:
            raise failure_of(Refusal.OVER_BUDGET)
        async with db.transaction() as tx:
            await permit_still(tx, officer, held, now)
            await demand_link(tx, officer.staff_id, staff_policy)
            if await is_person(tx, keys, officer.staff_id, asked.document):
                raise failure_of(Refusal.ABOUT_ONESELF)
            return await accounts.decide_face_check(
                tx, asked.person_id, asked.face_check_id, asked.document, asked.decision,
                actor_of(officer, held), account_policy, now, case=str(asked.case),
            )  # fmt: skip


async def checks_at_counter(
    tx: Connection,
    officer: Officer,
    verification: VerificationId,
    driver_id: DriverId,
    staff_policy: StaffPolicy,
    account_policy: accounts.AccountPolicy,
    now: datetime,
) -> list[FaceCheck]:
    """The checks that wait of a driver whose live code the officer has just verified: their own code opens the case. That they
    were read is recorded. Raises Forbidden without the duty, and for who is not there."""
    held = permit(officer, Act.IDENTIFY, staff_policy, now)
    await permit_still(tx, officer, held, now)
    since = now - timedelta(seconds=staff_policy.retain_within_s)
    if not await showing.verified_by(tx, verifier_of(officer.staff_id), verification, driver_id, since):
        raise failure_of(Refusal.NOT_VERIFIED_BY_YOU)
    found = await accounts.checks_in_review(tx, driver_id, account_policy, now)
    await audit.record(
        tx, act="face-check.waiting-listed", actor=actor_of(officer), subject=driver_id, driver_id=driver_id,
        purpose=PURPOSE, detail={"duty": held.duty.value, "checks": len(found)}, now=now,
    )  # fmt: skip
    return found
