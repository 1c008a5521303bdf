"""What the issuer reads and keeps: numbers given, drafts, signatures. Batches travel as arrays, one
statement a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import ApplicationId, CredentialId, DriverId, LicenceId, PhoneKeyId
from liangzheng.licences.lifecycle import (
    CREDENTIAL,
    LICENCE,
    CredentialEvent,
    CredentialState,
    LicenceEvent,
    LicenceState,
)
from liangzheng.licences.model import CredentialDraft, Lease, LicenceDraft, LicenceNumber, Phone, StatusPlace
from liangzheng.licences.rules import Terms
from liangzheng.licences.store.applications import terms_of


@dataclass(frozen=True, slots=True)
class Lineage:
    """The newest licence of a driver: its highest version, abandoned drafts included; withdrawn ones end it.

    `live`: the version in force and its terms; `portrait`: SHA-256 of its photo. `drafted`: an issuer has a version of
    it in hand.
    """

    number: LicenceNumber
    withdrawn: bool
    drafted: bool
    live: tuple[LicenceNumber, Terms] | None
    portrait: bytes | None


async def hold_lineages(tx: Connection, drivers: Sequence[DriverId]) -> dict[DriverId, Lineage]:
    """The newest licence of each driver that ever had one; live versions are held until the transaction
    ends.
    """
    asked = [driver.uuid for driver in drivers]
    live = {
        row["driver_id"]: (
            (LicenceNumber(LicenceId(row["id"]), row["version"]), terms_of(row)),
            row["portrait_hash"],
        )
        for row in await tx.fetch(
            "SELECT driver_id, id, version, classes, valid_from, valid_until, authority, portrait_hash FROM licence "
            "WHERE driver_id = ANY($1::uuid[]) AND state = 'live' ORDER BY driver_id FOR UPDATE",
            asked,
        )
    }
    rows = await tx.fetch(
        "SELECT driver_id, id, max(version) AS version, bool_or(state = 'withdrawn') AS withdrawn, "
        "bool_or(state = 'drafted') AS drafted FROM licence WHERE driver_id = ANY($1::uuid[]) GROUP BY "
        "driver_id, id ORDER BY id",
        asked,
    )
    return {
        DriverId(row["driver_id"]): Lineage(
            LicenceNumber(LicenceId(row["id"]), row["version"]),
            row["withdrawn"],
            row["drafted"],
            *live.get(row["driver_id"], (None, None)),
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class OnPhone:
    """A credential that is live or coming, as far as drafting needs it."""

    id: CredentialId
    state: CredentialState
    slot: int
    phone: Phone


async def on_phones(tx: Connection, drivers: Sequence[DriverId]) -> dict[DriverId, list[OnPhone]]:
    """Credentials live, requested or drafted, by driver; requested ones are held until the transaction
    ends.
    """
    asked = [driver.uuid for driver in drivers]
    await tx.execute(
        "SELECT 1 FROM credential WHERE driver_id = ANY($1::uuid[]) AND state = 'requested' ORDER BY "
        "driver_id, id FOR UPDATE",
        asked,
    )
    rows = await tx.fetch(
        "SELECT driver_id, id, state, slot, phone_key_id, phone_key FROM credential "
        "WHERE driver_id = ANY($1::uuid[]) AND state IN ('live', 'requested', 'drafted') ORDER BY "
        "driver_id, slot, id",
        asked,
    )
    found: dict[DriverId, list[OnPhone]] = {}
    for row in rows:
        phone = Phone(PhoneKeyId(row["phone_key_id"]), row["phone_key"])
        found.setdefault(DriverId(row["driver_id"]), []).append(
            OnPhone(CredentialId(row["id"]), CredentialState(row["state"]), row["slot"], phone)
        )
    return found


async def ended_phones(tx: Connection, drivers: Sequence[DriverId]) -> set[tuple[DriverId, PhoneKeyId]]:
    """Phone keys of these drivers that have ended."""
    rows = await tx.fetch(
        "SELECT driver_id, phone_key_id FROM ended_phone_key WHERE driver_id = ANY($1::uuid[])",
        [driver.uuid for driver in drivers],
    )
    return {(DriverId(row["driver_id"]), PhoneKeyId(row["phone_key_id"])) for row in rows}


_LICENCE = (
    "driver_id", "id", "version", "state", "move", "application_id", "standing_version", "classes", "valid_from",
    "valid_until", "authority", "portrait_hash", "font_hash", "kid", "document", "lease", "leased_until", "drafted_at",
)  # fmt: skip
_CREDENTIAL = (
    "driver_id", "id", "licence_id", "licence_version", "state", "move", "asked", "slot", "phone_key_id", "phone_key",
    "standing_version", "list_id", "list_index", "kid", "octets", "lease", "leased_until", "requested_at",
    "expires_at",
)  # fmt: skip


async def keep_licence_drafts(
    tx: Connection, drafts: Sequence[LicenceDraft], lease: Lease, now: datetime
) -> None:
    """Licence versions come to be, drafted, each with its first event."""
    state, event = LicenceState.DRAFTED, LicenceEvent.DRAFT_RECORDED
    assert LICENCE.step(LicenceState.REQUESTED, event) is state
    rows = [
        (
            d.driver_id.uuid, d.number.licence_id.uuid, d.number.version, state.value, 1, d.application_id.uuid,
            d.standing_version, str(d.terms.classes), d.terms.valid_from, d.terms.valid_until, d.terms.authority,
            d.portrait_hash, d.font_hash, d.kid, d.octets, lease.token, lease.until, now,
        )
        for d in drafts
    ]  # fmt: skip
    await tx.copy_records_to_table("licence", records=rows, columns=_LICENCE)
    await tx.copy_records_to_table(
        "licence_event",
        records=[(row[0], row[1], row[2], 1, event.value, now) for row in rows],
        columns=("driver_id", "licence_id", "version", "move", "event", "at"),
    )


async def keep_credential_drafts(
    tx: Connection, drafts: Sequence[CredentialDraft], lease: Lease, now: datetime
) -> None:
    """New credentials come to be, drafted, each with its first event."""
    state, event = CredentialState.DRAFTED, CredentialEvent.DRAFT_RECORDED
    assert CREDENTIAL.step(CredentialState.REQUESTED, event) is state
    rows = [
        (
            d.driver_id.uuid, d.id.uuid, d.number.licence_id.uuid, d.number.version, state.value, 1, False, d.slot,
            d.phone.key_id.uuid, d.phone.public_key, d.standing_version, d.place.list_id, d.place.index, d.kid,
            d.octets, lease.token, lease.until, now, d.expires_at,
        )
        for d in drafts
    ]  # fmt: skip
    await tx.copy_records_to_table("credential", records=rows, columns=_CREDENTIAL)
    await tx.copy_records_to_table(
        "credential_event",
        records=[(row[0], row[1], 1, event.value, now) for row in rows],
        columns=("driver_id", "credential_id", "move", "event", "at"),
    )


async def draft_requested(
    tx: Connection, drafts: Sequence[CredentialDraft], lease: Lease, now: datetime
) -> set[CredentialId]:
    """Requested credentials become drafts; which of them did (a request may have ended meanwhile)."""
    rows = await tx.fetch(
        "WITH moved AS (UPDATE credential AS c SET state = 'drafted', move = c.move + 1, licence_id = "
        "d.licence_id, "
        "licence_version = d.version, standing_version = d.standing_version, list_id = d.list_id, "
        "list_index = d.list_index, "
        "kid = d.kid, octets = d.octets, expires_at = d.expires_at, lease = $14::uuid, leased_until = "
        "$15::timestamptz "
        "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::smallint[], $6::uuid[], "
        "$7::bytea[], $8::bigint[], "
        "$9::integer[], $10::integer[], $11::bytea[], $12::bytea[], $13::timestamptz[]) AS d (driver_id, "
        "id, licence_id, version, "
        "slot, phone_key_id, phone_key, standing_version, list_id, list_index, kid, octets, expires_at) "
        "WHERE c.driver_id = d.driver_id AND c.id = d.id AND c.state = 'requested' "
        "AND c.slot = d.slot AND c.phone_key_id = d.phone_key_id AND c.phone_key = d.phone_key "
        "RETURNING c.driver_id, c.id, c.move), "
        "noted AS (INSERT INTO credential_event (driver_id, credential_id, move, event, at) "
        "SELECT driver_id, id, move, 'draft_recorded', $16::timestamptz FROM moved) SELECT id FROM moved",
        *_credential_columns(drafts), lease.token, lease.until, now,
    )  # fmt: skip
    return {CredentialId(row["id"]) for row in rows}


def _credential_columns(drafts: Sequence[CredentialDraft]) -> tuple[list[Any], ...]:
    return (
        [d.driver_id.uuid for d in drafts], [d.id.uuid for d in drafts],
        [d.number.licence_id.uuid for d in drafts], [d.number.version for d in drafts],
        [d.slot for d in drafts], [d.phone.key_id.uuid for d in drafts], [d.phone.public_key for d in drafts],
        [d.standing_version for d in drafts], [d.place.list_id for d in drafts], [d.place.index for d in drafts],
        [d.kid for d in drafts], [d.octets for d in drafts], [d.expires_at for d in drafts],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeldDraft:
    """A kept draft of a licence version that is still ours: what must hold for it to become live."""

    driver_id: DriverId
    number: LicenceNumber
    move: int
    application_id: ApplicationId
    application_move: int
    origin: str
    authority: str
    standing_version: int
    drafted_at: datetime
    kid: bytes
    octets: bytes


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A kept draft of a credential that is still ours."""

    driver_id: DriverId
    id: CredentialId
    number: LicenceNumber
    move: int
    slot: int
    phone: Phone
    standing_version: int
    place: StatusPlace
    kid: bytes
    octets: bytes
    asked: bool
    """Whether a phone asked for it; else it was made with its licence's draft."""


