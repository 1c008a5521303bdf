"""Members of staff, their duties and regions, look-ups by number, and what needs four eyes. Frozen values and tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import DriverId, LookUpId, PasskeyId, ProposalId, StaffId, StaffSessionId
from liangzheng.kernel.region import PROVINCES
from liangzheng.staff.lifecycle import ProposalState, StaffState

# --- duties -----------------------------------------------------------------------------------------


class Duty(StrEnum):
    """What a member of staff is there for. Several may be held, the three administrations by three people."""

    PATROL = "patrol"
    PENALTY = "penalty"
    COUNTER = "counter"
    PHOTO_REVIEW = "photo-review"
    REGISTER = "register"
    ROLLOUT = "rollout"
    KEYS = "keys"
    AUDIT = "audit"
    SYSTEM = "system"

    @property
    def chinese(self) -> str:
        """路面执勤 and so on."""
        return _DUTY_WORDS[self]

    @property
    def acts(self) -> tuple[Act, ...]:
        """What it allows."""
        return DUTIES[self]


_DUTY_WORDS: Final = {
    Duty.PATROL: "路面执勤", Duty.PENALTY: "违法处理", Duty.COUNTER: "窗口", Duty.PHOTO_REVIEW: "照片审核",
    Duty.REGISTER: "登记更正", Duty.ROLLOUT: "推广", Duty.KEYS: "安全管理", Duty.AUDIT: "审计管理",
    Duty.SYSTEM: "系统管理",
}  # fmt: skip

ADMINISTRATIONS: Final = frozenset({Duty.SYSTEM, Duty.KEYS, Duty.AUDIT})
"""System, security and audit administration: no two of them in one hand. Source: GB/T 22239-2019, level 3."""


class Act(StrEnum):
    """What a duty may allow."""

    VERIFY = "verify"
    LOOK_UP = "look-up"
    RETAIN = "retain"
    CONFIRM_RETENTION = "confirm-retention"
    SUSPEND = "suspend"
    RESTORE = "restore"
    CORRECT = "correct"
    REVIEW_PHOTO = "review-photo"
    OPEN_WAVE = "open-wave"
    CHANGE_KEYS = "change-keys"
    READ_AUDIT = "read-audit"
    REVIEW_LOOK_UPS = "review-look-ups"
    IDENTIFY = "identify"
    MANAGE_STAFF = "manage-staff"
    MANAGE_COMPANIES = "manage-companies"
    IMPORT_REGISTER = "import-register"
    READ_FIGURES = "read-figures"


DUTIES: Final[Mapping[Duty, tuple[Act, ...]]] = MappingProxyType(
    {
        Duty.PATROL: (Act.VERIFY, Act.LOOK_UP, Act.RETAIN, Act.CONFIRM_RETENTION),
        Duty.PENALTY: (Act.LOOK_UP, Act.CONFIRM_RETENTION, Act.SUSPEND, Act.RESTORE),
        Duty.COUNTER: (Act.VERIFY, Act.LOOK_UP, Act.IDENTIFY),
        Duty.PHOTO_REVIEW: (Act.REVIEW_PHOTO,),
        Duty.REGISTER: (Act.LOOK_UP, Act.CORRECT, Act.IMPORT_REGISTER, Act.READ_FIGURES),
        Duty.ROLLOUT: (Act.OPEN_WAVE, Act.READ_FIGURES),
        Duty.KEYS: (Act.CHANGE_KEYS,),
        Duty.AUDIT: (Act.READ_AUDIT, Act.REVIEW_LOOK_UPS, Act.READ_FIGURES),
        Duty.SYSTEM: (Act.MANAGE_STAFF, Act.MANAGE_COMPANIES, Act.READ_FIGURES),
    }
)
"""The one table of who may do what. What no duty names, nobody may."""

FRESH_ACTS: Final = frozenset(
    {
        Act.SUSPEND,
        Act.RESTORE,
        Act.CORRECT,
        Act.CHANGE_KEYS,
        Act.MANAGE_STAFF,
        Act.OPEN_WAVE,
        Act.MANAGE_COMPANIES,
        Act.IMPORT_REGISTER,
    }
)
"""Acts for which the second factor must have been proved minutes ago, not hours."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a duty holds, as a prefix of division codes: 2 digits a province, 4 a prefecture, 6 one unit, none everywhere."""

    prefix: str

    def __post_init__(self) -> None:
        digits = self.prefix.isascii() and (self.prefix == "" or self.prefix.isdigit())
        if not digits or len(self.prefix) not in (0, 2, 4, 6):
            raise Invalid("region", "2, 4 or 6 digits of a division code, or nationwide")
        if self.prefix and self.prefix[:2] not in PROVINCES:
            raise Invalid("region", "begins with a province")

    @classmethod
    def parse(cls, text: str) -> Region:
        """`nationwide`, `32`, `3205`, also written `320000`, `320500`. Raises Invalid."""
        if text == "nationwide":
            return cls("")
        if text == "":
            raise Invalid("region", "2, 4 or 6 digits of a division code, or nationwide")
        while (len(text) == 6 and text.endswith("00")) or (len(text) == 4 and text.endswith("00")):
            text = text[:-2]
        return cls(text)

    def covers(self, division: str) -> bool:
        """Whether a division (six digits) lies in it."""
        return division.startswith(self.prefix)

    @property
    def provinces(self) -> tuple[str, ...]:
        """Two-digit prefixes it reaches into; everywhere: also 00, what belongs to no province."""
        return (self.prefix[:2],) if self.prefix else (NO_PROVINCE, *PROVINCES)

    def __str__(self) -> str:
        return self.prefix or "nationwide"


