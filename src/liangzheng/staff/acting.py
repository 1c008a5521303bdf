"""What every act of a member of staff asks first, and how the record names who acts."""

from __future__ import annotations

from datetime import datetime

from liangzheng.audit import Actor
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.time import civil_day
from liangzheng.staff import store
from liangzheng.staff.model import Act, HeldDuty, Officer, StaffPolicy
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import ActFacts, Refusal, may_act


def actor_of(officer: Officer) -> Actor:
    """The member of staff, for the audit record."""
    return Actor("staff", officer.staff_id)


def permit(
    officer: Officer, act: Act, policy: StaffPolicy, now: datetime, division: str | None = None
) -> HeldDuty:
    """The duty under which `act` is done. Raises Forbidden, or NotFound for what is outside the region."""
    facts = ActFacts(act, officer.duties, civil_day(now), now - officer.proved_at, division)
    allowed = may_act(facts, policy)
    if isinstance(allowed, Refusal):
        raise failure_of(allowed)
    return allowed


async def permit_still(tx: Connection, officer: Officer, held: HeldDuty, now: datetime) -> None:
    """Asked again inside the transaction that changes something. Raises Forbidden when the duty ended a moment ago."""
    if not await store.still_active(tx, officer.staff_id, civil_day(now), held.duty, held.region):
        raise failure_of(Refusal.DUTY_NOT_HELD)


def division_of(authorities: Authorities, authority: str) -> str:
    """Six digits of where an issuing authority is: its prefecture, or its province when it serves no prefecture."""
    return (authorities.prefecture_of(authority) or authorities.province_of(authority)).code
