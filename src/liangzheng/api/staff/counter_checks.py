"""Deciding a face check at a counter, with the person and their identity document there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import Field, StringConstraints

from liangzheng import accounts, staff
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.staff.callers import OnDuty, recorded
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import DriverId, FaceCheckId, PersonId, VerificationId
from liangzheng.kernel.people import IdentityKind, IdentityNumber
from liangzheng.staff import CaseNumber

router = resource("/staff/counter-checks", "staff")

CounterIdText = Annotated[str, StringConstraints(max_length=40)]


class CounterDecisionBody(Body):
    """Person and check as the person's phone shows them, the number of the document in the officer's hand, and whether the
    face before them is the document's."""

    person: CounterIdText
    face_check: CounterIdText
    identity_kind: Annotated[str, StringConstraints(max_length=1)] = "A"
    identity_number: Annotated[str, StringConstraints(max_length=32)] = Field(repr=False)
    decision: Literal["approve", "reject"]
    case_number: CounterIdText

    def asked(self) -> staff.AtCounter:
        """As kernel values. Raises Invalid."""
        try:
            kind = IdentityKind(self.identity_kind)
        except ValueError:
            raise Invalid("identity_kind", "one of A C D E F G M") from None
        return staff.AtCounter(
            PersonId.parse(self.person), FaceCheckId.parse(self.face_check),
            IdentityNumber.typed(kind, self.identity_number), accounts.Decision(self.decision), CaseNumber.parse(self.case_number),
        )  # fmt: skip


class CounterDecisionAnswer(Answer):
    """Where the check stands now."""

    face_check: str
    purpose: str
    state: str


class WaitingCheckAnswer(Answer):
    """A check that waits, with what its decision names."""

    person: str
    face_check: str
    purpose: str
    begun_at: datetime


class WaitingChecksAnswer(Answer):
    """Newest first."""

    checks: list[WaitingCheckAnswer]


@router.get("")
async def list_counter_checks(
    request: Request,
    who: OnDuty,
    verification: Annotated[str, Query(max_length=40)],
    subject: Annotated[str, Query(max_length=40)],
) -> WaitingChecksAnswer:
    """The checks that wait of the driver whose live code the caller has just verified; recorded."""
    wiring = wired(request)
    shown, driver_id = VerificationId.parse(verification), DriverId.parse(subject)
    tried = staff.Attempt("face-check.refused", shown, driver_id)
    async with recorded(request, who, tried), wiring.database.transaction() as tx:
        found = await staff.checks_at_counter(
            tx, who, shown, driver_id, wiring.staff_policy, wiring.account_policy, wiring.clock.now()
        )
    return WaitingChecksAnswer(
        checks=[
            WaitingCheckAnswer(
                person=str(check.person_id), face_check=str(check.face_check_id), purpose=check.purpose.value,
                begun_at=check.begun_at,
            )
            for check in found
        ]
    )  # fmt: skip


@router.post("/decisions")
async def decide_counter_check(
    request: Request, who: OnDuty, body: CounterDecisionBody
) -> CounterDecisionAnswer:
    """Decide a check that waits; a decided one answers 409. Another document and no such check are answered alike. Counted
    with the look-ups of the day."""
    wiring = wired(request)
    check = await staff.decide_at_counter(
        wiring.database, who, body.asked(), wiring.key_index, wiring.staff_policy, wiring.account_policy,
        wiring.clock.now(),
    )  # fmt: skip
    return CounterDecisionAnswer(
        face_check=str(check.face_check_id), purpose=check.purpose.value, state=check.state.value
    )
