"""What every act of a member of staff asks first, and how the record names who acts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Failure, Unavailable
from liangzheng.kernel.ids import DriverId, Id
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.time import civil_day
from liangzheng.staff import store
from liangzheng.staff.model import Act, HeldDuty, Officer, StaffPolicy
from liangzheng.staff.refusals import failure_of, reason_of
from liangzheng.staff.rules import ActFacts, Refusal, may_act

UNKNOWN = "unknown"
"""The purpose of a refused act that named none of the catalogue."""


def actor_of(officer: Officer, held: HeldDuty | None = None) -> Actor:
    """The member of staff, for the audit record; `held`: the duty under which they act, None for what needs none."""
    return Actor("staff", officer.staff_id, None if held is None else held.duty.value)


def permit(
    officer: Officer,
    act: Act,
    policy: StaffPolicy,
    now: datetime,
    division: str | None = None,
    *,
    fresh: bool = True,
) -> HeldDuty:
    """The duty under which `act` is done; `fresh` False: for only reading, whenever the second factor was proved.

    Raises Forbidden, or NotFound for what is outside the region.
    """
    proved_ago = now - officer.proved_at if fresh else timedelta(0)
    facts = ActFacts(act, officer.duties, civil_day(now), proved_ago, division)
    allowed = may_act(facts, policy)
    if isinstance(allowed, Refusal):
        raise failure_of(allowed)
    return allowed


async def permit_still(tx: Connection, officer: Officer, held: HeldDuty, now: datetime) -> None:
    """Asked again inside the transaction that changes something. Raises Forbidden when the duty ended a moment ago."""
    if not await store.still_active(tx, officer.staff_id, civil_day(now), held.duty, held.region):
        raise failure_of(Refusal.DUTY_NOT_HELD)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody sets about to do, as its refusal is recorded. `act` is the act of that entry, 'thing.refused'; the purpose
    and the detail are codes of a catalogue, never what somebody typed.
    """

    act: str
    subject: Id | None = None
    driver_id: DriverId | None = None
    purpose: str = UNKNOWN
    detail: audit.Detail = field(default_factory=dict)


@asynccontextmanager
async def refusals_recorded(
    db: Database, officer: Officer, attempt: Attempt, now: datetime
) -> AsyncIterator[None]:
    """Put round the transaction of an act: what is refused inside is undone, and that it was tried and refused stays."""
    try:
        yield
    except Unavailable:
        raise
    except Failure as failure:
        duties = sorted({held.duty.value for held in officer.duties_on(civil_day(now))})
        detail = {**attempt.detail, "reason": reason_of(failure), "duties": duties}
        async with db.transaction() as tx:
            await audit.record(
                tx, act=attempt.act, actor=actor_of(officer), subject=attempt.subject or officer.staff_id,
                driver_id=attempt.driver_id, purpose=attempt.purpose, detail=detail, now=now,
            )  # fmt: skip
        raise


def division_of(authorities: Authorities, authority: str) -> str:
    """Six digits of where an issuing authority is: its prefecture, or its province when it serves no prefecture."""
    return (authorities.prefecture_of(authority) or authorities.province_of(authority)).code