def _held_draft(row: Row) -> HeldDraft:
    return HeldDraft(
        driver_id=DriverId(row["driver_id"]),
        number=LicenceNumber(LicenceId(row["id"]), row["version"]),
        move=row["move"],
        application_id=ApplicationId(row["application_id"]),
        application_move=row["application_move"],
        origin=row["origin"],
        authority=row["authority"],
        standing_version=row["standing_version"],
        drafted_at=row["drafted_at"],
        kid=row["kid"],
        octets=row["document"],
    )


def _held_credential(row: Row) -> HeldCredential:
    return HeldCredential(
        driver_id=DriverId(row["driver_id"]),
        id=CredentialId(row["id"]),
        number=LicenceNumber(LicenceId(row["licence_id"]), row["licence_version"]),
        move=row["move"],
        slot=row["slot"],
        phone=Phone(PhoneKeyId(row["phone_key_id"]), row["phone_key"]),
        standing_version=row["standing_version"],
        place=StatusPlace(row["list_id"], row["list_index"]),
        kid=row["kid"],
        octets=row["octets"],
        asked=row["asked"],
    )


async def hold_licence_drafts(tx: Connection, drivers: Sequence[DriverId], token: UUID) -> list[HeldDraft]:
    """The drafts still under this lease, held until the transaction ends. A draft another issuer took over
    is not here.
    """
    rows = await tx.fetch(
        "SELECT l.driver_id, l.id, l.version, l.move, l.application_id, a.move AS application_move, "
        "a.origin, l.authority, l.standing_version, "
        "l.drafted_at, l.kid, l.document FROM licence AS l "
        "JOIN application AS a ON a.driver_id = l.driver_id AND a.id = l.application_id "
        "WHERE l.driver_id = ANY($1::uuid[]) AND l.state = 'drafted' AND l.lease = $2 ORDER BY l.driver_id "
        "FOR UPDATE OF l, a",
        [driver.uuid for driver in drivers],
        token,
    )
    return [_held_draft(row) for row in rows]


