"""From what waits to drafts: who is issued what, under which number, in exactly which octets.

`draft` is the first transaction of a batch: it ends with every draft kept and no key touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from liangzheng import drivers
from liangzheng.drivers import LicenceRecord
from liangzheng.infra import blobs, outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import ApplicationId, CredentialId, DriverId, Id, LicenceId, PhoneKeyId, PhotoId
from liangzheng.kernel.region import Authorities, IssuingAuthority
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.kernel.time import civil_day
from liangzheng.licences import as_code
from liangzheng.licences.follow_standing import follow
from liangzheng.licences.lifecycle import (
    ApplicationEvent,
    ApplicationState,
    CredentialEvent,
    CredentialState,
)
from liangzheng.licences.model import (
    Application,
    CredentialDraft,
    Lease,
    LicenceDraft,
    LicenceNumber,
    Origin,
    Phone,
    StatusPlace,
)
from liangzheng.licences.rare_characters import Draws, NoFonts, wanted_in
from liangzheng.licences.rules import Refuse, decide_draft, decide_reissue, free_slot, status_value
from liangzheng.licences.store import applications as waiting_store
from liangzheng.licences.store import drafting, held, lists, reviews
from liangzheng.licences.store.applications import ApplicationMove, Waiting
from liangzheng.licences.store.drafting import Lineage, OnPhone
from liangzheng.standards.document import document_to_be_signed, font_sha256
from liangzheng.standards.keys import Signer
from liangzheng.standards.livecode import Lives, credential_to_be_signed

TRY_AGAIN = timedelta(seconds=2)
"""When what waits must wait for something that moves: another draft of the same driver."""

TRY_MUCH_LATER = timedelta(seconds=60)
"""When it waits for people: a province without a key that may sign."""


class DocumentSigners(Protocol):
    """The provinces' keys, reached by the issuer alone."""

    def signing(self, province: str | None, now: datetime) -> Signer:
        """The key that signs for `CN-32` now. Raises Unavailable."""
        ...

    def of_kid(self, kid: bytes, now: datetime) -> Signer | None:
        """That key while it may still sign, else None."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What drafting one batch reads besides the database."""

    signers: DocumentSigners
    authorities: Authorities
    lives: Lives
    take_place: Callable[[], StatusPlace]
    lease: Lease
    now: datetime
    policy: StatusPolicy = DEFAULT_POLICY
    fonts: Draws = field(default_factory=NoFonts)
    _chosen: dict[str, Signer | None] = field(default_factory=dict)

    def signer_for(self, authority: IssuingAuthority) -> Signer | None:
        """The key of the authority's province that signs in this batch; None when there is none."""
        issuer = as_code.issuer_of(authority)
        if issuer not in self._chosen:
            try:
                self._chosen[issuer] = self.signers.signing(issuer, self.now)
            except Unavailable:
                self._chosen[issuer] = None
        return self._chosen[issuer]


@dataclass(slots=True)
class Drafted:
    """The plan of one batch, filled item by item; `draft` keeps it."""

    licences: list[LicenceDraft] = field(default_factory=list)
    credentials: list[CredentialDraft] = field(default_factory=list)
    drafted: list[ApplicationMove] = field(default_factory=list)
    refused: list[tuple[ApplicationMove, LicenceRecord, Origin]] = field(default_factory=list)
    ended: list[tuple[DriverId, CredentialId, CredentialEvent]] = field(default_factory=list)
    postponed: list[Waiting] = field(default_factory=list)
    fonts: dict[bytes, bytes] = field(default_factory=dict)
    """SHA-256 → font, of those drafts whose names have rare characters."""

    @property
    def drivers(self) -> list[DriverId]:
        """Whose drafts these are, in order of id."""
        of_licences = {draft.driver_id for draft in self.licences}
        return sorted(of_licences | {draft.driver_id for draft in self.credentials})


