"""What the fields of a record owe one another, what a change of standing may be, and the record line. Pure."""

from __future__ import annotations

from bisect import bisect_right
from calendar import isleap
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from liangzheng.drivers.model import KEEP, ClassHistory, Driver, Standing, StandingChange, ValidityTerm
from liangzheng.kernel.classes import Classes, DrivingClass, age_row, exists, turning_days
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.people import (
    CitizenNumber,
    IdentityKind,
    card_core_check_character,
    citizen_number_fault,
    identity_number_fault,
)
from liangzheng.kernel.region import RESIDENCE_PERMIT_DIVISIONS, Divisions
from liangzheng.kernel.status import Status, StatusLetter
from liangzheng.kernel.time import full_years

_CITIZEN_KINDS = ("A", "M")
_EXTENDED_LETTERS = frozenset("NPT")


class Broken(NamedTuple):
    """A rule that does not hold: at which column, the rule's short stable name, and a sentence without the
    value."""

    column: str
    rule: str
    why: str


class Spells(NamedTuple):
    """A class history with what the rules ask of it: classes still held, the first day, and the first day of
    each class."""

    text: str
    held: str
    first: date | None
    start_of: tuple[tuple[DrivingClass, date], ...]
    backwards: bool

    @classmethod
    def parse(cls, text: str) -> Spells:
        """Raises Invalid, see ClassHistory."""
        history = ClassHistory.parse(text)
        start_of = tuple((spell.cls, spell.since) for spell in history.spells)
        return cls(
            str(history),
            str(history.held),
            min((since for _, since in start_of), default=None),
            start_of,
            any(spell.until is not None and spell.until <= spell.since for spell in history.spells),
        )


class Letters(NamedTuple):
    """The letters of a status with what the doubts ask of them: whether A stood beside them in the file.

    A says nothing that the others do not overrule, and is left out.
    """

    text: str
    beside_normal: bool

    @classmethod
    def parse(cls, text: str) -> Letters:
        """Raises Invalid, see Status."""
        normal = StatusLetter.NORMAL.value
        beside = len(text) > 1 and text.count(normal) == 1
        return cls(str(Status.parse(text.replace(normal, "") if beside else text)), beside)


class BornBy:
    """The last birth date of who could gain a class, by the day it was gained; all as ISO text.

    Exact also for births on 29 February, who complete a year on 1 March.
    """

    def __init__(self, cls: DrivingClass) -> None:
        turns = {date.min, *turning_days(cls)}
        self._days = sorted(str(day).encode() for day in turns)
        self._ages = [youngest(cls, day) if exists(cls, day) else None for day in sorted(turns)]

    def on(self, since: bytes) -> bytes:
        """Empty when there was no such class. `since` is a day of the calendar, of a year of four digits."""
        age = self._ages[bisect_right(self._days, since) - 1]
        if age is None:
            return b""
        year = int(since[:4]) - age
        if since[4:] == b"-02-29" and not isleap(year):
            return b"%04d-02-28" % year
        return b"%04d" % year + since[4:]


def youngest(cls: DrivingClass, on: date) -> int:
    """The age at which a class could be gained on a day, the student's where there is one; 0 where no rule is known for certain."""
    found = age_row(cls, on)
    return (
        found.limits.student_youngest or found.limits.youngest
        if found is not None and found.is_certain
        else 0
    )


class Facts(NamedTuple):
    """The fields of one row that are looked at together; each has passed its own check. Names are those of
    the table."""

    identity_kind: str
    document_number: str
    sex: int
    birth_date: date
    first_issue_date: date
    classes: str
    class_history: Spells
    valid_from: date
    valid_until: date | None
    validity_term: str
    status: Letters
    extended_until: date | None
    probation: bool
    probation_until: date | None
    school_bus_classes: str
    card_core_number: str | None


def identity_fault(kind: str, number: str) -> str | None:
    """The rule a document number breaks for its kind of document, or None. Expects numbers after
    `whole_number`."""
    if kind in _CITIZEN_KINDS:
        return citizen_number_fault(number)
    return identity_number_fault(IdentityKind(kind), number)


