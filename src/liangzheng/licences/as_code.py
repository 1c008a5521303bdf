"""The table between a register record and the signed claims of 亮码, licence document and snapshot."""

from __future__ import annotations

from datetime import datetime

from liangzheng import drivers
from liangzheng.drivers import LicenceRecord
from liangzheng.kernel.people import IdentityKind, IdentityNumber
from liangzheng.kernel.region import IssuingAuthority
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy, may_drive
from liangzheng.licences.model import LicenceNumber, StatusPlace
from liangzheng.licences.rules import Standing, Terms
from liangzheng.standards.livecode import CredentialClaims, DocumentClaims, SnapshotClaims


def issuer_of(authority: IssuingAuthority) -> str:
    """The document signer's name: `CN-` and the province's two digits."""
    return f"CN-{authority.province_prefix}"


def terms_of(record: LicenceRecord) -> Terms:
    """What a new version is needed for when it changes."""
    return Terms(record.classes, record.valid_from, record.valid_until, record.issuing_authority)


def standing_of(record: LicenceRecord, *, own_photo: bool = False) -> Standing:
    """What decisions are made on. A version whose photo is the holder's own needs none in the archive."""
    photo_on_file = own_photo or record.portrait_hash is not None
    return Standing(record.status, record.extended_until, terms_of(record), photo_on_file)


def standing_in_register(standing: drivers.Standing, *, own_photo: bool = False) -> Standing:
    """`standing_of` a driver whose whole record was not read."""
    terms = Terms(standing.classes, standing.valid_from, standing.valid_until, standing.authority)
    photo_on_file = own_photo or standing.portrait_hash is not None
    return Standing(standing.status, standing.extended_until, terms, photo_on_file)


def credential_claims(
    record: LicenceRecord,
    authority: IssuingAuthority,
    number: LicenceNumber,
    place: StatusPlace,
    phone_key: bytes,
    portrait: bytes,
    made_at: datetime,
    lives_s: int,
) -> CredentialClaims:
    """The half of a 亮码 the issuer signs. The number is masked: a code is shown to strangers. `portrait`: SHA-256 of
    the licence's photo.
    """
    made = int(made_at.timestamp())
    return CredentialClaims(
        issuer=issuer_of(authority),
        authority=authority.code,
        licence_id=number.licence_id.uuid.bytes,
        version=number.version,
        status_list=place.list_id,
        status_index=place.index,
        name=record.name,
        masked_number=IdentityNumber(IdentityKind(record.identity_kind), record.document_number).masked,
        sex=record.sex.value,
        classes=str(record.classes),
        valid_from=record.valid_from,
        valid_until=record.valid_until,
        portrait_hash=portrait[:16],
        phone_key=phone_key,
        iat=made,
        exp=made + lives_s,
    )


def document_claims(
    record: LicenceRecord,
    authority: IssuingAuthority,
    number: LicenceNumber,
    portrait: bytes,
    made_at: datetime,
    lives_s: int,
    font: bytes | None = None,
) -> DocumentClaims:
    """Front and back page. Points and status are named as of now: what is shown as present comes from a
    snapshot. `font`: SHA-256 of the font with the rare characters.
    """
    made = int(made_at.timestamp())
    return DocumentClaims(
        issuer=issuer_of(authority),
        licence_id=number.licence_id.uuid.bytes,
        version=number.version,
        document_number=record.document_number,
        name=record.name,
        sex=record.sex.value,
        nationality=record.nationality,
        birth_date=record.birth_date,
        first_issue_date=record.first_issue_date,
        classes=str(record.classes),
        valid_from=record.valid_from,
        valid_until=record.valid_until,
        points_at_issue=record.points,
        status_at_issue=str(record.status),
        card_core_number=record.card_core_number or "",
        resident_address=record.resident_address,
        authority=authority.code,
        authority_name=authority.name,
        file_number=record.file_number,
        record=record.record,
        hearing_aid=record.hearing_aid,
        portrait_sha256=portrait,
        font_sha256=font,
        iat=made,
        exp=made + lives_s,
    )


def snapshot_claims(
    standing: drivers.Standing,
    number: LicenceNumber,
    as_of: datetime,
    lives_s: int,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> SnapshotClaims:
    """The standing of one licence version at one moment."""
    at = int(as_of.timestamp())
    return SnapshotClaims(
        licence_id=number.licence_id.uuid.bytes,
        version=number.version,
        status=str(standing.status),
        points=standing.points,
        may_drive=may_drive(standing.status, policy)[0],
        standing_version=standing.version,
        as_of=at,
        exp=at + lives_s,
    )
