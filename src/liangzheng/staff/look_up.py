"""One act: look a driver up by number. Purpose, case and budget first; always recorded; never with a portrait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from liangzheng import audit, drivers
from liangzheng.infra import epochs, outbox
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import DriverId, LookUpId
from liangzheng.kernel.pages import Place
from liangzheng.kernel.people import FileNumber, IdentityNumber
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.time import civil_day
from liangzheng.staff import store_casework
from liangzheng.staff.acting import actor_of, division_of
from liangzheng.staff.model import (
    DUTIES,
    Act,
    CaseNumber,
    Duty,
    HeldDuty,
    LookUp,
    Officer,
    StaffPolicy,
)
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import AskFacts, Refusal, may_look_up, may_see, purpose_of

LOOKED_UP: Final = "driver.looked-up"
KEPT_FOR: Final = timedelta(days=400)
"""As long as verifications: a little over a year (Cybersecurity Law art. 21 asks for six months)."""


@dataclass(frozen=True, slots=True, repr=False)
class AskByNumber:
    """What is asked. The texts of purpose and case are as they came: a wrong one is refused, and the refusal recorded."""

    number: IdentityNumber | FileNumber
    purpose: str
    case_number: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """The record, and the look-up it was seen by. No portrait goes with it, nor does it lead to one."""

    look_up_id: LookUpId
    driver: drivers.Driver


async def look_up(
    db: Database,
    keys: KeyIndex,
    authorities: Authorities,
    officer: Officer,
    asked: AskByNumber,
    policy: StaffPolicy,
    now: datetime,
) -> Seen:
    """The record of the driver with this number. The same again is another look-up: counted, recorded, seen by the holder.

    Raises Forbidden without the duty, Invalid for purpose and case, TooMany over the day's budget, NotFound, in the same words,
    for nobody and for a driver of another region; refusals are recorded too. Unavailable while the register is that of a
    backup: that look is not counted.
    """
    async with db.transaction() as tx:
        await epochs.demand_certain(tx)
        done = await _look(tx, keys, authorities, officer, asked, policy, now)
    if isinstance(done, Refusal):
        raise failure_of(done)
    return done


async def _look(
    tx: Connection,
    keys: KeyIndex,
    authorities: Authorities,
    officer: Officer,
    asked: AskByNumber,
    policy: StaffPolicy,
    now: datetime,
) -> Seen | Refusal:
    on, purpose, case = civil_day(now), purpose_of(asked.purpose), _case(asked.case_number)
    # 1. Duty, purpose, case: what needs nothing but the question.
    held = may_look_up(AskFacts(officer.duties, purpose, case, on))
    if isinstance(held, Refusal):
        await _record_refusal(tx, officer, asked, held, None, None, now)
        return held
    assert purpose is not None and case is not None, "may_look_up asks for both"
    # 2. The budget, counted also for a number nobody has: guessing costs as much as looking.
    budget = policy.budgets.get(held.duty, 0)
    if not await store_casework.count_look_up(tx, officer.staff_id, on, held.duty, budget):
        await _record_refusal(tx, officer, asked, Refusal.OVER_BUDGET, held, None, now)
        return Refusal.OVER_BUDGET
    # 3. The driver, if within reach. Whose driver it is first, and nothing more: to read a whole record takes so much longer
    # than to find none that the refusal would tell which it was.
    driver_id, authority = await _whose(tx, keys, asked.number)
    if authority is None or not may_see(held, case, division_of(authorities, authority)):
        await _record_refusal(
            tx, officer, asked, Refusal.NOT_HERE, held, driver_id if authority else None, now
        )
        return Refusal.NOT_HERE
    # 4. Looked: in the holder's list, in the audit record, told as an event.
    driver = await drivers.find(tx, driver_id)
    look = LookUp(LookUpId.new(), now, officer.unit, held.duty, purpose.code)
    await store_casework.add_look_up(tx, driver.driver_id, look, officer.staff_id, case)
    detail = {"duty": held.duty.value, "case": str(case)}
    await audit.record(
        tx, act="driver.looked-up", actor=actor_of(officer), subject=look.look_up_id,
        driver_id=driver.driver_id, purpose=purpose.code, detail=detail, now=now,
    )  # fmt: skip
    told = {"look_up_id": str(look.look_up_id), "purpose": purpose.code}
    await outbox.put(tx, LOOKED_UP, driver.driver_id, told, now)
    return Seen(look.look_up_id, driver)


@dataclass(frozen=True, slots=True)
class Budget:
    """Look-ups of a day under one duty: how many were used, and of how many."""

    duty: Duty
    used: int
    of: int


async def budgets(tx: Connection, officer: Officer, policy: StaffPolicy, now: datetime) -> list[Budget]:
    """The officer's own budgets of today, of each duty held that looks drivers up."""
    on = civil_day(now)
    used = await store_casework.look_ups_used(tx, officer.staff_id, on)
    able = {held.duty for held in officer.duties_on(on) if Act.LOOK_UP in DUTIES[held.duty]}
    return [Budget(duty, used.get(duty, 0), policy.budgets.get(duty, 0)) for duty in sorted(able, key=str)]


def _case(text: str | None) -> CaseNumber | None:
    try:
        return None if text is None else CaseNumber.parse(text)
    except Invalid:
        return None


async def _whose(
    tx: Connection, keys: KeyIndex, number: IdentityNumber | FileNumber
) -> tuple[DriverId, str | None]:
    """The driver with this number and who issued their licence; a made-up one and None when there is nobody."""
    if isinstance(number, FileNumber):
        found = await drivers.by_file_number(tx, keys, number)
    else:
        found = await drivers.by_identity(tx, keys, number)
    # Also when there is nobody: as much work as when there is.
    driver_id = found or DriverId.new()
    return driver_id, (await drivers.authorities_of(tx, [driver_id])).get(driver_id)


async def _record_refusal(
    tx: Connection,
    officer: Officer,
    asked: AskByNumber,
    refusal: Refusal,
    held: HeldDuty | None,
    driver_id: DriverId | None,
    now: datetime,
) -> None:
    """Purpose and case are recorded only when they are what they should be: the rest is what somebody typed."""
    case, purpose = _case(asked.case_number), purpose_of(asked.purpose)
    detail = {
        "reason": refusal.value,
        "duty": held.duty.value if held else None,
        "case": str(case) if case else None,
    }
    await audit.record(
        tx, act="look-up.refused", actor=actor_of(officer), subject=driver_id or officer.staff_id,
        driver_id=driver_id, purpose=purpose.code if purpose else "unknown", detail=detail, now=now,
    )  # fmt: skip


async def look_ups_at(db: Database, driver_id: DriverId, before: Place, limit: int = 50) -> list[LookUp]:
    """Who looked this driver up by number, newest first: units and purposes, no names. `before` pages on."""
    async with db.read() as tx:
        return await store_casework.look_ups_at(tx, driver_id, before, min(limit, 200))
