"""Looking a driver up by number: a purpose, a case, a budget; the holder sees it; never a portrait.

A look-up takes no idempotency key: the same again is another look, counted and recorded as one.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Request
from pydantic import Field, StringConstraints

from liangzheng import staff
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.staff.callers import OnDuty
from liangzheng.api.wired import wired
from liangzheng.drivers import Driver
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.people import FileNumber, IdentityKind, IdentityNumber

router = resource("/staff/look-ups", "staff")


class LookUpBody(Body):
    """One number, identity or file, and why. `identity_kind` as in the register; A, the resident identity card, when absent."""

    identity_number: Annotated[str, StringConstraints(max_length=32)] | None = Field(None, repr=False)
    identity_kind: Annotated[str, StringConstraints(max_length=1)] = "A"
    file_number: Annotated[str, StringConstraints(max_length=32)] | None = Field(None, repr=False)
    purpose: Annotated[str, StringConstraints(max_length=40)]
    case_number: Annotated[str, StringConstraints(max_length=40)] | None = None

    def number(self) -> IdentityNumber | FileNumber:
        """As a kernel value. Raises Invalid."""
        if (self.identity_number is None) == (self.file_number is None):
            raise Invalid("identity_number", "either identity_number or file_number")
        if self.file_number is not None:
            return FileNumber(self.file_number)
        assert self.identity_number is not None
        try:
            kind = IdentityKind(self.identity_kind)
        except ValueError:
            raise Invalid("identity_kind", "one of A C D E F G M") from None
        return IdentityNumber.typed(kind, self.identity_number)


class RecordAnswer(Answer):
    """The register's record, without the portrait and without anything that leads to it."""

    driver: str
    record_version: int
    name: str
    identity_kind: str
    identity_number: str
    sex: str
    birth_date: date
    nationality: str
    file_number: str
    first_issue_date: date
    classes: str
    valid_from: date
    valid_until: date | None
    status: str
    status_zh: str
    points: int
    issuing_authority: str
    resident_address: str

    @classmethod
    def of(cls, found: Driver) -> RecordAnswer:
        """Field by field: what is not named here does not leave."""
        standing = found.standing
        return cls(
            driver=str(found.driver_id),
            record_version=found.record_version,
            name=found.name.value,
            identity_kind=found.identity.kind.value,
            identity_number=found.identity.value,
            sex=found.sex.value,
            birth_date=found.birth_date,
            nationality=found.nationality,
            file_number=found.file_number.value,
            first_issue_date=standing.first_issue_date,
            classes=str(standing.classes),
            valid_from=standing.valid_from,
            valid_until=standing.valid_until,
            status=str(standing.status),
            status_zh=standing.status.shown_as,
            points=standing.points,
            issuing_authority=standing.authority,
            resident_address=found.resident_address,
        )


class LookUpAnswer(Answer):
    """What was seen, and the look-up the holder will read of."""

    look_up: str
    record: RecordAnswer


class BudgetAnswer(Answer):
    """Look-ups of today under one duty: used up, and of how many."""

    duty: str
    used: int
    of: int


class BudgetsAnswer(Answer):
    """One for each duty of the caller that looks drivers up."""

    budgets: list[BudgetAnswer]


@router.get("/budgets")
async def show_budgets(request: Request, who: OnDuty) -> BudgetsAnswer:
    """What is left of the caller's own look-ups today."""
    wiring = wired(request)
    async with wiring.database.read() as tx:
        found = await staff.budgets(tx, who, wiring.staff_policy, wiring.clock.now())
    return BudgetsAnswer(
        budgets=[BudgetAnswer(duty=each.duty.value, used=each.used, of=each.of) for each in found]
    )


@router.post("", status_code=201)
async def look_up(request: Request, who: OnDuty, body: LookUpBody) -> LookUpAnswer:
    """The record of the driver with this number, within the caller's region and budget; recorded, also when refused."""
    wiring = wired(request)
    asked = staff.AskByNumber(body.number(), body.purpose, body.case_number)
    seen = await staff.look_up(
        wiring.database,
        wiring.key_index,
        wiring.reference.authorities,
        who,
        asked,
        wiring.staff_policy,
        wiring.clock.now(),
    )
    return LookUpAnswer(look_up=str(seen.look_up_id), record=RecordAnswer.of(seen.driver))
