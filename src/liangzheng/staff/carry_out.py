"""What each kind of proposal is: how it is made whole when it is proposed, and what carrying it out does. One table."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from liangzheng import drivers
from liangzheng.audit import Actor
from liangzheng.drivers import StandingChange
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.infra.reference import Reference
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.region import PROVINCES
from liangzheng.kernel.status import Status, StatusLetter
from liangzheng.staff import cities, duties, enrolments
from liangzheng.staff.model import NATIONWIDE_DIVISION, RESTORABLE, Kind, Proposal
from liangzheng.staff.what import What, exactly

RETAINED: Final = "licence.retained"
RETENTION_ENDED: Final = "retention.ended"
SUSPENDED: Final = "licence.suspended"
RESTORED: Final = "licence.restored"


async def _nationwide(tx: Connection, what: What) -> str:
    return NATIONWIDE_DIVISION


@dataclass(frozen=True, slots=True)
class Deed:
    """One kind. `prepare`: the request's codes, checked and completed; about a driver the record is held meanwhile.
    `place`: the division whose region proposes and decides, where it is not a driver's."""

    prepare: Callable[[Connection, Reference, DriverId | None, What, datetime], Awaitable[dict[str, Any]]]
    carry_out: Callable[[Connection, Reference, Proposal, Actor, datetime], Awaitable[None]]
    place: Callable[[Connection, What], Awaitable[str]] = _nationwide


def _of(proposal: Proposal) -> DriverId:
    assert proposal.driver_id is not None, "a proposal about a licence names its driver"
    return proposal.driver_id


def _tables(reference: Reference) -> Any:
    from liangzheng.drivers.columns import CodeTables

    return CodeTables(reference.divisions, reference.authorities)


async def change_letters(
    tx: Connection,
    driver_id: DriverId,
    add: str,
    remove: str,
    source: str,
    actor: Actor,
    now: datetime,
    told_by: str,
) -> bool:
    """Whether the status became different: `add` put to it and `remove` taken from it, the record held meanwhile.
    `told_by`: the topic under which the caller tells the driver."""
    standing, _ = await drivers.held_standing(tx, driver_id)
    status: Status = standing.status
    for letter in remove:
        status = status.without(StatusLetter(letter))
    for letter in add:
        status = status.with_letter(StatusLetter(letter))
    if status == standing.status:
        return False
    await drivers.change_standing(
        tx, driver_id, StandingChange(status=status), source, now, actor, told_by=told_by
    )
    return True


def _source(proposal: Proposal) -> str:
    return f"{proposal.kind.value}: {proposal.reason}, case {proposal.case}, {proposal.proposal_id}"


async def tell(tx: Connection, topic: str, proposal: Proposal, now: datetime, **more: str) -> None:
    """The event for the holder's messages; codes only."""
    body = {"proposal_id": str(proposal.proposal_id), "reason": proposal.reason} | more
    await outbox.put(tx, topic, _of(proposal), body, now)


async def _put(
    tx: Connection, proposal: Proposal, letter: StatusLetter, actor: Actor, now: datetime, told_by: str
) -> bool:
    """Whether the letter was not there before; then it is in the status now, and known to be there by this act."""
    driver_id = _of(proposal)
    if not await change_letters(tx, driver_id, letter, "", _source(proposal), actor, now, told_by):
        return False
    await drivers.put_letter(tx, driver_id, letter, proposal.proposal_id.uuid, now)
    return True


# --- suspend and restore ----------------------------------------------------------------------------


async def _prepare_suspend(
    tx: Connection, reference: Reference, driver_id: DriverId | None, what: What, now: datetime
) -> dict[str, Any]:
    assert driver_id is not None
    exactly(what)
    standing, _ = await drivers.held_standing(tx, driver_id)
    if StatusLetter.SUSPENDED in standing.status:
        raise Conflict("the licence is suspended already", rule="already-suspended")
    return {}


async def _suspend(
    tx: Connection, reference: Reference, proposal: Proposal, actor: Actor, now: datetime
) -> None:
    if not await _put(tx, proposal, StatusLetter.SUSPENDED, actor, now, SUSPENDED):
        raise Conflict("the licence is suspended already", rule="already-suspended")
    await tell(tx, SUSPENDED, proposal, now)


async def _prepare_restore(
    tx: Connection, reference: Reference, driver_id: DriverId | None, what: What, now: datetime
) -> dict[str, Any]:
    assert driver_id is not None
    exactly(what, "letters")
    letters = what["letters"]
    if (
        not isinstance(letters, str)
        or not letters
        or not set(letters) <= RESTORABLE
        or len(set(letters)) != len(letters)
    ):
        raise Invalid("what", f"letters of {' '.join(sorted(RESTORABLE))}, each once")
    standing, _ = await drivers.held_standing(tx, driver_id)
    if any(letter not in standing.status for letter in letters):
        raise Conflict("the status has no such letter", rule="not-in-status")
    return {"letters": "".join(sorted(letters))}


async def _restore(
    tx: Connection, reference: Reference, proposal: Proposal, actor: Actor, now: datetime
) -> None:
    letters = proposal.what["letters"]
    standing, _ = await drivers.held_standing(tx, _of(proposal))
    if any(letter not in standing.status for letter in letters):
        raise Conflict("the status has no such letter any more", rule="not-in-status")
    await change_letters(tx, _of(proposal), "", letters, _source(proposal), actor, now, RESTORED)
    await tell(tx, RESTORED, proposal, now, letters=letters)