@dataclass(frozen=True, slots=True)
class _Known:
    """What the register and our own tables say of the drivers of a batch."""

    records: Mapping[DriverId, LicenceRecord]
    lineages: Mapping[DriverId, Lineage]
    on_phones: Mapping[DriverId, list[OnPhone]]
    ended: set[tuple[DriverId, PhoneKeyId]]
    own_photos: Mapping[PhotoId, bytes]
    fonts: Mapping[DriverId, bytes]
    """For those with rare characters that something draws."""

    def portrait_for(self, application: Application) -> bytes:
        """SHA-256 of the photo a version made for this application has."""
        if application.photo_id is not None:
            return self.own_photos[application.photo_id]
        archived = self.records[application.driver_id].portrait_hash
        assert archived is not None, "decided before: no licence without a photo"
        return archived


async def draft(tx: Connection, claimed: Sequence[Waiting], desk: Desk) -> Drafted:
    """Drafts for what was claimed are kept in `tx`, each number, place and octet final; what cannot be is
    put back.
    """
    plan = Drafted()
    # 1. What of the claimed still waits, and everything known about those drivers.
    accepted = await waiting_store.hold_accepted(
        tx, [(w.driver_id, w.subject) for w in claimed if isinstance(w.subject, ApplicationId)]
    )
    requests = [(w.driver_id, w.subject) for w in claimed if isinstance(w.subject, CredentialId)]
    asked = sorted({a.driver_id for a in accepted} | {driver for driver, _ in requests})
    known = await _known(tx, asked, accepted, desk)
    # 2. One draft each, or a reason.
    for application in accepted:
        _draft_application(plan, application, known, desk)
    taken = {draft.id for draft in plan.credentials}
    for driver_id, credential_id in requests:
        if credential_id not in taken:
            _draft_request(plan, driver_id, credential_id, known, desk)
    # 3. Kept before any key is touched.
    await _keep(tx, plan, desk)
    return plan


async def _known(
    tx: Connection, asked: Sequence[DriverId], accepted: Sequence[Application], desk: Desk
) -> _Known:
    lineages = await drafting.hold_lineages(tx, asked)
    on_phones = await drafting.on_phones(tx, asked)
    ended = await drafting.ended_phones(tx, asked)
    records = await drivers.licence_records(tx, asked)
    own_photos = await reviews.portrait_hashes(
        tx, [(a.driver_id, a.photo_id) for a in accepted if a.photo_id is not None]
    )
    fonts = await _fonts_for([records[a.driver_id] for a in accepted], desk)
    return _Known(records, lineages, on_phones, ended, own_photos, fonts)


async def _fonts_for(records: Sequence[LicenceRecord], desk: Desk) -> dict[DriverId, bytes]:
    """The font of each who needs one. Nearly nobody does, and of those nearly every set of characters was met before."""
    fonts: dict[DriverId, bytes] = {}
    for record in records:
        # The authority's name has none: tests/licences/test_rare_characters.py holds the data file to it.
        wanted = wanted_in(record.name, record.resident_address, record.record)
        if wanted:
            # Opening a font file takes a second, once: on a thread, so that the other loops of this process go on.
            drawn = desk.fonts.known(wanted)
            if drawn is None:
                drawn = await asyncio.to_thread(desk.fonts.draw, wanted)
            if drawn.octets is not None:
                fonts[record.driver_id] = drawn.octets
    return fonts