NO_PROVINCE: Final = "00"
NATIONWIDE_DIVISION: Final = "000000"
"""Where a proposal stands that is about no province. Only a nationwide duty covers it."""


@dataclass(frozen=True, slots=True)
class HeldDuty:
    """A duty with the region and the days it is held for; both days count."""

    duty: Duty
    region: Region
    from_day: date
    until_day: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.from_day <= day and (self.until_day is None or day <= self.until_day)


# --- people -----------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[0-9A-Z]{4,12}", re.ASCII)
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class StaffNumber:
    """警号 or 工号: 4 to 12 digits and capitals."""

    value: str

    def __post_init__(self) -> None:
        if not _NUMBER.fullmatch(self.value):
            raise Invalid("staff number", "4 to 12 digits and capital letters")


def named(place: str, text: str, longest: int) -> str:
    """A name or unit without spaces around it. Raises Invalid for one that cannot be shown."""
    text = text.strip()
    if not 1 <= len(text) <= longest or _UNSAFE.search(text):
        raise Invalid(place, f"1 to {longest} visible characters")
    return text


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff as the administration lists them."""

    staff_id: StaffId
    state: StaffState
    move: int
    number: StaffNumber
    name: str
    unit: str
    duties: tuple[HeldDuty, ...]
    enrolled: bool
    """Whether a password and a second factor were made."""


@dataclass(frozen=True, slots=True)
class Officer:
    """A member of staff who is logged in: who calls a staff route."""

    staff_id: StaffId
    session_id: StaffSessionId
    number: StaffNumber
    name: str
    unit: str
    duties: tuple[HeldDuty, ...]
    proved_at: datetime

    def duties_on(self, day: date) -> tuple[HeldDuty, ...]:
        """Those that hold on a day."""
        return tuple(held for held in self.duties if held.holds_on(day))


@dataclass(frozen=True, slots=True)
class StaffPasskey:
    """A WebAuthn credential that is a member's second factor. `public_key` is a COSE_Key."""

    staff_id: StaffId
    passkey_id: PasskeyId
    made_at: datetime
    used_at: datetime | None
    sign_count: int
    backed_up: bool
    label: str
    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A login of a member of staff."""

    staff_id: StaffId
    session_id: StaffSessionId
    token_hash: bytes
    opened_at: datetime
    seen_at: datetime
    proved_at: datetime
    expires_at: datetime
    ended_at: datetime | None


DEFAULT_BUDGETS: Final[Mapping[Duty, int]] = MappingProxyType(
    {Duty.PATROL: 100, Duty.PENALTY: 100, Duty.COUNTER: 200, Duty.REGISTER: 100}
)
"""Look-ups by number a day and member of staff. Our choice: about what one shift can need."""


@dataclass(frozen=True, slots=True)
class StaffPolicy:
    """How long things last and how many there may be."""

    idle_s: int = 900
    session_s: int = 8 * 3600
    fresh_s: int = 300
    enrolment_s: int = 72 * 3600
    sessions_at_once: int = 2
    passkey_challenge_s: int = 300
    most_passkeys: int = 5
    free_failures: int = 4
    first_wait_s: int = 60
    longest_wait_s: int = 3600
    failures_forgotten_s: int = 24 * 3600
    proposal_s: int = 7 * 86400
    retention_s: int = 24 * 3600
    retain_within_s: int = 600
    budgets: Mapping[Duty, int] = field(default_factory=lambda: DEFAULT_BUDGETS)
    look_ups_reviewed: int = 5
    demands_links: bool = False
    """Whether it must be known which person somebody is before they review, propose or decide."""


# --- cases, purposes, look-ups ----------------------------------------------------------------------


class CaseKind(StrEnum):
    """What a case is about; the letter its number begins with. The register of cases is another system's: our choice."""

    ROADSIDE = "R"
    VIOLATION = "V"
    ACCIDENT = "A"
    COMPLAINT = "P"
    BUSINESS = "B"
    CORRECTION = "C"
    SECURITY = "S"
    OPENING = "O"


