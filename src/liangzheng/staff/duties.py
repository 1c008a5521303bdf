"""A duty is given by two people of the system administration: one alone could make the second pair of every four eyes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from liangzheng.audit import Actor
from liangzheng.infra.postgres import Connection
from liangzheng.infra.reference import Reference
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.ids import DriverId
from liangzheng.staff import members, store
from liangzheng.staff.lifecycle import StaffState
from liangzheng.staff.model import Duty, HeldDuty, Proposal, Region
from liangzheng.staff.rules import may_hold
from liangzheng.staff.what import What, common_division, day_in, exactly, staff_in, text_in


def held_of(what: What) -> HeldDuty:
    """The duty proposed: `staff`, `duty`, `region`, `from_day`, `until_day` (or null). Raises Invalid."""
    exactly(what, "staff", "duty", "region", "from_day", "until_day")
    if what["duty"] not in set(Duty):
        raise Invalid("what", "duty is one of " + ", ".join(Duty))
    until = None if what["until_day"] is None else day_in(what, "until_day")
    first = day_in(what, "from_day")
    if until is not None and until < first:
        raise Invalid("what", "until_day is not before from_day")
    return HeldDuty(Duty(what["duty"]), Region.parse(text_in(what, "region")), first, until)


async def place(tx: Connection, what: What) -> str:
    """Where the duty would hold: who gives it has the administration there."""
    return common_division([held_of(what).region.prefix])


async def prepare(
    tx: Connection, reference: Reference, driver_id: DriverId | None, what: What, now: datetime
) -> dict[str, Any]:
    """Raises NotFound, Conflict for one who has left, a duty held there and a second administration."""
    held, staff_id = held_of(what), staff_in(what)
    found = await members.member(tx, staff_id)
    if found.state is StaffState.ENDED:
        raise Conflict("this member has left", rule="has-left")
    if any((each.duty, each.region) == (held.duty, held.region) for each in found.duties):
        raise Conflict(store.CONSTRAINTS["staff_duty_once"], rule="held-already")
    if not may_hold(held.duty, [each.duty for each in found.duties]):
        raise Conflict(store.CONSTRAINTS["staff_one_administration"], rule="one-administration")
    return {**what, "region": str(held.region)}


async def carry_out(
    tx: Connection, reference: Reference, proposal: Proposal, actor: Actor, now: datetime
) -> None:
    """The duty is held. Raises Conflict when the member or their duties have changed meanwhile."""
    await members.give_duty(tx, staff_in(proposal.what), held_of(proposal.what), now, actor)