def _draft_application(plan: Drafted, application: Application, known: _Known, desk: Desk) -> None:
    driver_id, now = application.driver_id, desk.now
    record = known.records.get(driver_id)
    assert record is not None, "the register never loses a driver"
    lineage = known.lineages.get(driver_id)
    phones = known.on_phones.get(driver_id, [])
    # Decided again, on the record as it is now: it may have changed since the application was accepted.
    standing = as_code.standing_of(record, own_photo=application.photo_id is not None)
    decide = decide_reissue if application.origin == "reissue" else decide_draft
    decision = decide(standing, civil_day(now), desk.policy)
    if isinstance(decision, Refuse):
        move = ApplicationMove(driver_id, application.id, application.move, decision.refusal)
        plan.refused.append((move, record, application.origin))
        return
    if (lineage and lineage.drafted) or any(phone.state is CredentialState.DRAFTED for phone in phones):
        plan.postponed.append(Waiting(driver_id, application.id, now + TRY_AGAIN))
        return
    signer = desk.signer_for(desk.authorities.get(record.issuing_authority))
    if signer is None:
        plan.postponed.append(Waiting(driver_id, application.id, now + TRY_MUCH_LATER))
        return
    number = _next_number(lineage)
    portrait, font = known.portrait_for(application), known.fonts.get(driver_id)
    made = _licence_draft(application, record, number, portrait, font, signer, desk)
    plan.licences.append(made)
    if font is not None and made.font_hash is not None:
        plan.fonts[made.font_hash] = font
    for slot, credential_id, phone in _phones_of(application, phones, known):
        plan.credentials.append(
            _credential_draft(record, number, slot, credential_id, phone, portrait, signer, desk)
        )
    plan.drafted.append(ApplicationMove(driver_id, application.id, application.move))


def _next_number(lineage: Lineage | None) -> LicenceNumber:
    """The next version of the licence the driver has; a new licence after none, or after one that was
    withdrawn.
    """
    if lineage is None or lineage.withdrawn:
        return LicenceNumber(LicenceId.new(), 1)
    return LicenceNumber(lineage.number.licence_id, lineage.number.version + 1)


def _phones_of(
    application: Application, phones: Sequence[OnPhone], known: _Known
) -> list[tuple[int, CredentialId | None, Phone]]:
    """Slot, waiting request (None: a new credential) and phone, for every phone the new version goes to.

    A request that waits for a slot stands for that slot; phones that ended are left out; the applicant's own
    phone
    gets the first free slot when it is not among them.
    """
    by_slot: dict[int, OnPhone] = {}
    for there in sorted(phones, key=lambda phone: phone.state is CredentialState.REQUESTED):
        if (application.driver_id, there.phone.key_id) not in known.ended:
            by_slot[there.slot] = there
    found = [
        (slot, there.id if there.state is CredentialState.REQUESTED else None, there.phone)
        for slot, there in sorted(by_slot.items())
    ]
    own = application.phone
    if own and (application.driver_id, own.key_id) not in known.ended:
        slot = free_slot([slot for slot, _, _ in found] + [phone.slot for phone in phones])
        if slot is not None and own.key_id not in {phone.key_id for _, _, phone in found}:
            found.append((slot, None, own))
    return found


def _draft_request(
    plan: Drafted, driver_id: DriverId, credential_id: CredentialId, known: _Known, desk: Desk
) -> None:
    """A further phone for the live version, or the same phone anew."""
    waiting = next((phone for phone in known.on_phones.get(driver_id, []) if phone.id == credential_id), None)
    if waiting is None or waiting.state is not CredentialState.REQUESTED:
        return  # ended, or drafted with a new version meanwhile
    record, lineage = known.records[driver_id], known.lineages.get(driver_id)
    if (driver_id, waiting.phone.key_id) in known.ended:
        plan.ended.append((driver_id, credential_id, CredentialEvent.PHONE_ENDED))
        return
    if lineage is None or lineage.live is None:
        plan.ended.append((driver_id, credential_id, CredentialEvent.LICENCE_WITHDRAWN))
        return
    if lineage.drafted or lineage.live[1] != as_code.terms_of(record):
        # A new version is on its way and takes the request along.
        plan.postponed.append(Waiting(driver_id, credential_id, desk.now + TRY_AGAIN))
        return
    signer = desk.signer_for(desk.authorities.get(record.issuing_authority))
    if signer is None:
        plan.postponed.append(Waiting(driver_id, credential_id, desk.now + TRY_MUCH_LATER))
        return
    assert lineage.portrait is not None, "a live version has a photo"
    plan.credentials.append(
        _credential_draft(
            record,
            lineage.live[0],
            waiting.slot,
            credential_id,
            waiting.phone,
            lineage.portrait,
            signer,
            desk,
        )
    )


