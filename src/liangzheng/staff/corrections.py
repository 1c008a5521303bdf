"""Requests of people to have their data put right, for who corrects the register: the queue of the region, and the answer.

An answer changes nothing in the register: what is to be changed there two people propose and decide (`Kind.CORRECT`), and the
answer says what became of it. A request of somebody who is no driver of the register is the whole country's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from liangzheng import accounts, audit, drivers
from liangzheng.accounts import CorrectionRequest, CorrectionState, Level
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import CorrectionRequestId, DriverId, PersonId
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.time import civil_day
from liangzheng.staff.acting import actor_of, division_of, permit, permit_still
from liangzheng.staff.link import demand_link, is_person
from liangzheng.staff.model import NATIONWIDE_DIVISION, Act, Officer, StaffPolicy
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import Refusal

PURPOSE = "correction-requests"


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A request with the driver its person is; None for somebody whose face nobody has seen yet, or who is no driver."""

    request: CorrectionRequest
    driver_id: DriverId | None


@dataclass(frozen=True, slots=True)
class CorrectionReply:
    """What is said to a request. `granted`: it was put right."""

    person_id: PersonId
    request_id: CorrectionRequestId
    granted: bool
    answer: str = field(repr=False)


async def correction_requests(
    tx: Connection,
    authorities: Authorities,
    officer: Officer,
    after: CorrectionRequestId | None,
    limit: int,
    policy: StaffPolicy,
    now: datetime,
) -> tuple[list[WaitingRequest], CorrectionRequestId | None]:
    """Open requests of the caller's region, oldest first, and where the next page begins; None when there is none. That the
    page was read is recorded. Raises Forbidden."""
    duty = permit(officer, Act.CORRECT, policy, now, fresh=False).duty
    mine = [held.region for held in officer.duties_on(civil_day(now)) if Act.CORRECT in held.duty.acts]
    found = await accounts.open_corrections(tx, limit, after)
    people = await _people(tx, authorities, [request.person_id for request in found])
    shown = []
    for request in found:
        driver_id, division = people[request.person_id]
        if any(region.covers(division) for region in mine):
            shown.append(WaitingRequest(request, driver_id))
    detail: audit.Detail = {
        "duty": duty.value,
        "count": len(shown),
        "oldest": str(shown[0].request.request_id) if shown else None,
        "newest": str(shown[-1].request.request_id) if shown else None,
    }
    await audit.record(
        tx, act="correction-requests.listed", actor=actor_of(officer), subject=officer.staff_id, purpose=PURPOSE,
        detail=detail, now=now,
    )  # fmt: skip
    return shown, found[-1].request_id if len(found) == limit else None


async def answer_request(
    tx: Connection,
    authorities: Authorities,
    keys: KeyIndex,
    officer: Officer,
    reply: CorrectionReply,
    policy: StaffPolicy,
    now: datetime,
) -> CorrectionState:
    """Answered, and its person is told that there is an answer. Raises NotFound outside the region, Forbidden without the duty
    and for one's own, Invalid, Conflict when it was answered or taken back."""
    permit(officer, Act.CORRECT, policy, now)
    people = await _people(tx, authorities, [reply.person_id])
    if reply.person_id not in people:
        raise failure_of(Refusal.NOT_HERE)
    _, division = people[reply.person_id]
    held = permit(officer, Act.CORRECT, policy, now, division)
    await permit_still(tx, officer, held, now)
    await demand_link(tx, officer.staff_id, policy)
    account = await accounts.account(tx, reply.person_id)
    if await is_person(tx, keys, officer.staff_id, account.person.identity):
        raise failure_of(Refusal.ABOUT_ONESELF)
    return await accounts.answer_correction(
        tx,
        reply.person_id,
        reply.request_id,
        reply.granted,
        reply.answer,
        actor_of(officer),
        now,
        duty=held.duty.value,
    )


async def _people(
    tx: Connection, authorities: Authorities, people: Sequence[PersonId]
) -> Mapping[PersonId, tuple[DriverId | None, str]]:
    """The driver each of them is, and the division whose region answers them; people who do not exist are left out."""
    known = await accounts.assurances(tx, people)
    issued_by = await drivers.authorities_of(
        tx, [each.driver_id for each in known.values() if each.driver_id]
    )
    placed: dict[PersonId, tuple[DriverId | None, str]] = {}
    for person_id, each in known.items():
        authority = issued_by.get(each.driver_id) if each.driver_id else None
        division = NATIONWIDE_DIVISION if authority is None else division_of(authorities, authority)
        proven = each.level >= Level.FACE_VERIFIED  # a name and a number open no record
        placed[person_id] = (each.driver_id if proven else None, division)
    return placed