_CASE = re.compile(r"([A-Z])-([0-9]{6})-([0-9]{8})-([0-9]{4,8})", re.ASCII)
_CASE_RULE = "kind letter, division, day and serial, R-320500-20261120-0001"


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """The number of a case: `R-320500-20261120-0001`. It names no person, so it may stand in the audit record."""

    kind: CaseKind
    division: str
    day: date
    serial: str

    @classmethod
    def parse(cls, text: str) -> CaseNumber:
        """Raises Invalid for another form, a division in no province, a day that is none."""
        form = _CASE.fullmatch(text)
        try:
            if form is None or form[1] not in set(CaseKind):
                raise ValueError
            day = date.fromisoformat(f"{form[3][:4]}-{form[3][4:6]}-{form[3][6:]}")
        except ValueError:
            raise Invalid("case_number", _CASE_RULE) from None
        if form[2] != NATIONWIDE_DIVISION and form[2][:2] not in PROVINCES:
            raise Invalid("case_number", _CASE_RULE)
        return cls(CaseKind(form[1]), form[2], day, form[4])

    def __str__(self) -> str:
        return f"{self.kind.value}-{self.division}-{self.day:%Y%m%d}-{self.serial}"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a driver may be looked up for: under which duty, and with a case of which kind."""

    code: str
    duty: Duty
    case: CaseKind
    zh: str


PURPOSES: Final[tuple[Purpose, ...]] = (
    Purpose("roadside-check", Duty.PATROL, CaseKind.ROADSIDE, "路面检查"),
    Purpose("accident-at-scene", Duty.PATROL, CaseKind.ACCIDENT, "事故现场处理"),
    Purpose("violation-handling", Duty.PENALTY, CaseKind.VIOLATION, "违法处理"),
    Purpose("accident-handling", Duty.PENALTY, CaseKind.ACCIDENT, "事故处理"),
    Purpose("complaint", Duty.PENALTY, CaseKind.COMPLAINT, "复议或投诉"),
    Purpose("licence-business", Duty.COUNTER, CaseKind.BUSINESS, "驾驶证业务"),
    Purpose("register-correction", Duty.REGISTER, CaseKind.CORRECTION, "登记更正"),
)
"""The catalogue; each purpose belongs to one duty. Source: docs/reference.md §4.5, §4.6 (where a licence is asked for)."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """One look-up as the holder reads it: the unit, never the person."""

    look_up_id: LookUpId
    at: datetime
    unit: str
    duty: Duty
    purpose: str


class Outcome(StrEnum):
    """What another person found when a look-up that was drawn was compared with its case."""

    IN_ORDER = "in-order"
    UNCLEAR = "unclear"
    IMPROPER = "improper"


@dataclass(frozen=True, slots=True)
class SampledLookUp:
    """A look-up drawn for review. Whoever reviews it sees who looked and for which case, not what they saw."""

    look_up_id: LookUpId
    staff_id: StaffId
    driver_id: DriverId
    at: datetime
    week: date
    unit: str
    duty: Duty
    purpose: str
    case: CaseNumber
    outcome: Outcome | None = None
    reviewed_by: StaffId | None = None
    reviewed_at: datetime | None = None


AUDIT_PURPOSES: Final = ("complaint", "look-up-review", "incident", "regular-audit")
"""What the audit record is read for, each in a case about a complaint or about security. Our choice."""

# --- proposals --------------------------------------------------------------------------------------


class Kind(StrEnum):
    """What can be proposed."""

    SUSPEND = "suspend"
    RESTORE = "restore"
    CORRECT = "correct"
    RETAIN = "retain"
    ROTATE_KEY = "rotate-key"
    RETIRE_KEY = "retire-key"
    OPEN_WAVE = "open-wave"
    GIVE_DUTY = "give-duty"
    NEW_ENROLMENT = "new-enrolment"


KEY_KINDS: Final = frozenset({Kind.ROTATE_KEY, Kind.RETIRE_KEY})
STAFF_KINDS: Final = frozenset({Kind.GIVE_DUTY, Kind.NEW_ENROLMENT})
"""About a member of staff, who has no part in deciding it."""
WITHOUT_DRIVER: Final = KEY_KINDS | STAFF_KINDS | {Kind.OPEN_WAVE}
USED_LATER: Final = KEY_KINDS | {Kind.NEW_ENROLMENT}
"""Agreed to, they wait for who uses the approval up: a ceremony of the root, or the administrator who hands over a code."""


@dataclass(frozen=True, slots=True)
class KindRules:
    """Who proposes and decides a kind, for which reasons, in cases of which kinds."""

    proposes: Act
    decides: Act
    reasons: tuple[str, ...]
    cases: frozenset[CaseKind]


_PENALTY_CASES = frozenset({CaseKind.VIOLATION, CaseKind.ACCIDENT})

KINDS: Final[Mapping[Kind, KindRules]] = MappingProxyType(
    {
        Kind.SUSPEND: KindRules(
            Act.SUSPEND, Act.SUSPEND,
            ("drink-driving", "drug-driving", "accident-liability", "court-order", "other-by-law"), _PENALTY_CASES,
        ),
        Kind.RESTORE: KindRules(
            Act.RESTORE, Act.RESTORE,
            ("period-over", "study-passed", "penalty-revoked", "retained-in-error", "court-order"),
            _PENALTY_CASES | {CaseKind.COMPLAINT, CaseKind.ROADSIDE},
        ),
        Kind.CORRECT: KindRules(
            Act.CORRECT, Act.CORRECT, ("clerical-error", "document-changed", "rare-character", "court-order"),
            frozenset({CaseKind.CORRECTION}),
        ),
        Kind.RETAIN: KindRules(
            Act.RETAIN, Act.CONFIRM_RETENTION,
            ("drink-driving", "points-reached", "class-not-held", "speeding", "accident-suspect", "other-by-law"),
            frozenset({CaseKind.ROADSIDE, CaseKind.ACCIDENT}),
        ),
        Kind.ROTATE_KEY: KindRules(
            Act.CHANGE_KEYS, Act.CHANGE_KEYS, ("scheduled", "after-compromise"), frozenset({CaseKind.SECURITY})
        ),
        Kind.RETIRE_KEY: KindRules(
            Act.CHANGE_KEYS, Act.CHANGE_KEYS, ("compromised", "lost"), frozenset({CaseKind.SECURITY})
        ),
        Kind.OPEN_WAVE: KindRules(
            Act.OPEN_WAVE, Act.OPEN_WAVE, ("announced", "trial"), frozenset({CaseKind.OPENING})
        ),
        Kind.GIVE_DUTY: KindRules(
            Act.MANAGE_STAFF, Act.MANAGE_STAFF, ("assigned", "stand-in"), frozenset({CaseKind.SECURITY})
        ),
        Kind.NEW_ENROLMENT: KindRules(
            Act.MANAGE_STAFF, Act.MANAGE_STAFF, ("factor-lost", "password-forgotten", "code-expired"),
            frozenset({CaseKind.SECURITY}),
        ),
    }
)  # fmt: skip
"""Source: docs/reference.md §3.1, §3.2 (retained on the spot, suspended for a period); the reason codes are our choice."""

RESTORABLE: Final = frozenset("DU")
"""Letters a restoration can take away; others end by their own procedures."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something one person proposed. `what` holds codes, and for a correction the fields before and after."""

    proposal_id: ProposalId
    province: str
    division: str
    kind: Kind
    state: ProposalState
    move: int
    driver_id: DriverId | None
    duty: Duty
    reason: str
    case: CaseNumber
    what: Mapping[str, Any]
    proposed_by: StaffId
    proposed_at: datetime
    expires_at: datetime
    decided_by: StaffId | None = None
    decided_at: datetime | None = None

    @property
    def about(self) -> StaffId | None:
        """The member of staff it is about."""
        return StaffId.parse(self.what["staff"]) if self.kind in STAFF_KINDS else None

    def __repr__(self) -> str:
        return f"Proposal({self.proposal_id}, {self.kind}, {self.state})"
