"""From what was verified or found to the facts an answer is decided on. Pure: no clock, no database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from liangzheng.kernel.classes import Classes, DrivingClass
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.status import DEFAULT_POLICY, Status, StatusLetter, StatusPolicy, display, may_drive
from liangzheng.kernel.time import civil_day
from liangzheng.showing.model import Facts, Holder, Knowledge, Standing
from liangzheng.showing.rules import reason_of
from liangzheng.standards.livecode import CredentialClaims, NotVerifiedStep, StandingFacts, Verified


def allows(classes: str, wanted: str, on: date) -> bool:
    """Whether a licence of `classes` lets its holder drive `wanted` on a day, by the class table as of that
    day.

    Classes this table does not know allow nothing.
    """
    try:
        return Classes.parse_outside(classes, on).allow(DrivingClass(wanted), on)
    except ValueError:
        return False


def allowing(on: date) -> Callable[[str, str], bool]:
    """`allows` as of a day, as standards/livecode.py asks it."""
    return lambda classes, wanted: allows(classes, wanted, on)


def of_failure(failure: NotVerifiedStep, *, trust_aged: bool = False) -> Facts:
    """A step that did not hold: nothing else is known."""
    return Facts(failed=reason_of(failure.step, failure.outcome), trust_aged=trust_aged)


def of_verified(
    verified: Verified, *, trust_aged: bool = False, policy: StatusPolicy = DEFAULT_POLICY
) -> Facts:
    """What the code alone says, offline."""
    knowledge, forbidden = Knowledge.NONE, False
    against: tuple[StatusLetter, ...] = ()
    if verified.snapshot_ran_out:
        knowledge = Knowledge.SNAPSHOT_EXPIRED
    elif verified.standing is not None:
        known = letters_against(verified.standing.status, policy)
        against, forbidden = known or (), not verified.standing.may_drive
        if known is not None:
            knowledge = Knowledge.SNAPSHOT_AGED if verified.amber else Knowledge.SNAPSHOT
    return Facts(
        knowledge=knowledge,
        against=against,
        forbidden=forbidden,
        class_held=verified.class_allowed,
        trust_aged=trust_aged,
    )


def letters_against(status: str, policy: StatusPolicy) -> tuple[StatusLetter, ...] | None:
    """Letters that forbid driving, most severe first; None for a status with a letter this register does
    not know."""
    try:
        return may_drive(Status.parse(status), policy)[1]
    except Invalid:
        return None


def standing_of(
    said: StandingFacts, extended_until: date | None, on: date, policy: StatusPolicy = DEFAULT_POLICY
) -> Standing | None:
    """The standing for a person to read. What it shows and whether it lets drive stay two results; both
    deny what they cannot read."""
    try:
        status = Status.parse(said.status)
    except Invalid:
        return None
    return Standing(
        status=status,
        display=display(status, extended_until, on, policy),
        may_drive=said.may_drive and may_drive(status, policy)[0],
        points=said.points,
        version=said.standing_version,
        as_of=datetime.fromtimestamp(said.as_of, UTC),
    )


def holder_of(claims: CredentialClaims, at: datetime) -> Holder:
    """Whom the code names, as the issuer signed it; the number is masked."""
    return Holder(
        name=claims.name,
        number=claims.masked_number,
        masked_number=claims.masked_number,
        sex=claims.sex,
        classes=classes_of(claims.classes, civil_day(at)),
        valid_from=claims.valid_from,
        valid_until=claims.valid_until,
        authority=claims.authority,
    )


def classes_of(text: str, on: date) -> Classes:
    """The classes written `text`; none where they cannot be read as of that day."""
    try:
        return Classes.parse_outside(text, on)
    except Invalid:
        return Classes(())
