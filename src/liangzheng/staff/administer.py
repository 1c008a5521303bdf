"""What one person of the system administration does alone: take on, stop, let go, take a duty away. What gives power takes two."""

from __future__ import annotations

from datetime import datetime

from liangzheng import audit
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import StaffId
from liangzheng.kernel.time import civil_day
from liangzheng.staff import members, store
from liangzheng.staff.acting import actor_of, permit, permit_still
from liangzheng.staff.lifecycle import StaffEvent, StaffState
from liangzheng.staff.members import Invited
from liangzheng.staff.model import Act, Duty, HeldDuty, Member, Officer, Region, StaffPolicy
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import Refusal
from liangzheng.staff.what import common_division


async def take_on(
    db: Database, officer: Officer, number: str, name: str, unit: str, policy: StaffPolicy, now: datetime
) -> Invited:
    """A new member without any duty, and the code they enrol with. Raises Forbidden, Invalid, Conflict for a number in use."""
    held = permit(officer, Act.MANAGE_STAFF, policy, now)
    return await members.add_member(db, number, name, unit, (), policy, now, actor_of(officer, held))


async def move(
    tx: Connection, officer: Officer, staff_id: StaffId, event: StaffEvent, policy: StaffPolicy, now: datetime
) -> StaffState:
    """Stopped, resumed or gone; whoever is not active is logged out. Raises NotFound, Forbidden, Conflict."""
    held = await _reach(tx, officer, staff_id, policy, now)
    return await members.move_member(tx, staff_id, event, now, actor_of(officer, held))


async def end_duty(
    tx: Connection,
    officer: Officer,
    staff_id: StaffId,
    duty: Duty,
    region: Region,
    policy: StaffPolicy,
    now: datetime,
) -> Member:
    """The duty is held there no more, from the next request on. Raises NotFound, Forbidden."""
    held = await _reach(tx, officer, staff_id, policy, now)
    await members.take_duty(tx, staff_id, duty, region, now, actor_of(officer, held))
    return await members.member(tx, staff_id)


async def within_reach(
    tx: Connection, officer: Officer, after: str, policy: StaffPolicy, limit: int, now: datetime
) -> tuple[list[Member], str | None]:
    """Members whose duties all lie in the caller's region, or who have none, by number; and the number the next page begins
    after. That the page was read is recorded. Raises Forbidden."""
    duty = permit(officer, Act.MANAGE_STAFF, policy, now, fresh=False).duty
    mine = [held.region for held in officer.duties_on(civil_day(now)) if Act.MANAGE_STAFF in held.duty.acts]
    found = await store.members_after(tx, after, limit)
    reached = [
        member
        for member in found
        if any(all(region.covers(held.region.prefix) for held in member.duties) for region in mine)
    ]
    detail: audit.Detail = {"duty": duty.value, "count": len(reached), "after": after or None}
    await audit.record(
        tx, act="staff.listed", actor=actor_of(officer), subject=officer.staff_id, purpose="administration", detail=detail,
        now=now,
    )  # fmt: skip
    return reached, found[-1].number.value if len(found) == limit else None


async def _reach(
    tx: Connection, officer: Officer, staff_id: StaffId, policy: StaffPolicy, now: datetime
) -> HeldDuty:
    """The duty under which the member is the caller's to administer. Raises NotFound for who has a duty elsewhere, Forbidden for
    the caller themselves."""
    found = await store.member(tx, staff_id)
    if found is None:
        raise failure_of(Refusal.NOT_HERE)
    division = common_division([held.region.prefix for held in found.duties]) if found.duties else None
    held = permit(officer, Act.MANAGE_STAFF, policy, now, division)
    await permit_still(tx, officer, held, now)
    if staff_id == officer.staff_id:
        raise failure_of(Refusal.ABOUT_ONESELF)
    return held
