"""Values of the driver register. A record that exists has passed every check of `rules` and of the kernel's
words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Final

from liangzheng.kernel.classes import Classes, DrivingClass, in_order
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import CardCoreNumber, FileNumber, IdentityNumber, PersonName, Sex
from liangzheng.kernel.points import PointsCycle, cycle
from liangzheng.kernel.status import Status


@dataclass(frozen=True, slots=True)
class ClassHeld:
    """A class, the day it was gained, and the first day it was no longer held (None: still held)."""

    cls: DrivingClass
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class ClassHistory:
    """Every class ever held. Written `C1@2012-03-04;A3@2015-01-02/2020-01-02`, in the order given."""

    spells: tuple[ClassHeld, ...]

    @classmethod
    def parse(cls, text: str) -> ClassHistory:
        """The history written `text`; empty for none. Raises Invalid."""
        return cls(tuple(_spell(part) for part in text.split(";")) if text else ())

    @property
    def held(self) -> Classes:
        """Classes of spells that have not ended. Raises Invalid when one is open twice."""
        return Classes(in_order(spell.cls for spell in self.spells if spell.until is None))

    def since(self, cls: DrivingClass) -> date | None:
        """The day the present spell of a class began; None when it is not held."""
        return next((spell.since for spell in self.spells if spell.cls is cls and spell.until is None), None)

    def become(self, classes: Classes, on: date) -> ClassHistory:
        """The history after the licence carries `classes` from `on`: lost classes end, new ones begin, others
        go on."""
        kept = [
            ClassHeld(spell.cls, spell.since, on)
            if spell.until is None and spell.cls not in classes
            else spell
            for spell in self.spells
            if not (spell.until is None and spell.cls not in classes and spell.since >= on)
        ]
        gained = [ClassHeld(cls, on) for cls in classes if cls not in self.held]
        return ClassHistory((*kept, *gained))

    def __str__(self) -> str:
        return ";".join(
            f"{spell.cls.value}@{spell.since}" + (f"/{spell.until}" if spell.until else "")
            for spell in self.spells
        )


_HISTORY_RULE = "CLASS@YYYY-MM-DD, or CLASS@YYYY-MM-DD/YYYY-MM-DD for one that ended, with ; between"
_SPELL = re.compile(r"([A-Z][1-6]?)@(\d{4}-\d{2}-\d{2})(?:/(\d{4}-\d{2}-\d{2}))?", re.ASCII)


def _spell(text: str) -> ClassHeld:
    form = _SPELL.fullmatch(text)
    if form is None:
        raise Invalid("class history", _HISTORY_RULE)
    code, since, until = form.groups()
    try:
        return ClassHeld(
            DrivingClass(code), date.fromisoformat(since), date.fromisoformat(until) if until else None
        )
    except ValueError:
        raise Invalid("class history", _HISTORY_RULE) from None


class ValidityTerm(Enum):
    """How long a licence runs (Order 162 art. 13). The register's codes for `jzqx` are not published; these
    are ours."""

    SIX_YEARS = "6"
    TEN_YEARS = "10"
    LONG_TERM = "L"


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a licence may be had, shown and used. A change of any of it gives a new `version`."""

    driver_id: DriverId
    version: int
    status: Status
    extended_until: date | None
    points: int
    classes: Classes
    class_history: ClassHistory
    first_issue_date: date
    valid_from: date
    valid_until: date | None
    validity_term: ValidityTerm
    authority: str
    portrait_hash: bytes | None
    """SHA-256 of the archived photo the register names. Whether the photo is kept here: `portrait_on_file`.
    """

    @property
    def standing_version(self) -> int:
        """The same as `version`, under the name it has in signed snapshots."""
        return self.version

    @property
    def is_long_term(self) -> bool:
        """长期: no last day."""
        return self.valid_until is None

    def points_cycle(self, on: date) -> PointsCycle:
        """The cycle `points` belong to on a day. Raises Invalid before the first issue date."""
        return cycle(self.first_issue_date, on)


@dataclass(frozen=True, slots=True)
class Driver:
    """One record of the register: every field a licence shows, and what offices need beside them."""

    driver_id: DriverId
    record_version: int
    updated_at: datetime
    identity: IdentityNumber
    name: PersonName
    name_key: str
    sex: Sex
    nationality: str
    birth_date: date
    standing: Standing
    points_reset_on: date | None
    points_exceeded_on: date | None
    study_notice_on: date | None
    review_due_on: date | None
    review_valid_until: date | None
    probation: bool
    probation_until: date | None
    school_bus_classes: Classes
    hearing_aid: bool
    card_core_number: CardCoreNumber | None
    resident_address: str
    address_division: str
    department: str | None
    first_issuing_authority: str | None
    file_number: FileNumber
    former_file_number: FileNumber | None
    reissue_count: int
    notes: str

    @property
    def has_school_bus_approval(self) -> bool:
        """校车驾驶资格."""
        return bool(self.school_bus_classes.members)

    def __repr__(self) -> str:
        return f"Driver({self.driver_id}, record {self.record_version})"


class _Keep(Enum):
    KEEP = "keep"


KEEP: Final = _Keep.KEEP
"""In a StandingChange: leave as it is. (None means "no last day" there.)"""


@dataclass(frozen=True, slots=True)
class StandingChange:
    """What is to become different. Fields left out stay as they are."""

    status: Status | _Keep = KEEP
    points: int | _Keep = KEEP
    classes: Classes | _Keep = KEEP
    valid_from: date | _Keep = KEEP
    valid_until: date | _Keep | None = KEEP
    extended_until: date | _Keep | None = KEEP
    authority: str | _Keep = KEEP


@dataclass(frozen=True, slots=True)
class LicenceRecord:
    """What an electronic licence says: the fields of the front and back page, less the two clocks of the
    showing.

    `record` is the 记录 line of the back page: classes with their first days, probation, school-bus approval,
    notes. `portrait_hash` is None when the register names no photo, and also when the photo it names is not
    kept here.
    """

    driver_id: DriverId
    standing_version: int
    portrait_hash: bytes | None
    document_number: str
    identity_kind: str
    name: str
    sex: Sex
    nationality: str
    birth_date: date
    first_issue_date: date
    classes: Classes
    valid_from: date
    valid_until: date | None
    points: int
    status: Status
    extended_until: date | None
    card_core_number: str | None
    resident_address: str
    issuing_authority: str
    file_number: str
    record: str
    hearing_aid: bool

    def points_cycle(self, on: date) -> PointsCycle:
        """The cycle `points` belong to on a day. Raises Invalid before the first issue date."""
        return cycle(self.first_issue_date, on)

    def __repr__(self) -> str:
        return f"LicenceRecord({self.driver_id}, standing {self.standing_version})"