def whole_numbers(kinds: Sequence[bytes], numbers: Sequence[bytes]) -> list[bytes]:
    """`whole_number` of a column, in UTF-8."""
    return [
        number if len(number) != 15 else whole_number(kind.decode(), number.decode()).encode()
        for kind, number in zip(kinds, numbers, strict=True)
    ]


def whole_number(kind: str, number: str) -> str:
    """The number as the register keeps it: old 15-digit citizen numbers become their 18-character form."""
    if len(number) == 15 and kind in _CITIZEN_KINDS:
        try:
            return CitizenNumber.from_15(number).value
        except Invalid:
            return number
    return number


@lru_cache(maxsize=1 << 15)
def _digits(day: date) -> str:
    return f"{day:%Y%m%d}"


def _identity_fault(facts: Facts) -> Broken | None:
    fault = identity_fault(facts.identity_kind, facts.document_number)
    if fault:
        return Broken("document_number", "identity-number", fault)
    if facts.identity_kind in _CITIZEN_KINDS and facts.document_number[6:14] != _digits(facts.birth_date):
        return Broken("birth_date", "identity-number", "the birth date inside the citizen number")
    return None


def _history_faults(facts: Facts) -> list[Broken]:
    """Source: the classes of Order 162 art. 11; ages to apply of art. 14; C6 exists from 2022-04-01 (art.
    111)."""
    spells = facts.class_history
    broken = []
    if spells.held != facts.classes:
        broken.append(
            Broken(
                "class_history", "classes-agree", "spells still open are the classes of driving_privileges"
            )
        )
    if spells.backwards:
        broken.append(Broken("class_history", "class-dates", "no class ends before it was gained"))
    if spells.first is None:
        return broken
    if spells.first < facts.first_issue_date:
        broken.append(
            Broken("class_history", "class-dates", "no class was gained before the first issue date")
        )
    for cls, since in spells.start_of:
        least = youngest(cls, since)
        if not exists(cls, since):
            broken.append(
                Broken("class_history", "class-exists", f"class {cls.value} existed on the day it was gained")
            )
        elif full_years(facts.birth_date, since) < least:
            broken.append(
                Broken("class_history", "class-age", f"class {cls.value} is gained at {least} or older")
            )
    return broken


def broken_rules(facts: Facts) -> list[Broken]:
    """Every rule between fields that does not hold; empty for a good row.

    Source: docs/reference.md §1.1 (Order 162 art. 12, 13), §1.2, §2.5 (validity terms, RTSR art. 26), §2.6
    (extensions, Order 162 art. 75).
    """
    identity = _identity_fault(facts)
    broken = [] if identity is None else [identity]
    if facts.first_issue_date <= facts.birth_date:
        broken.append(Broken("first_issue_date", "date-order", "after the birth date"))
    if facts.valid_from < facts.first_issue_date:
        broken.append(Broken("valid_from", "date-order", "on or after the first issue date"))
    if facts.valid_until is not None and facts.valid_until <= facts.valid_from:
        broken.append(Broken("valid_until", "date-order", "after valid_from"))
    if (facts.validity_term == "L") != (facts.valid_until is None):
        broken.append(Broken("valid_until", "validity-term", "empty exactly when validity_term is L"))
    if facts.extended_until is not None and not _is_extended(facts.status.text):
        broken.append(Broken("extended_until", "extension", "only with status N, P or T"))
    if facts.probation_until is not None and facts.probation_until <= facts.first_issue_date:
        broken.append(Broken("probation_until", "date-order", "after the first issue date"))
    if facts.school_bus_classes and not set(_members(facts.school_bus_classes)) <= set(
        _members(facts.classes)
    ):
        broken.append(Broken("school_bus_classes", "school-bus", "classes of driving_privileges"))
    broken.extend(_history_faults(facts))
    return broken


@lru_cache(maxsize=4096)
def _members(classes: str) -> tuple[DrivingClass, ...]:
    return Classes.parse_outside(classes, date.max).members


def _is_extended(status: str) -> bool:
    return not _EXTENDED_LETTERS.isdisjoint(status)