async def hold_credential_drafts(
    tx: Connection, drivers: Sequence[DriverId], token: UUID
) -> list[HeldCredential]:
    """The credential drafts still under this lease, held until the transaction ends."""
    rows = await tx.fetch(
        "SELECT c.driver_id, c.id, c.licence_id, c.licence_version, c.move, c.slot, c.phone_key_id, c.phone_key, "
        "c.standing_version, c.list_id, "
        "c.list_index, c.kid, c.octets, c.asked FROM credential AS c WHERE c.driver_id = ANY($1::uuid[]) AND c.state "
        "= 'drafted' "
        "AND c.lease = $2 ORDER BY c.driver_id, c.id FOR UPDATE OF c",
        [driver.uuid for driver in drivers],
        token,
    )
    return [_held_credential(row) for row in rows]


async def take_over(tx: Connection, lease: Lease, now: datetime, limit: int) -> list[DriverId]:
    """Drafts whose issuer's lease has run out are under `lease` from here on; whose drafts they are."""
    licences = await tx.fetch(
        "WITH found AS MATERIALIZED (SELECT driver_id, id, version FROM licence WHERE state = 'drafted' AND "
        "leased_until <= $3 "
        "ORDER BY leased_until LIMIT $4 FOR UPDATE SKIP LOCKED) UPDATE licence AS l SET lease = $1, "
        "leased_until = $2 FROM found "
        "WHERE l.driver_id = found.driver_id AND l.id = found.id AND l.version = found.version RETURNING "
        "l.driver_id",
        lease.token, lease.until, now, limit,
    )  # fmt: skip
    credentials = await tx.fetch(
        "WITH found AS MATERIALIZED (SELECT driver_id, id FROM credential WHERE state = 'drafted' AND "
        "leased_until <= $3 "
        "ORDER BY leased_until LIMIT $4 FOR UPDATE SKIP LOCKED) UPDATE credential AS c SET lease = $1, "
        "leased_until = $2 FROM found "
        "WHERE c.driver_id = found.driver_id AND c.id = found.id RETURNING c.driver_id",
        lease.token, lease.until, now, limit,
    )  # fmt: skip
    return sorted({DriverId(row["driver_id"]) for row in (*licences, *credentials)})


