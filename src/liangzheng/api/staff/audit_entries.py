"""Auditors reading the audit record: about somebody or by somebody, in a time, for a purpose and a case; itself recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from pydantic import AwareDatetime

from liangzheng import staff
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.staff.callers import OnDuty, recorded
from liangzheng.api.wired import wired
from liangzheng.audit import Entry
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import AuditId, CompanyId, Id, PersonId, SourceId, StaffId, VerifierId
from liangzheng.staff import AskAudit, CaseNumber

router = resource("/staff/audit-entries", "staff")

_KINDS: Final = {kind.prefix: kind for kind in Id.__subclasses__()}
_ACTORS: Final[dict[str, type[Id]]] = {
    "person": PersonId,
    "verifier": VerifierId,
    "company": CompanyId,
    "staff": StaffId,
    "source": SourceId,
}
_LATEST: Final = AuditId(UUID(int=2**128 - 1))
_FIRST, _LAST = datetime(2000, 1, 2, tzinfo=UTC), datetime(2099, 12, 30, tzinfo=UTC)
_A_MONTH: Final = timedelta(days=31)

Code = Annotated[str, Query(max_length=40)]


class EntryAnswer(Answer):
    """One entry: who did what, about what, for which purpose. Ids and codes only; who they are is another look."""

    entry: str
    at: datetime
    act: str
    actor_kind: str
    actor: str | None
    subject: str | None
    purpose: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, found: Entry) -> EntryAnswer:
        """The entry with its ids as they are written everywhere."""
        actor, subject = _ACTORS.get(found.actor_kind), _KINDS.get(found.subject_kind or "")
        return cls(
            entry=str(found.id),
            at=found.at,
            act=found.act,
            actor_kind=found.actor_kind,
            actor=str(actor(found.actor)) if actor and found.actor else None,
            subject=str(subject(found.subject)) if subject and found.subject else None,
            purpose=found.purpose,
            detail=dict(found.detail),
        )


class EntriesAnswer(Answer):
    """Newest first; `next` goes into `before` for the next page, null when there is none."""

    entries: list[EntryAnswer]
    next: str | None


@router.get("")
async def read_entries(
    request: Request,
    who: OnDuty,
    purpose: Code,
    case_number: Code,
    subject: Code | None = None,
    by: Code | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    before: Code | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> EntriesAnswer:
    """Entries about `subject` (a driver's id; another's where it is no driver's) or `by` a member of staff; the last month where
    nothing else is said. Every page is a reading of its own, in the record."""
    wiring = wired(request)
    now = wiring.clock.now()
    asked = AskAudit(
        subject=_id(subject) if subject is not None else None,
        staff=StaffId.parse(by) if by is not None else None,
        since=_instant("since", since or now - _A_MONTH),
        until=_instant("until", until or now + timedelta(seconds=1)),
        purpose=purpose,
        case=CaseNumber.parse(case_number),
    )
    last = AuditId.parse(before) if before is not None else _LATEST
    tried = staff.reading(asked)
    async with recorded(request, who, tried), wiring.database.transaction() as tx:
        found, following = await staff.read_audit(
            tx, wiring.reference.authorities, who, asked, wiring.staff_policy, last, limit, now
        )
    return EntriesAnswer(
        entries=[EntryAnswer.of(each) for each in found], next=str(following) if following else None
    )


def _id(text: str) -> Id:
    kind = _KINDS.get(text.partition("_")[0])
    if kind is None:
        raise Invalid("subject", "an id, drv_ and so on")
    return kind.parse(text)


def _instant(place: str, at: datetime) -> datetime:
    if not _FIRST.replace(tzinfo=None) <= at.replace(tzinfo=None) <= _LAST.replace(tzinfo=None):
        raise Invalid(place, "a time from 2000 to 2099")
    return at.astimezone(UTC)
