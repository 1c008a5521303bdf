"""What a verification knows (facts), says (answer) and to whom (verifier)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from liangzheng.kernel.classes import Classes, DrivingClass
from liangzheng.kernel.ids import DriverId, LicenceId, VerificationId, VerifierId
from liangzheng.kernel.purposes import COMPANY_PURPOSES, AskedField
from liangzheng.kernel.status import Display, Status, StatusLetter
from liangzheng.standards.livecode import Outcome, Step


class Tone(StrEnum):
    """The colour of an answer; it never stands without its icon and word."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Because(StrEnum):
    """One reason, in order of precedence within an answer."""

    NOT_DECODED = "not_decoded"
    UNKNOWN_ISSUER = "unknown_issuer"
    ISSUER_SIGNATURE = "issuer_signature"
    AGAINST_THE_FORMAT = "against_the_format"
    NOT_ISSUED = "not_issued"
    DEVICE_SIGNATURE = "device_signature"
    SNAPSHOT_FORGED = "snapshot_forged"
    CLOCK_AHEAD = "clock_ahead"
    TOO_OLD = "too_old"
    ALREADY_SHOWN = "already_shown"
    STATUS = "status"
    NOT_IN_FORCE = "not_in_force"
    NOT_YET_VALID = "not_yet_valid"
    VALIDITY_ENDED = "validity_ended"
    CREDENTIAL_SUPERSEDED = "credential_superseded"
    CREDENTIAL_ENDED = "credential_ended"
    LICENCE_WITHDRAWN = "licence_withdrawn"
    CLASS_NOT_HELD = "class_not_held"
    STATUS_SUPERSEDED = "status_superseded"
    REGISTER_BEHIND = "register_behind"
    NO_SNAPSHOT = "no_snapshot"
    SNAPSHOT_EXPIRED = "snapshot_expired"
    # Notes: they turn green to amber and say why; nothing is wrong.
    SNAPSHOT_AGED = "snapshot_aged"
    TRUST_AGED = "trust_aged"


NOTES = frozenset({Because.SNAPSHOT_AGED, Because.TRUST_AGED})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an answer is not a plain yes. `letter` stands with STATUS only."""

    because: Because
    letter: StatusLetter | None = None


class CredentialState(StrEnum):
    """What the register says of the credential in the code."""

    LIVE = "live"
    SUPERSEDED = "superseded"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    NOT_ISSUED = "not_issued"


class Turn(StrEnum):
    """Whether this code was seen before."""

    FIRST = "first"
    AGAIN = "again"  # the same verifier repeats the same request: no second showing
    TAKEN = "taken"  # it was shown already, to someone else or in another request
    NOT_ASKED = "not_asked"


class Knowledge(StrEnum):
    """Where the status comes from, best first."""

    LIVE = "live"
    SNAPSHOT = "snapshot"
    SNAPSHOT_AGED = "snapshot_aged"
    SNAPSHOT_EXPIRED = "snapshot_expired"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything an answer is decided on. A failed step leaves the later facts as they stand here: not
    asked."""

    failed: Because | None = None
    credential: CredentialState | None = None  # None: offline, nobody was asked
    turn: Turn = Turn.NOT_ASKED
    knowledge: Knowledge = Knowledge.NONE
    register_behind: bool = False  # a restored backup not read again, or the code's snapshot is newer than it
    against: tuple[StatusLetter, ...] = ()  # letters that forbid driving, most severe first
    forbidden: bool = False  # whoever signed the status says may not drive, whatever the letters
    not_yet_valid: bool = False
    validity_ended: bool = False
    class_held: bool | None = None  # None: no class was asked
    trust_aged: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome and its reasons, the first being the one that decided."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()

    @property
    def tone(self) -> Tone:
        """Green only for a valid answer without a note."""
        if self.outcome is Outcome.VALID:
            return Tone.AMBER if self.reasons else Tone.GREEN
        return Tone.AMBER if self.outcome in _AMBER else Tone.RED


_AMBER = frozenset({Outcome.UNREADABLE, Outcome.CLOCK_AHEAD, Outcome.TOO_OLD, Outcome.STATUS_NOT_CHECKED})
"""Nothing is wrong with the person: read again, set the clock, show again, go online."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A driver's status as somebody knew it at `as_of`. What it shows and whether it lets drive are two
    results.

    `status` and `points` are None where the verifier may not see them.
    """

    status: Status | None
    display: Display
    may_drive: bool
    points: int | None
    version: int
    as_of: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """Who stands before the verifier. `number` is the whole one only where an officer asked the live
    register."""

    name: str
    number: str
    masked_number: str
    sex: str
    classes: Classes
    valid_from: date
    valid_until: date | None
    authority: str

    def __repr__(self) -> str:
        return "Holder(…)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verifier is told. Personal data stands in `holder` only, and only after the code proved
    genuine and fresh."""

    decision: Decision
    checked_at: datetime
    step: Step | None = None  # the verification step that failed
    why: str | None = None  # its place and rule, in English
    verification_id: VerificationId | None = None
    licence_id: LicenceId | None = None
    licence_version: int | None = None
    holder: Holder | None = None
    standing: Standing | None = None
    class_asked: DrivingClass | None = None
    class_held: bool | None = None
    shown_at: datetime | None = None
    portrait_of: DriverId | None = None  # set when the verifier may fetch the portrait
    font: bytes | None = field(default=None, repr=False)  # with the rare characters of the holder's name

    @property
    def outcome(self) -> Outcome:
        return self.decision.outcome


class VerifierKind(StrEnum):
    """Who verifies: what they may see follows from it."""

    POLICE = "police"
    COMPANY = "company"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A caller who may verify online. `grants`: for a registered company, what an answer may say for each of
    its purposes; None: not held to a registration."""

    id: VerifierId
    name: str
    kind: VerifierKind
    grants: Mapping[str, frozenset[AskedField]] | None = None


PURPOSES: dict[VerifierKind, tuple[str, ...]] = {
    VerifierKind.POLICE: ("roadside-check", "violation", "accident", "licence-business"),
    VerifierKind.COMPANY: tuple(COMPANY_PURPOSES),
    VerifierKind.PUBLIC: ("general",),
}
"""What each kind may verify for; the first is taken when none is named. Source: docs/reference.md §4.5 (where
a licence is used), §4.6 (Order 105 art. 10)."""