def _licence_draft(
    application: Application,
    record: LicenceRecord,
    number: LicenceNumber,
    portrait: bytes,
    font: bytes | None,
    signer: Signer,
    desk: Desk,
) -> LicenceDraft:
    authority = desk.authorities.get(record.issuing_authority)
    font_hash = None if font is None else font_sha256(font)
    claims = as_code.document_claims(
        record, authority, number, portrait, desk.now, desk.lives.credential, font_hash
    )
    return LicenceDraft(
        driver_id=application.driver_id,
        number=number,
        application_id=application.id,
        standing_version=record.standing_version,
        terms=as_code.terms_of(record),
        portrait_hash=claims.portrait_sha256,
        font_hash=font_hash,
        kid=signer.kid,
        octets=document_to_be_signed(claims, signer.alg, signer.kid),
    )


def _credential_draft(
    record: LicenceRecord,
    number: LicenceNumber,
    slot: int,
    requested: CredentialId | None,
    phone: Phone,
    portrait: bytes,
    signer: Signer,
    desk: Desk,
) -> CredentialDraft:
    authority = desk.authorities.get(record.issuing_authority)
    place = desk.take_place()
    lives_s = desk.lives.credential
    claims = as_code.credential_claims(
        record, authority, number, place, phone.public_key, portrait, desk.now, lives_s
    )
    return CredentialDraft(
        driver_id=record.driver_id,
        id=requested or CredentialId.new(),
        number=number,
        slot=slot,
        phone=phone,
        place=place,
        value=status_value(record.status, civil_day(desk.now), desk.policy),
        standing_version=record.standing_version,
        kid=signer.kid,
        octets=credential_to_be_signed(claims, signer.alg, signer.kid),
        expires_at=desk.now + timedelta(seconds=lives_s),
        requested=requested is not None,
    )


async def _keep(tx: Connection, plan: Drafted, desk: Desk) -> None:
    now, lease = desk.now, desk.lease
    if plan.fonts:
        await blobs.put_missing(tx, plan.fonts)
    if plan.licences:
        await drafting.keep_licence_drafts(tx, plan.licences, lease, now)
        moved = await waiting_store.move(
            tx, plan.drafted, ApplicationState.ACCEPTED, ApplicationEvent.DRAFT_RECORDED, now
        )
        assert len(moved) == len(plan.drafted), "held since they were read"
    new = [draft for draft in plan.credentials if not draft.requested]
    if new:
        await drafting.keep_credential_drafts(tx, new, lease, now)
    requested = [draft for draft in plan.credentials if draft.requested]
    if requested:
        kept = await drafting.draft_requested(tx, requested, lease, now)
        assert len(kept) == len(requested), "held since they were read"
        # A request that a new version took along waits no longer.
        await waiting_store.unqueue(tx, [(draft.driver_id, draft.id) for draft in requested])
    if plan.credentials:
        entries = [(draft.place, draft.driver_id, draft.id, draft.value) for draft in plan.credentials]
        await lists.keep_places(tx, entries, now)
    for driver_id, credential_id, event in plan.ended:
        state = CredentialState.REQUESTED
        await held.move_credentials(tx, driver_id, state, event, now, only=[credential_id])
    if plan.refused:
        moves = [move for move, _, _ in plan.refused]
        await waiting_store.move(tx, moves, ApplicationState.ACCEPTED, ApplicationEvent.FACTS_CHANGED, now)
        await outbox.put_many(
            tx, "application.refused", [_refused(*refused) for refused in plan.refused], now
        )
        for _, record, _ in plan.refused:
            # While it was under way it stood for a new version of a licence that is held.
            await follow(tx, record, now, desk.policy)
    if plan.postponed:
        await waiting_store.enqueue(tx, plan.postponed)


def _refused(move: ApplicationMove, record: LicenceRecord, origin: Origin) -> tuple[Id, Mapping[str, str]]:
    assert move.refusal is not None
    return move.driver_id, {
        "driver_id": str(move.driver_id),
        "application_id": str(move.id),
        "refusal": move.refusal.value,
        "authority": record.issuing_authority,
        "origin": origin,
    }
