"""A copy of everything kept about the caller, and requests to have it put right."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Request, Response
from pydantic import StringConstraints

from liangzheng import accounts, drivers, licences, messages, relying, showing, staff
from liangzheng.api.auth import Holder
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.octets import to_base64url
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import CorrectionRequestId, DriverId
from liangzheng.kernel.pages import Place

router = resource("/holder", "holder")

_MOST: Final = 200


class ExportAnswer(Answer):
    """By context. Unmasked: it is the caller's own. `record`: the driver register's, with the ledger of points. `record_looks`:
    by staff in casework and reviews, by auditors and by the operator. Looks, look-ups by number, consents and messages: the
    latest two hundred. `photos` says what is kept of the caller's own; the pictures are not in the copy."""

    made_at: datetime
    account: dict[str, Any]
    sessions: list[dict[str, Any]]
    phone_keys: list[dict[str, Any]]
    passkeys: list[dict[str, Any]]
    face_checks: list[dict[str, Any]]
    face_pictures_kept: int
    agreements: list[dict[str, Any]]
    held_acts: list[dict[str, Any]]
    corrections: list[dict[str, Any]]
    record: dict[str, Any] | None
    points: list[dict[str, Any]]
    applications: list[dict[str, Any]]
    licence: dict[str, Any] | None
    photos: list[dict[str, Any]]
    looks: list[dict[str, Any]]
    look_ups: list[dict[str, Any]]
    record_looks: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    messages: list[dict[str, Any]]


class CorrectionBody(Body):
    """What is wrong, and what would be right."""

    wish: Annotated[str, StringConstraints(max_length=2000)]


class CorrectionAnswer(Answer):
    """One request, and its answer when there is one."""

    request_id: str
    state: str
    asked_at: datetime
    answered_at: datetime | None
    wish: str
    answer: str | None

    @classmethod
    def of(cls, asked: accounts.CorrectionRequest) -> CorrectionAnswer:
        """All of it: it is the caller's."""
        return cls(
            request_id=str(asked.request_id), state=asked.state.value, asked_at=asked.asked_at,
            answered_at=asked.answered_at, wish=asked.wish, answer=asked.answer,
        )  # fmt: skip


class CorrectionsAnswer(Answer):
    """Newest first."""

    corrections: list[CorrectionAnswer]


@router.post("/data-exports")
async def export(request: Request, who: Holder) -> ExportAnswer:
    """Everything kept about the caller. Made anew each time, five times a day; the export is on record."""
    wiring = wired(request)
    now = wiring.clock.now()
    async with wiring.database.transaction() as tx:
        own = await accounts.export(tx, who.person_id, now)
    until = Place.before(now + timedelta(days=1))
    held: dict[str, Any] = {
        "record": None, "points": [], "applications": [], "licence": None, "photos": [], "looks": [], "look_ups": [],
        "record_looks": [], "consents": [],
    }  # fmt: skip
    if who.proven_driver_id is not None:
        held = await _of_driver(request, who, who.proven_driver_id, until)
    inbox = await messages.inbox(wiring.database, who.person_id, until, _MOST)
    told = [
        {"kind": m.kind.value, "at": m.at.isoformat(), "read": m.read_at is not None} for m in inbox.messages
    ]
    return ExportAnswer(made_at=now, **own, **held, messages=told)