# --- correct ----------------------------------------------------------------------------------------


async def _prepare_correct(
    tx: Connection, reference: Reference, driver_id: DriverId | None, what: What, now: datetime
) -> dict[str, Any]:
    assert driver_id is not None
    exactly(what, "record_version", "fields")
    version, fields = what["record_version"], what["fields"]
    texts = isinstance(fields, dict) and all(isinstance(text, str) for text in fields.values())
    if type(version) is not int or not texts:
        raise Invalid("what", "record_version a whole number, fields texts as in a register file")
    changed = await drivers.correction(tx, _tables(reference), driver_id, version, fields)
    before = {column: _told(value) for column, value in changed.before.items()}
    after = {column: _told(value) for column, value in changed.after.items()}
    return {"record_version": version, "fields": dict(fields), "before": before, "after": after}


def _told(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | bool) else str(value)


async def _correct(
    tx: Connection, reference: Reference, proposal: Proposal, actor: Actor, now: datetime
) -> None:
    what = proposal.what
    await drivers.correct_record(
        tx,
        _tables(reference),
        _of(proposal),
        what["record_version"],
        what["fields"],
        _source(proposal),
        now,
        actor,
    )


# --- retain -----------------------------------------------------------------------------------------


async def _prepare_retain(
    tx: Connection, reference: Reference, driver_id: DriverId | None, what: What, now: datetime
) -> dict[str, Any]:
    raise Invalid("kind", "retaining has a route of its own: it needs a code just verified")


async def retain_now(tx: Connection, proposal: Proposal, actor: Actor, now: datetime) -> None:
    """The letter is put before anybody decides: the next verification refuses."""
    await _put(tx, proposal, StatusLetter.RETAINED, actor, now, RETAINED)
    await tell(tx, RETAINED, proposal, now)


async def _confirm(
    tx: Connection, reference: Reference, proposal: Proposal, actor: Actor, now: datetime
) -> None:
    standing, _ = await drivers.held_standing(tx, _of(proposal))
    if StatusLetter.RETAINED not in standing.status:
        raise Conflict("the licence is not retained any more", rule="not-in-status")
    await tell(tx, RETENTION_ENDED, proposal, now, how="confirmed")


async def lift(tx: Connection, proposal: Proposal, how: str, actor: Actor, now: datetime) -> None:
    """A retention that was not confirmed has no effect any more. A letter that the register has said meanwhile, or that
    another retention put, is not this one's and stays."""
    driver_id, letter = _of(proposal), StatusLetter.RETAINED
    await drivers.held_standing(tx, driver_id)
    if await drivers.let_go_of_letter(tx, driver_id, letter, proposal.proposal_id.uuid):
        source = f"{_source(proposal)}, {how}"
        await change_letters(tx, driver_id, "", letter, source, actor, now, RETENTION_ENDED)
    await tell(tx, RETENTION_ENDED, proposal, now, how=how)


# --- keys -------------------------------------------------------------------------------------------

_KID = re.compile(r"[0-9a-f]{8,64}", re.ASCII)


async def _prepare_rotate(
    tx: Connection, reference: Reference, driver_id: DriverId | None, what: What, now: datetime
) -> dict[str, Any]:
    exactly(what, "role", "province")
    role, province = what["role"], what["province"]
    named = isinstance(province, str) and province[:3] == "CN-" and province[3:] in PROVINCES
    if not ((role == "document" and named) or (role in ("status", "audit") and province is None)):
        raise Invalid(
            "what", "role document with a province CN-32, or role status or audit with province null"
        )
    return {"role": role, "province": province}


async def _prepare_retire(
    tx: Connection, reference: Reference, driver_id: DriverId | None, what: What, now: datetime
) -> dict[str, Any]:
    exactly(what, "kid")
    if not isinstance(what["kid"], str) or not _KID.fullmatch(what["kid"]):
        raise Invalid("what", "kid as `./lz keys list` shows it")
    return {"kid": what["kid"]}


async def _used_later(
    tx: Connection, reference: Reference, proposal: Proposal, actor: Actor, now: datetime
) -> None:
    raise AssertionError("whoever uses the approval up carries it out (approvals.py)")


DEEDS: Final[Mapping[Kind, Deed]] = {
    Kind.SUSPEND: Deed(_prepare_suspend, _suspend),
    Kind.RESTORE: Deed(_prepare_restore, _restore),
    Kind.CORRECT: Deed(_prepare_correct, _correct),
    Kind.RETAIN: Deed(_prepare_retain, _confirm),
    Kind.ROTATE_KEY: Deed(_prepare_rotate, _used_later),
    Kind.RETIRE_KEY: Deed(_prepare_retire, _used_later),
    Kind.OPEN_WAVE: Deed(cities.prepare, cities.carry_out, cities.place),
    Kind.GIVE_DUTY: Deed(duties.prepare, duties.carry_out, duties.place),
    Kind.NEW_ENROLMENT: Deed(enrolments.prepare, _used_later, enrolments.place),
}