async def keep_licence_signatures(
    tx: Connection, signed: Sequence[tuple[HeldDraft, bytes]], token: UUID, now: datetime
) -> int:
    """Drafts become live with their signatures, each with its event; how many (the fence: state, move and
    lease).
    """
    assert LICENCE.step(LicenceState.DRAFTED, LicenceEvent.SIGNED) is LicenceState.LIVE
    rows = await tx.fetch(
        "WITH moved AS (UPDATE licence AS l SET state = 'live', move = l.move + 1, signature = s.signature, "
        "issued_at = $6 "
        "FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::bytea[]) AS s (driver_id, "
        "id, version, move, signature) "
        "WHERE l.driver_id = s.driver_id AND l.id = s.id AND l.version = s.version AND l.move = s.move "
        "AND l.state = 'drafted' AND l.lease = $7 RETURNING l.driver_id, l.id, l.version, l.move), "
        "noted AS (INSERT INTO licence_event (driver_id, licence_id, version, move, event, at) "
        "SELECT driver_id, id, version, move, 'signed', $6 FROM moved) SELECT 1 FROM moved",
        [d.driver_id.uuid for d, _ in signed], [d.number.licence_id.uuid for d, _ in signed],
        [d.number.version for d, _ in signed], [d.move for d, _ in signed], [s for _, s in signed], now, token,
    )  # fmt: skip
    return len(rows)


async def keep_credential_signatures(
    tx: Connection, signed: Sequence[tuple[HeldCredential, bytes]], token: UUID, now: datetime
) -> int:
    """As `keep_licence_signatures`, for phones' credentials."""
    assert CREDENTIAL.step(CredentialState.DRAFTED, CredentialEvent.SIGNED) is CredentialState.LIVE
    rows = await tx.fetch(
        "WITH moved AS (UPDATE credential AS c SET state = 'live', move = c.move + 1, signature = "
        "s.signature, issued_at = $5 "
        "FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bytea[]) AS s (driver_id, id, move, "
        "signature) "
        "WHERE c.driver_id = s.driver_id AND c.id = s.id AND c.move = s.move AND c.state = 'drafted' AND "
        "c.lease = $6 "
        "RETURNING c.driver_id, c.id, c.move), "
        "noted AS (INSERT INTO credential_event (driver_id, credential_id, move, event, at) "
        "SELECT driver_id, id, move, 'signed', $5 FROM moved) SELECT 1 FROM moved",
        [d.driver_id.uuid for d, _ in signed], [d.id.uuid for d, _ in signed], [d.move for d, _ in signed],
        [s for _, s in signed], now, token,
    )  # fmt: skip
    return len(rows)


async def abandon_licence_drafts(tx: Connection, drafts: Sequence[HeldDraft], now: datetime) -> None:
    """Drafts that will not be signed; the caller holds their rows."""
    target = LICENCE.step(LicenceState.DRAFTED, LicenceEvent.SIGNING_ABANDONED)
    await tx.execute(
        "WITH moved AS (UPDATE licence AS l SET state = $5, move = l.move + 1, ended_at = $6 "
        "FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[]) AS s (driver_id, id, version, "
        "move) "
        "WHERE l.driver_id = s.driver_id AND l.id = s.id AND l.version = s.version AND l.move = s.move AND "
        "l.state = 'drafted' "
        "RETURNING l.driver_id, l.id, l.version, l.move) "
        "INSERT INTO licence_event (driver_id, licence_id, version, move, event, at) "
        "SELECT driver_id, id, version, move, 'signing_abandoned', $6 FROM moved",
        [d.driver_id.uuid for d in drafts], [d.number.licence_id.uuid for d in drafts],
        [d.number.version for d in drafts], [d.move for d in drafts], target.value, now,
    )  # fmt: skip
