"""What a person's account is made of. Frozen values; none prints personal data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from liangzheng.accounts.lifecycle import CorrectionState, HeldKind, HeldState, State
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import (
    CorrectionRequestId,
    DriverId,
    FaceCheckId,
    HeldActId,
    Id,
    PasskeyId,
    PersonId,
    PhoneKeyId,
    SessionId,
)
from liangzheng.kernel.people import IdentityNumber, Mobile, PersonName
from liangzheng.kernel.reviews import Review

MOST_PHONE_KEYS = 3


class Level(IntEnum):
    """Real-name level (a modelling choice: no official list of levels is published)."""

    UNVERIFIED = 0
    IDENTITY_MATCHED = 1
    FACE_VERIFIED = 2
    COUNTER_VERIFIED = 3


class Purpose(StrEnum):
    """What a face check is made for; it serves nothing else."""

    APPLY = "apply"
    BIND_PHONE_KEY = "bind-phone-key"
    CHANGE_MOBILE = "change-mobile"


class CodePurpose(StrEnum):
    """What a one-time code is sent for; it serves nothing else."""

    REGISTER = "register"
    LOG_IN = "log-in"
    RESET_PASSWORD = "reset-password"  # noqa: S105 -- a purpose
    CHANGE_MOBILE = "change-mobile"
    STOP_MOBILE_CHANGE = "stop-mobile-change"


class Ceremony(StrEnum):
    """What a passkey challenge is made for; it serves nothing else."""

    ADD = "add"
    LOG_IN = "log-in"
    CONFIRM = "confirm"


class AgreementKind(StrEnum):
    """What a person agrees to, each by itself: agreement on face data is never part of another (the order on face
    recognition of 2025-06-01, docs/reference.md §4.7)."""

    TERMS = "terms"
    PRIVACY = "privacy"
    FACE_DATA = "face-data"
    FACE_REVIEW = "face-review"
    NOTICES = "notices"


class Outcome(StrEnum):
    """What an engine may say."""

    PASS = "pass"  # noqa: S105 -- an outcome
    FAIL = "fail"
    REVIEW = "review"
    RETAKE = "retake"


class Decision(StrEnum):
    """What a person decides about a face check in review."""

    APPROVE = "approve"
    REJECT = "reject"


class FaceReason(StrEnum):
    """Why a reviewer refuses a face check: the catalogue. What the holder hears is its text, and nothing typed freely."""

    ANOTHER_PERSON = "another-person"
    NOT_RECOGNISABLE = "not-recognisable"
    FACE_COVERED = "face-covered"
    NOT_LIVE = "not-live"
    ARCHIVED_PHOTO_UNFIT = "archived-photo-unfit"


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """The settings of accounts: times in seconds."""

    production: bool = False
    session_idle_s: int = 30 * 60
    session_absolute_s: int = 12 * 3600
    sessions_at_once: int = 10
    fresh_s: int = 300
    """How long a password or passkey counts for what a stolen login must not do alone."""
    free_failures: int = 4
    first_wait_s: int = 30
    longest_wait_s: int = 3600
    failures_forgotten_s: int = 24 * 3600
    phone_key_challenge_s: int = 120
    face_challenge_s: int = 60
    face_engine_s: int = 20
    face_usable_s: int = 600
    face_reviewed_usable_s: int = 72 * 3600
    face_captures_days: int = 14
    """How long the pictures of a check left open are kept at most, for a person to look at."""
    counter_check_s: int = 30 * 86400
    """How long a check waits for a person at a counter."""
    face_checks_per_hour: int = 12
    face_failures_before_review: int = 3
    simulated_pass_counts: bool = False
    code_within_s: float = 0.0
    """Within which time after the answer a code goes to the gateway, at random (`send_code`)."""
    code_s: int = 300
    code_tries: int = 5
    code_wrong_a_day: int = 10
    """Of a million codes: a guess a day succeeds with a chance of at most 10⁻⁵."""
    code_again_s: int = 60
    codes_a_day: int = 10
    mobile_proof_s: int = 600
    passkey_challenge_s: int = 300
    most_passkeys: int = 10
    passkey_settles_s: int = 24 * 3600
    """Before a new passkey confirms a change of mobile."""
    mobile_change_hold_s: int = 24 * 3600
    closing_hold_s: int = 7 * 24 * 3600

    def __post_init__(self) -> None:
        if self.production and self.simulated_pass_counts:
            raise Invalid(
                "simulated_pass_counts", "false in production: a simulated face check proves nothing"
            )


@dataclass(frozen=True, slots=True)
class LiveCode:
    """A one-time code as it is kept: hashes only."""

    mobile_hash: bytes = field(repr=False)
    purpose: CodePurpose
    made_at: datetime
    expires_at: datetime
    tries: int
    request_hash: bytes = field(repr=False)
    code_hash: bytes = field(repr=False)
    bound_to: UUID | None
    proof_hash: bytes | None = field(repr=False)
    proof_until: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class CodeBudget:
    """How many codes were asked for of one mobile, how many were wrong, and since when."""

    asked: int
    asked_since: datetime
    asked_at: datetime | None
    wrong: int
    wrong_at: datetime


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn credential that logs its person in. `public_key` is a COSE_Key."""

    person_id: PersonId
    passkey_id: PasskeyId
    made_at: datetime
    used_at: datetime | None
    sign_count: int
    backed_up: bool
    label: str
    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeldAct:
    """Something asked now and done after a holding time, so that its owner can stop it.

    `noticed_at`: when the notice to its owner was handed over. Until then `due_at` is the earliest it could be, and from
    then on a whole holding time later.
    """

    person_id: PersonId
    held_act_id: HeldActId
    kind: HeldKind
    state: HeldState
    asked_at: datetime
    due_at: datetime
    ended_at: datetime | None
    move: int
    new_mobile: Mobile | None = field(repr=False)
    noticed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AgreementText:
    """One version of what a person agrees to; `hash` is the SHA-256 over kind, version and both texts."""

    kind: AgreementKind
    version: int
    zh: str
    en: str
    hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One entry: given or withdrawn."""

    kind: AgreementKind
    version: int
    given: bool
    at: datetime
    text_hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CorrectionRequest:
    """What a person asks to have put right, and what became of it."""

    person_id: PersonId
    request_id: CorrectionRequestId
    state: CorrectionState
    asked_at: datetime
    answered_at: datetime | None
    move: int
    wish: str = field(repr=False)
    answer: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registration:
    """What a person registers with; the password is already hashed."""

    mobile: Mobile
    identity: IdentityNumber
    name: PersonName
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """A person with an account."""

    person_id: PersonId
    identity: IdentityNumber
    name: PersonName
    level: Level
    driver_id: DriverId | None
    created_at: datetime
    real_name_checked_at: datetime | None
    face_checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """A person as they see themselves."""

    person: Person
    mobile: Mobile


@dataclass(frozen=True, slots=True)
class Assurance:
    """How sure we are who a person is. `driver_id` is None until the real-name check matched."""

    person_id: PersonId
    level: Level
    driver_id: DriverId | None
    real_name_checked_at: datetime | None
    face_checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is logged in, as far as a request needs it."""

    person_id: PersonId
    driver_id: DriverId | None
    level: Level
    session_id: SessionId
    proved_at: datetime
    """When they last showed a password or a passkey in this login, or to open it."""

    @property
    def proven_driver_id(self) -> DriverId | None:
        """The driver whose records the caller may read, None until their face was verified: a name and a number, which
        make level 1, are no secrets (docs/reference.md §4.7)."""
        return self.driver_id if self.level >= Level.FACE_VERIFIED else None


