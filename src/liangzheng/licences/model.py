"""Values of this context: applications, licence versions, phones' credentials, places in a status list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from liangzheng.kernel.ids import (
    ApplicationId,
    CredentialId,
    DriverId,
    LicenceId,
    PersonId,
    PhoneKeyId,
    PhotoId,
)
from liangzheng.kernel.reviews import Review
from liangzheng.licences.lifecycle import ApplicationState, CredentialState, LicenceState
from liangzheng.licences.photo_rules import PhotoDoubt, PhotoReason, PhotoSource
from liangzheng.licences.rules import Refusal, StatusValue, Terms

Origin = Literal["holder", "reissue", "photo"]
"""Who wants a version: its holder, the platform because the register changed, its holder for another photo."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone's key: its id and the P-256 public key, compressed, 33 octets."""

    key_id: PhoneKeyId
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Application:
    """One application. `move` is the compare-and-set counter: it grows by one with every arrow taken."""

    driver_id: DriverId
    id: ApplicationId
    state: ApplicationState
    move: int
    origin: Origin
    person_id: PersonId | None
    phone: Phone | None
    refusal: Refusal | None
    standing_version: int
    submitted_at: datetime
    moved_at: datetime
    photo: PhotoSource = PhotoSource.ARCHIVED
    photo_id: PhotoId | None = None
    """The holder's own photo; None with the archived one."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A holder's own photo. `picture` is None once it was let go; an approved one is a blob under its hash."""

    driver_id: DriverId
    id: PhotoId
    source: PhotoSource
    portrait_hash: bytes
    doubts: tuple[PhotoDoubt, ...]
    added_at: datetime
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoReview(Review):
    """A new photo waiting for its reviewer, or what was decided."""

    application_id: ApplicationId
    photo_id: PhotoId
    origin: Origin
    reasons: tuple[PhotoReason, ...]
    move: int
    """Of the application, for the compare-and-set of the decision."""
    source: PhotoSource
    doubts: tuple[PhotoDoubt, ...]
    facts: Mapping[str, str | int | bool | None]
    """What was measured in the picture, and the days it and its sender name."""

    @property
    def key(self) -> tuple[DriverId, ApplicationId]:
        """As every review's."""
        return self.driver_id, self.application_id


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A refused application of a person the register does not know."""

    person_id: PersonId
    id: ApplicationId
    refusal: Refusal
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class ApplicationEventRow:
    """One step of an application, for the holder's progress list."""

    event: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LicenceNumber:
    """A licence and its version. Never given twice, also not after an abandoned draft."""

    licence_id: LicenceId
    version: int


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """Where a credential's status is published."""

    list_id: int
    index: int


@dataclass(frozen=True, slots=True)
class Lease:
    """An issuer's hold on the drafts of one batch. Whoever takes a draft over writes another token, and that
    ends it.
    """

    token: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class LicenceDraft:
    """A licence version before its signature: exactly the octets that will be signed, and by which key."""

    driver_id: DriverId
    number: LicenceNumber
    application_id: ApplicationId
    standing_version: int
    terms: Terms
    portrait_hash: bytes
    font_hash: bytes | None
    """SHA-256 of the font with the rare characters; None without one."""
    kid: bytes
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CredentialDraft:
    """A phone's credential before its signature. `standing_version`: of the record its words were taken
    from.
    """

    driver_id: DriverId
    id: CredentialId
    number: LicenceNumber
    slot: int
    phone: Phone
    place: StatusPlace
    value: StatusValue
    standing_version: int
    kid: bytes
    octets: bytes = field(repr=False)
    expires_at: datetime
    requested: bool
    """True: the row waits as a request; False: it is made with this draft."""


@dataclass(frozen=True, slots=True)
class LiveLicence:
    """The live version of a driver's licence, as kept."""

    driver_id: DriverId
    number: LicenceNumber
    terms: Terms
    standing_version: int
    portrait_hash: bytes
    font_hash: bytes | None
    document: bytes = field(repr=False)
    """COSE_Sign1, as its issuer signed it."""
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """A phone's credential. `octets` is the COSE_Sign1 once it is signed, None before."""

    driver_id: DriverId
    id: CredentialId
    number: LicenceNumber | None
    state: CredentialState
    slot: int
    phone_key_id: PhoneKeyId
    place: StatusPlace | None
    octets: bytes | None = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldLicence:
    """What a standing's change meets: a version that is live or drafted, held by the transaction that
    asks.
    """

    driver_id: DriverId
    number: LicenceNumber
    state: LicenceState
    application_id: ApplicationId
    terms: Terms
    standing_version: int
    photo: PhotoSource = PhotoSource.ARCHIVED
    photo_id: PhotoId | None = None


@dataclass(frozen=True, slots=True)
class StatusList:
    """One published list: every value that is not 0, and the version that grows when any of them changes."""

    list_id: int
    version: int
    values: tuple[tuple[int, StatusValue], ...]


@dataclass(frozen=True, slots=True)
class SnapshotIssued:
    """A signed status snapshot and until when a phone may show it."""

    octets: bytes = field(repr=False)
    as_of: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What one batch did, by count."""

    claimed: int = 0
    issued: int = 0
    credentials: int = 0
    refused: int = 0
    postponed: int = 0
    abandoned: int = 0
