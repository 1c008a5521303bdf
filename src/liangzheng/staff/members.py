"""Who is on the staff and with which duties: acts of the system administration, with whoever acts handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from liangzheng import audit, showing
from liangzheng.audit import Actor
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Invalid, NotFound
from liangzheng.kernel.ids import StaffId, VerifierId
from liangzheng.staff import store, store_passkeys
from liangzheng.staff.enrol import code_hash, new_code
from liangzheng.staff.lifecycle import STAFF, StaffEvent, StaffState
from liangzheng.staff.model import Duty, HeldDuty, Member, Region, StaffNumber, StaffPolicy, named
from liangzheng.staff.rules import may_hold


@dataclass(frozen=True, slots=True)
class Invited:
    """A member and the enrolment code, which is shown this once."""

    staff_id: StaffId
    code: str

    def __repr__(self) -> str:
        return f"Invited({self.staff_id})"


async def add_member(
    db: Database,
    number: str,
    name: str,
    unit: str,
    duties: tuple[HeldDuty, ...],
    policy: StaffPolicy,
    now: datetime,
    actor: Actor,
) -> Invited:
    """A new member with duties and an enrolment code. Raises Conflict for a number given before, Invalid."""
    added = Member(
        StaffId.new(), STAFF.start, 1, StaffNumber(number), named("name", name, 60), named("unit", unit, 100),
        (), enrolled=False,
    )  # fmt: skip
    async with db.transaction(store.CONSTRAINTS) as tx:
        await store.add_member(tx, added, now)
        await _record(tx, "staff.added", added.staff_id, {}, actor, now)
        for held in duties:
            await give_duty(tx, added.staff_id, held, now, actor)
        await showing.keep_officer(tx, verifier_of(added.staff_id), added.unit, active=True, now=now)
        return Invited(added.staff_id, await _invite(tx, added.staff_id, policy, now))


def verifier_of(staff_id: StaffId) -> VerifierId:
    """The verifier a member of staff is when they verify: the same octets, so that records of both are one person's."""
    return VerifierId(staff_id.uuid)


async def give_duty(tx: Connection, staff_id: StaffId, held: HeldDuty, now: datetime, actor: Actor) -> None:
    """The duty is held. Raises Conflict for a second administration or a duty held there, NotFound.

    Two administrators who give two administrations at once wait for each other, and a unique index stands behind the rule.
    """
    await store.hold_member(tx, staff_id)
    found = await _member(tx, staff_id)
    if found.state is StaffState.ENDED:
        raise Conflict("this member has left", place="staff")
    if not may_hold(held.duty, [each.duty for each in found.duties]):
        raise Conflict(store.CONSTRAINTS["staff_one_administration"], place="duty", rule="one-administration")
    if held.until_day is not None and held.until_day < held.from_day:
        raise Invalid("until_day", "not before from_day")
    await store.give_duty(tx, staff_id, UUID(bytes=StaffId.new().uuid.bytes), held, now)
    detail = {"given": held.duty.value, "region": str(held.region)}
    await _record(tx, "duty.given", staff_id, detail, actor, now)


async def take_duty(
    tx: Connection, staff_id: StaffId, duty: Duty, region: Region, now: datetime, actor: Actor
) -> None:
    """The duty is held there no more, from the next request on. Raises NotFound."""
    if not await store.take_duty(tx, staff_id, duty, region, now):
        raise NotFound("this duty is not held there")
    await _record(tx, "duty.taken", staff_id, {"taken": duty.value, "region": str(region)}, actor, now)


async def move_member(
    tx: Connection, staff_id: StaffId, event: StaffEvent, now: datetime, actor: Actor
) -> StaffState:
    """Stopped, resumed or gone. Whoever is not active is logged out, and their verifications stop with them.

    Raises Conflict where the lifecycle has no such arrow, NotFound.
    """
    found = await _member(tx, staff_id)
    state = STAFF.step(found.state, event)
    await store.move_member(tx, found, state, now)
    if state is not StaffState.ACTIVE:
        await store.end_sessions(tx, staff_id, now)
    active = state is StaffState.ACTIVE
    await showing.keep_officer(tx, verifier_of(staff_id), found.unit, active=active, now=now)
    await _record(tx, f"staff.{event.value}", staff_id, {}, actor, now)
    return state


async def reset_factor(
    tx: Connection, staff_id: StaffId, policy: StaffPolicy, now: datetime, actor: Actor
) -> str:
    """Password, second factor and logins are gone; the new enrolment code. Raises NotFound, Conflict for one who has left."""
    found = await _member(tx, staff_id)
    if found.state is StaffState.ENDED:
        raise Conflict("this member has left", place="staff")
    await store.hold_member(tx, staff_id)
    await store.forget_totp(tx, staff_id)
    await store_passkeys.remove_all(tx, staff_id)
    await store.forget_password(tx, staff_id)
    await store.end_sessions(tx, staff_id, now)
    await _record(tx, "staff.reset", staff_id, {}, actor, now)
    return await _invite(tx, staff_id, policy, now)


async def member_with_number(tx: Connection, number: str) -> Member:
    """Raises NotFound."""
    staff_id = await store.staff_with_number(tx, StaffNumber(number).value)
    if staff_id is None:
        raise NotFound("nobody has this staff number", place="number")
    return await _member(tx, staff_id)


async def member(tx: Connection, staff_id: StaffId) -> Member:
    """Raises NotFound."""
    return await _member(tx, staff_id)


async def members(tx: Connection) -> list[Member]:
    """Everybody, by number."""
    return await store.members(tx)


async def _member(tx: Connection, staff_id: StaffId) -> Member:
    found = await store.member(tx, staff_id)
    if found is None:
        raise NotFound("no such member of staff")
    return found


async def _invite(tx: Connection, staff_id: StaffId, policy: StaffPolicy, now: datetime) -> str:
    code = new_code()
    await store.put_enrolment(tx, staff_id, code_hash(code), now, now + timedelta(seconds=policy.enrolment_s))
    return code


async def _record(
    tx: Connection, act: str, subject: StaffId, detail: dict[str, str], actor: Actor, now: datetime
) -> None:
    await audit.record(
        tx, act=act, actor=actor, subject=subject, purpose="administration", detail=detail, now=now
    )
