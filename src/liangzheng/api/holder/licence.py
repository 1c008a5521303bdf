"""The caller's electronic licence: the document for the offline 亮证, credentials for phones, the status
snapshot."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Request
from pydantic import StringConstraints

from liangzheng import drivers, licences
from liangzheng.accounts import Caller
from liangzheng.api.auth import Holder
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.applications import RefusalAnswer, idempotency_key, state_of
from liangzheng.api.idempotent import once
from liangzheng.api.octets import to_base64url
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import DriverId, FaceCheckId, PhoneKeyId, PhotoId
from liangzheng.licences import PhotoSource, Refuse
from liangzheng.standards.livecode import pack_document

router = resource("/holder/licence", "holder")


class CredentialAnswer(Answer):
    """The licence on one phone. `credential` (COSE_Sign1, base64url) and `expires_at` once it is live."""

    credential_id: str
    phone_key_id: str
    slot: int
    state: str
    credential: str | None
    expires_at: datetime | None

    @classmethod
    def of(cls, found: licences.Credential) -> CredentialAnswer:
        """What may leave of it: drafts have no octets to show."""
        return cls(
            credential_id=str(found.id),
            phone_key_id=str(found.phone_key_id),
            slot=found.slot,
            state="live" if found.octets else "on_its_way",
            credential=to_base64url(found.octets) if found.octets else None,
            expires_at=found.expires_at if found.octets else None,
        )


class LicenceAnswer(Answer):
    """The live licence. `file`: document, portrait and font as one file (docs/live-code.md), base64url."""

    licence_id: str
    version: int
    issued_at: datetime
    file: str
    credentials: list[CredentialAnswer]


class FurtherPhoneBody(Body):
    """The phone that is to have the licence too: one of the caller's live phone keys."""

    phone_key: Annotated[str, StringConstraints(max_length=40)]


class RequestedAnswer(Answer):
    """A credential that will be live within seconds."""

    credential_id: str


class SnapshotAnswer(Answer):
    """Status and points as of now, signed (COSE_Sign1, base64url). Shown until `expires_at`, marked as old
    before."""

    snapshot: str
    as_of: datetime
    expires_at: datetime
    amber_after_s: int


class ReplaceBody(Body):
    """The photo sent to /holder/photos, from where, and a face check passed for applying."""

    photo: Literal["camera", "album"]
    photo_id: Annotated[str, StringConstraints(max_length=40)]
    face_check: Annotated[str, StringConstraints(max_length=40)]

    def replacement(self) -> licences.Replacement:
        """As kernel values. Raises Invalid."""
        photo_id, face_check = PhotoId.parse(self.photo_id), FaceCheckId.parse(self.face_check)
        return licences.Replacement(PhotoSource(self.photo), photo_id, face_check)


class ReplacementAnswer(Answer):
    """The durable id and the decision; `again_from` is the first day a replacement is possible, where a day decides."""

    application_id: str
    state: Literal["accepted", "under_review", "refused"]
    refusal: RefusalAnswer | None
    again_from: date | None


class PhotoStateAnswer(Answer):
    """Where the licence's photo is from, and from which day it may be replaced; null: at once."""

    photo: str
    replaceable_from: date | None


def _driver_of(who: Caller) -> DriverId:
    if who.proven_driver_id is None:
        raise NotFound("there is no live electronic licence")
    return who.proven_driver_id


@router.get("")
async def show_licence(request: Request, who: Holder) -> LicenceAnswer:
    """The live licence with its file and the credentials of the caller's phones."""
    async with wired(request).database.transaction() as tx:
        found = await licences.licence_for(tx, _driver_of(who))
        on_phones = await licences.credentials(tx, found.driver_id)
        portrait = await drivers.portrait(tx, found.portrait_hash)
        font = await licences.font_of(tx, found)
    return LicenceAnswer(
        licence_id=str(found.number.licence_id),
        version=found.number.version,
        issued_at=found.issued_at,
        file=to_base64url(pack_document(found.document, portrait, font)),
        credentials=[CredentialAnswer.of(credential) for credential in on_phones],
    )


@router.post("/credentials", status_code=202)
async def add_phone(request: Request, who: Holder, body: FurtherPhoneBody) -> RequestedAnswer:
    """The licence on a further phone, three at most. Needs an Idempotency-Key."""
    wiring = wired(request)
    key, phone_key_id = idempotency_key(request), PhoneKeyId.parse(body.phone_key)
    async with wiring.database.transaction(licences.CONSTRAINTS) as tx:
        credential_id = await licences.request_credential(
            tx, who.person_id, _driver_of(who), phone_key_id, key, wiring.clock.now()
        )
    return RequestedAnswer(credential_id=str(credential_id))


@router.get("/photo")
async def photo_state(request: Request, who: Holder) -> PhotoStateAnswer:
    """Whether the photo may be replaced now, and if not, from which day."""
    wiring = wired(request)
    async with wiring.database.read() as tx:
        found = await licences.photo_state(tx, _driver_of(who), wiring.clock.now())
    return PhotoStateAnswer(photo=found.source.value, replaceable_from=found.replaceable_from)


@router.post("/photo", status_code=202)
async def replace_photo(request: Request, who: Holder, body: ReplaceBody) -> ReplacementAnswer:
    """Ask for another photo on the licence: reviewed within one working day. Needs an Idempotency-Key."""
    wiring = wired(request)
    key, driver_id, now = idempotency_key(request), _driver_of(who), wiring.clock.now()
    replacement = body.replacement()
    async with wiring.database.transaction(licences.CONSTRAINTS) as tx:

        async def perform() -> ReplacementAnswer:
            decided = await licences.replace_photo(
                tx, who.person_id, driver_id, replacement, now, wiring.settings.status_policy
            )
            refused = decided.decision if isinstance(decided.decision, Refuse) else None
            return ReplacementAnswer(
                application_id=str(decided.application_id),
                state=state_of(decided),
                refusal=RefusalAnswer.of(refused.refusal) if refused else None,
                again_from=refused.again_from if refused else None,
            )

        return await once(
            tx, key, owner=who.person_id, act="photo.replace", body=body, answer=ReplacementAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.post("/snapshot")
async def take_snapshot(request: Request, who: Holder) -> SnapshotAnswer:
    """A fresh status snapshot, on the standing of this moment. Repeating it does no harm and makes a newer
    one."""
    wiring = wired(request)
    now = wiring.clock.now()
    signer = wiring.status_signers.signing(None, now)
    async with wiring.database.transaction() as tx:
        taken = await licences.snapshot(
            tx, _driver_of(who), signer, wiring.lives, now, wiring.settings.status_policy
        )
    return SnapshotAnswer(
        snapshot=to_base64url(taken.octets),
        as_of=taken.as_of,
        expires_at=taken.expires_at,
        amber_after_s=wiring.lives.amber,
    )