def doubts(facts: Facts, divisions: Divisions) -> list[str]:
    """Names of what looks odd and is imported all the same: outside data is not refused for rules we cannot
    be sure of.

    `card-core-check`: published samples break the rule. `number-sex`: the sequence's parity is from
    knowledge. `number-division`: some codes given long ago are in no list. `extension-day`: N, P, T without
    their last day. `status-normal`: A beside other letters; that it stands alone is from knowledge.
    """
    found = []
    core = facts.card_core_number
    if core is not None and card_core_check_character(core[:2] + core[3:]) != core[2]:
        found.append("card-core-check")
    if facts.identity_kind in _CITIZEN_KINDS:
        number = facts.document_number
        if (number[16] in "13579") != (facts.sex == 1):
            found.append("number-sex")
        if not divisions.known(number[:6]) and number[:6] not in RESIDENCE_PERMIT_DIVISIONS:
            found.append("number-division")
    if facts.extended_until is None and _is_extended(facts.status.text):
        found.append("extension-day")
    if facts.status.beside_normal:
        found.append("status-normal")
    return found


def decide_change(standing: Standing, change: StandingChange, on: date) -> Standing:
    """The standing after `change`, made on a day, with the version it had. Raises Invalid where it would make
    no sense.

    Classes gained begin on `on` and classes lost end on it; nothing follows by itself (12 points do not set
    status B: the register is told so by the office that decides it).
    """
    classes = standing.classes if change.classes is KEEP else change.classes
    after = replace(
        standing,
        status=standing.status if change.status is KEEP else change.status,
        points=standing.points if change.points is KEEP else change.points,
        classes=classes,
        class_history=standing.class_history.become(classes, on),
        valid_from=standing.valid_from if change.valid_from is KEEP else change.valid_from,
        valid_until=standing.valid_until if change.valid_until is KEEP else change.valid_until,
        extended_until=standing.extended_until if change.extended_until is KEEP else change.extended_until,
        authority=standing.authority if change.authority is KEEP else change.authority,
    )
    after = replace(after, validity_term=_term(after))
    if change.extended_until is KEEP and not _is_extended(str(after.status)):
        # An extension ends with its letter.
        after = replace(after, extended_until=None)
    _refuse_nonsense(standing, after, on)
    return after


def _term(standing: Standing) -> ValidityTerm:
    """The term that goes with the validity: as it was where it still can be, else the nearest of Order 162
    art. 13."""
    if standing.valid_until is None:
        return ValidityTerm.LONG_TERM
    if standing.validity_term is not ValidityTerm.LONG_TERM:
        return standing.validity_term
    years = full_years(standing.valid_from, standing.valid_until)
    return ValidityTerm.TEN_YEARS if years >= 8 else ValidityTerm.SIX_YEARS


def _refuse_nonsense(before: Standing, after: Standing, on: date) -> None:
    if not 0 <= after.points <= 999:
        raise Invalid("points", "0 to 999")
    if after.valid_until is not None and after.valid_until <= after.valid_from:
        raise Invalid("valid_until", "after valid_from")
    if after.valid_from < after.first_issue_date:
        raise Invalid("valid_from", "on or after the first issue date")
    if after.extended_until is not None and not _is_extended(str(after.status)):
        raise Invalid("extended_until", "only with status N, P or T")
    for cls in after.classes:
        if cls not in before.classes and not exists(cls, on):
            raise Invalid("classes", f"classes that exist on the day ({cls.value} does not)")


def record_line(driver: Driver) -> str:
    """记录: each class with its first day, probation, school-bus approval, hearing aid, notes.

    Source: published guidance (contents of the line); wording of probation as on paper licences.
    """
    parts = [
        f"{cls.value} {since:%Y-%m-%d}"
        for cls in driver.standing.classes
        if (since := driver.standing.class_history.since(cls)) is not None
    ]
    if driver.probation and driver.probation_until is not None:
        until = driver.probation_until
        parts.append(f"实习期至{until.year}年{until.month:02d}月{until.day:02d}日")
    if driver.has_school_bus_approval:
        parts.append(f"校车驾驶资格 {driver.school_bus_classes}")
    if driver.hearing_aid:
        parts.append("驾驶机动车应当佩戴助听设备")
    if driver.notes:
        parts.append(driver.notes)
    return "；".join(parts)