@dataclass(frozen=True, slots=True)
class Session:
    """A login as it is kept: the token only as its SHA-256."""

    person_id: PersonId
    session_id: SessionId
    token_hash: bytes = field(repr=False)
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    phone_offset_ms: int | None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What a login gives: the token is shown this once."""

    token: str = field(repr=False)
    session: Session
    caller: Caller


@dataclass(frozen=True, slots=True)
class PhoneKey:
    """A key made in one phone. `public_key` is a P-256 point in 33 octets."""

    person_id: PersonId
    phone_key_id: PhoneKeyId
    public_key: bytes
    label: str
    slot: int
    bound_at: datetime
    ended_at: datetime | None
    replaced_by: PhoneKeyId | None
    used_on: date | None
    """The last civil day on which it signed something for us; showing its codes to verifiers is in the list of looks."""

    @property
    def is_live(self) -> bool:
        """Whether it may still show."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class PhoneKeyChallenge:
    """What a phone must sign to prove that it holds its key."""

    nonce: bytes
    to_be_signed: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PhoneKeyOffer:
    """A phone key somebody asks to bind: key and signature as they came, the rest parsed."""

    public_key: bytes
    label: str
    nonce: bytes
    signature: bytes
    face_check_id: FaceCheckId
    replaces: PhoneKeyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceReview(Review):
    """A face check an engine left open, waiting for a reviewer with its pictures, or what became of it.

    `found`: what the engine said of it.
    """

    person_id: PersonId
    face_check_id: FaceCheckId
    purpose: Purpose
    steps: tuple[str, ...]
    engine: str
    found: tuple[str, ...]
    reasons: tuple[FaceReason, ...]

    @property
    def key(self) -> tuple[PersonId, FaceCheckId]:
        """As every review's."""
        return self.person_id, self.face_check_id


@dataclass(frozen=True, slots=True)
class FaceCheck:
    """One live-person check as it is kept: result and hashes; pictures only of one that is reviewed (`FaceReview`)."""

    person_id: PersonId
    face_check_id: FaceCheckId
    purpose: Purpose
    state: State
    move: int
    nonce: bytes = field(repr=False)
    steps: tuple[str, ...]
    engine: str
    engine_version: str
    calibrated: bool
    simulated: bool
    reasons: tuple[str, ...]
    begun_at: datetime
    expires_at: datetime
    usable_until: datetime | None
    submission_hash: bytes | None = field(repr=False)
    consumed_by: Id | None