async def _of_driver(
    request: Request, who: accounts.Caller, driver_id: DriverId, until: Place
) -> dict[str, Any]:
    wiring = wired(request)
    async with wiring.database.read() as tx:
        applications = await licences.applications_of(tx, who.person_id, driver_id)
        try:
            licence = await licences.licence_for(tx, driver_id)
        except NotFound:
            licence = None
        try:
            record = await drivers.find(tx, driver_id)
        except NotFound:
            record = None
        ledger = await drivers.ledger(tx, driver_id.uuid)
        photos = await licences.photos_of(tx, driver_id)
        consents = await relying.consents_of(tx, who, limit=_MOST)
    look_ups = await staff.look_ups_at(wiring.database, driver_id, until, _MOST)
    looks = await showing.looks_at(wiring.database, driver_id, until, _MOST)
    in_record = await staff.record_looks_at(wiring.database, driver_id, until, _MOST)
    return {
        "record": None if record is None else _record(record),
        "points": [
            {"kind": entry.kind.value, "points": entry.points, "on": entry.on.isoformat(),
             "cycle_from": entry.cycle_from.isoformat(), "reference": entry.reference}
            for entry in (ledger.entries if ledger else ())
        ],
        "applications": [
            {"application_id": str(a.id), "refusal": a.refusal.value if a.refusal else None,
             "submitted_at": a.submitted_at.isoformat()}
            for a in applications
        ],
        "licence": None if licence is None else {
            "licence_id": str(licence.number.licence_id), "version": licence.number.version,
            "issued_at": licence.issued_at.isoformat(), "document": to_base64url(licence.document),
        },
        "photos": [
            {"source": source.value, "added_at": added_at.isoformat(), "picture_kept": kept}
            for source, added_at, kept in photos
        ],
        "looks": [
            {"at": look.at.isoformat(), "verifier": look.verifier_name, "purpose": look.purpose,
             "fields": None if look.fields is None else list(look.fields), "portrait_seen": look.portrait_seen}
            for look in looks
        ],
        "look_ups": [
            {"at": look.at.isoformat(), "unit": look.unit, "duty": look.duty.value, "purpose": look.purpose}
            for look in look_ups
        ],
        "record_looks": [
            {"at": look.at.isoformat(), "unit": look.unit, "purpose": look.purpose} for look in in_record
        ],
        "consents": [
            {"company": consent.company_name, "purpose": consent.terms.purpose, "fields": list(consent.terms.fields),
             "until": consent.until.isoformat(), "state": consent.state.value, "given_at": consent.given_at.isoformat()}
            for consent in consents
        ],
    }  # fmt: skip


def _record(found: drivers.Driver) -> dict[str, Any]:
    """The register's record, field by field."""
    standing = found.standing
    days = {
        "birth_date": found.birth_date,
        "first_issue_date": standing.first_issue_date,
        "valid_from": standing.valid_from,
        "valid_until": standing.valid_until,
        "extended_until": standing.extended_until,
        "points_reset_on": found.points_reset_on,
        "points_exceeded_on": found.points_exceeded_on,
        "review_due_on": found.review_due_on,
        "review_valid_until": found.review_valid_until,
        "probation_until": found.probation_until,
    }
    return {
        "record_version": found.record_version,
        "updated_at": found.updated_at.isoformat(),
        "name": found.name.value,
        "identity_kind": found.identity.kind.value,
        "identity_number": found.identity.value,
        "sex": found.sex.value,
        "nationality": found.nationality,
        "file_number": found.file_number.value,
        "former_file_number": found.former_file_number.value if found.former_file_number else None,
        "card_core_number": found.card_core_number.value if found.card_core_number else None,
        "classes": str(standing.classes),
        "school_bus_classes": str(found.school_bus_classes),
        "status": str(standing.status),
        "points": standing.points,
        "authority": standing.authority,
        "first_issuing_authority": found.first_issuing_authority,
        "resident_address": found.resident_address,
        "address_division": found.address_division,
        "department": found.department,
        "hearing_aid": found.hearing_aid,
        "probation": found.probation,
        "reissue_count": found.reissue_count,
        "notes": found.notes,
        "portrait_sha256": standing.portrait_hash.hex() if standing.portrait_hash else None,
    } | {name: day.isoformat() if day else None for name, day in days.items()}


@router.get("/corrections")
async def list_corrections(request: Request, who: Holder) -> CorrectionsAnswer:
    """The caller's requests."""
    async with wired(request).database.read() as tx:
        found = await accounts.corrections(tx, who.person_id)
    return CorrectionsAnswer(corrections=[CorrectionAnswer.of(asked) for asked in found])


@router.post("/corrections", status_code=201)
async def ask(
    request: Request, who: Holder, body: CorrectionBody, key: IdempotencyKey = None
) -> CorrectionAnswer:
    """Ask to have something put right."""
    wiring = wired(request)
    now = wiring.clock.now()

    async with wiring.database.transaction() as tx:

        async def perform() -> CorrectionAnswer:
            return CorrectionAnswer.of(await accounts.ask_correction(tx, who.person_id, body.wish, now))

        return await once(
            tx, key, owner=who.person_id, act="correction.ask", body=body, answer=CorrectionAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.delete("/corrections/{request_id}", status_code=204)
async def take_back(request: Request, who: Holder, request_id: str) -> Response:
    """Take an open request back."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await accounts.take_back_correction(
            tx, who.person_id, CorrectionRequestId.parse(request_id), wiring.clock.now()
        )
    return Response(status_code=204)
