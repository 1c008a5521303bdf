"""Live licences and phones' credentials: read for the holder, moved when something ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import ApplicationId, CredentialId, DriverId, LicenceId, PhoneKeyId, PhotoId
from liangzheng.licences.lifecycle import (
    CREDENTIAL,
    LICENCE,
    CredentialEvent,
    CredentialState,
    LicenceEvent,
    LicenceState,
)
from liangzheng.licences.model import Credential, HeldLicence, LicenceNumber, LiveLicence, Phone, StatusPlace
from liangzheng.licences.photo_rules import PhotoSource
from liangzheng.licences.store.applications import terms_of
from liangzheng.standards import cose

CONSTRAINTS = {
    "credential_coming_slot": "another phone is being added at this moment",
    "credential_live_slot": "another phone is being added at this moment",
    "credential_live_phone": "the licence is on this phone already",
}


async def live_licence(tx: Connection, driver_id: DriverId) -> LiveLicence | None:
    """The driver's live licence with its signed document."""
    row = await tx.fetchrow(
        "SELECT driver_id, id, version, classes, valid_from, valid_until, authority, standing_version, "
        "portrait_hash, font_hash, "
        "document, signature, issued_at FROM licence WHERE driver_id = $1 AND state = 'live'",
        driver_id.uuid,
    )
    if row is None:
        return None
    return LiveLicence(
        driver_id=driver_id,
        number=LicenceNumber(LicenceId(row["id"]), row["version"]),
        terms=terms_of(row),
        standing_version=row["standing_version"],
        portrait_hash=row["portrait_hash"],
        font_hash=row["font_hash"],
        document=cose.seal(row["document"], row["signature"]),
        issued_at=row["issued_at"],
    )


async def issued_font(
    tx: Connection, driver_id: DriverId, number: LicenceNumber
) -> tuple[bytes, bytes] | None:
    """SHA-256 of the font of a version that was issued, and its signed document; None for one without."""
    row = await tx.fetchrow(
        "SELECT font_hash, document, signature FROM licence WHERE driver_id = $1 AND id = $2 AND version = $3 "
        "AND font_hash IS NOT NULL AND signature IS NOT NULL",
        driver_id.uuid,
        number.licence_id.uuid,
        number.version,
    )
    return None if row is None else (row["font_hash"], cose.seal(row["document"], row["signature"]))


async def live_number(tx: Connection, driver_id: DriverId) -> LicenceNumber | None:
    """Id and version of the driver's live licence."""
    row = await tx.fetchrow(
        "SELECT id, version FROM licence WHERE driver_id = $1 AND state = 'live'", driver_id.uuid
    )
    return LicenceNumber(LicenceId(row["id"]), row["version"]) if row else None


async def photo_of_live(tx: Connection, driver_id: DriverId) -> PhotoSource | None:
    """Where the photo of the driver's live licence is from; None without one."""
    found = await tx.fetchval(
        "SELECT a.photo FROM licence AS l JOIN application AS a ON a.driver_id = l.driver_id AND a.id = "
        "l.application_id WHERE l.driver_id = $1 AND l.state = 'live'",
        driver_id.uuid,
    )
    return PhotoSource(found) if found else None


async def hold(tx: Connection, driver_id: DriverId) -> list[HeldLicence]:
    """The driver's live and drafted versions, held until the transaction ends. Drafts first: as an issuer
    holds them.
    """
    rows = await tx.fetch(
        "SELECT l.id, l.version, l.state, l.application_id, l.standing_version, l.classes, l.valid_from, "
        "l.valid_until, l.authority, a.photo, a.photo_id FROM licence AS l JOIN application AS a "
        "ON a.driver_id = l.driver_id AND a.id = l.application_id "
        "WHERE l.driver_id = $1 AND l.state IN ('live', 'drafted') ORDER BY l.state, l.id, l.version FOR "
        "UPDATE OF l",
        driver_id.uuid,
    )
    return [
        HeldLicence(
            driver_id=driver_id,
            number=LicenceNumber(LicenceId(row["id"]), row["version"]),
            state=LicenceState(row["state"]),
            application_id=ApplicationId(row["application_id"]),
            terms=terms_of(row),
            standing_version=row["standing_version"],
            photo=PhotoSource(row["photo"]),
            photo_id=PhotoId(row["photo_id"]) if row["photo_id"] else None,
        )
        for row in rows
    ]


async def credentials(
    tx: Connection, driver_id: DriverId, states: Sequence[CredentialState]
) -> list[Credential]:
    """The driver's credentials in these states, by slot."""
    rows = await tx.fetch(
        "SELECT driver_id, id, licence_id, licence_version, state, slot, phone_key_id, list_id, list_index, "
        "octets, signature, "
        "expires_at FROM credential WHERE driver_id = $1 AND state = ANY($2::text[]) ORDER BY slot, id",
        driver_id.uuid,
        [state.value for state in states],
    )
    return [_credential(row) for row in rows]


def _credential(row: Row) -> Credential:
    version = row["licence_version"]
    return Credential(
        driver_id=DriverId(row["driver_id"]),
        id=CredentialId(row["id"]),
        number=LicenceNumber(LicenceId(row["licence_id"]), version) if version is not None else None,
        state=CredentialState(row["state"]),
        slot=row["slot"],
        phone_key_id=PhoneKeyId(row["phone_key_id"]),
        place=StatusPlace(row["list_id"], row["list_index"]) if row["list_id"] is not None else None,
        octets=cose.seal(row["octets"], row["signature"]) if row["signature"] is not None else None,
        expires_at=row["expires_at"],
    )


async def add_request(
    tx: Connection,
    driver_id: DriverId,
    credential_id: CredentialId,
    licence_id: LicenceId,
    slot: int,
    phone: Phone,
    now: datetime,
) -> None:
    """A further phone waits for its credential. Raises Conflict (see CONSTRAINTS) when the slot was just
    taken.
    """
    await tx.execute(
        "INSERT INTO credential (driver_id, id, licence_id, state, move, asked, slot, phone_key_id, phone_key, "
        "requested_at) "
        "VALUES ($1, $2, $3, 'requested', 0, true, $4, $5, $6, $7)",
        driver_id.uuid, credential_id.uuid, licence_id.uuid, slot, phone.key_id.uuid, phone.public_key, now,
    )  # fmt: skip


async def move_credentials(
    tx: Connection,
    driver_id: DriverId,
    source: CredentialState,
    event: CredentialEvent,
    now: datetime,
    *,
    only: Sequence[CredentialId] | None = None,
    phone: PhoneKeyId | None = None,
    other_than: LicenceNumber | None = None,
) -> list[Credential]:
    """One arrow for every credential of the driver in `source` that the filters leave, with its event; those
    that moved.

    `only` by id; `phone` of one key; `other_than` a version that stays.
    """
    target = CREDENTIAL.step(source, event)
    ends = target in CREDENTIAL.finished
    rows = await tx.fetch(
        "WITH moved AS (UPDATE credential AS c SET state = $3, move = c.move + 1, "
        "ended_at = CASE WHEN $5 THEN $6::timestamptz ELSE c.ended_at END "
        "WHERE c.driver_id = $1 AND c.state = $2 AND ($7::uuid[] IS NULL OR c.id = ANY($7)) "
        "AND ($8::uuid IS NULL OR c.phone_key_id = $8) "
        "AND ($9::uuid IS NULL OR (c.licence_id, c.licence_version) IS DISTINCT FROM ($9, $10::integer)) "
        "RETURNING c.driver_id, c.id, c.licence_id, c.licence_version, c.state, c.slot, c.phone_key_id, "
        "c.list_id, c.list_index, "
        "c.octets, c.signature, c.expires_at, c.move), "
        "noted AS (INSERT INTO credential_event (driver_id, credential_id, move, event, at) "
        "SELECT driver_id, id, move, $4, $6 FROM moved) SELECT * FROM moved",
        driver_id.uuid, source.value, target.value, event.value, ends, now,
        [credential.uuid for credential in only] if only is not None else None,
        phone.uuid if phone else None,
        other_than.licence_id.uuid if other_than else None, other_than.version if other_than else None,
    )  # fmt: skip
    return [_credential(row) for row in rows]


async def end_licence(
    tx: Connection, driver_id: DriverId, number: LicenceNumber, event: LicenceEvent, now: datetime
) -> bool:
    """The live version takes `event`; whether it was live."""
    target = LICENCE.step(LicenceState.LIVE, event)
    moved = await tx.fetch(
        "WITH moved AS (UPDATE licence AS l SET state = $4, move = l.move + 1, ended_at = $6 "
        "WHERE l.driver_id = $1 AND l.id = $2 AND l.version = $3 AND l.state = 'live' RETURNING "
        "l.driver_id, l.id, l.version, l.move), "
        "noted AS (INSERT INTO licence_event (driver_id, licence_id, version, move, event, at) "
        "SELECT driver_id, id, version, move, $5, $6 FROM moved) SELECT 1 FROM moved",
        driver_id.uuid, number.licence_id.uuid, number.version, target.value, event.value, now,
    )  # fmt: skip
    return bool(moved)


async def supersede(
    tx: Connection, drivers: Sequence[DriverId], now: datetime
) -> list[tuple[DriverId, CredentialId, StatusPlace]]:
    """The live versions of these drivers and their credentials end for a new version; places of those
    credentials.

    The caller holds the licences and makes the new versions live in the same transaction.
    """
    licence_target = LICENCE.step(LicenceState.LIVE, LicenceEvent.NEW_VERSION_LIVE)
    credential_target = CREDENTIAL.step(CredentialState.LIVE, CredentialEvent.REPLACED)
    asked = [driver.uuid for driver in drivers]
    await tx.execute(
        "WITH moved AS (UPDATE licence AS l SET state = $2, move = l.move + 1, ended_at = $4 "
        "WHERE l.driver_id = ANY($1::uuid[]) AND l.state = 'live' RETURNING l.driver_id, l.id, l.version, "
        "l.move) "
        "INSERT INTO licence_event (driver_id, licence_id, version, move, event, at) "
        "SELECT driver_id, id, version, move, $3, $4 FROM moved",
        asked, licence_target.value, LicenceEvent.NEW_VERSION_LIVE.value, now,
    )  # fmt: skip
    rows = await tx.fetch(
        "WITH moved AS (UPDATE credential AS c SET state = $2, move = c.move + 1, ended_at = $4 "
        "WHERE c.driver_id = ANY($1::uuid[]) AND c.state = 'live' RETURNING c.driver_id, c.id, c.move, "
        "c.list_id, c.list_index), "
        "noted AS (INSERT INTO credential_event (driver_id, credential_id, move, event, at) "
        "SELECT driver_id, id, move, $3, $4 FROM moved) SELECT driver_id, id, list_id, list_index FROM moved",
        asked, credential_target.value, CredentialEvent.REPLACED.value, now,
    )  # fmt: skip
    return [
        (DriverId(row["driver_id"]), CredentialId(row["id"]), StatusPlace(row["list_id"], row["list_index"]))
        for row in rows
    ]


async def replace_on_phones(
    tx: Connection, coming: Sequence[tuple[DriverId, CredentialId, PhoneKeyId]], now: datetime
) -> list[StatusPlace]:
    """Live credentials of the same phones end for the renewed ones in `coming`; their places."""
    target = CREDENTIAL.step(CredentialState.LIVE, CredentialEvent.REPLACED)
    rows = await tx.fetch(
        "WITH moved AS (UPDATE credential AS c SET state = $4, move = c.move + 1, ended_at = $6 "
        "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n (driver_id, id, phone_key_id) "
        "WHERE c.driver_id = n.driver_id AND c.phone_key_id = n.phone_key_id AND c.id <> n.id AND c.state = "
        "'live' "
        "RETURNING c.driver_id, c.id, c.move, c.list_id, c.list_index), "
        "noted AS (INSERT INTO credential_event (driver_id, credential_id, move, event, at) "
        "SELECT driver_id, id, move, $5, $6 FROM moved) SELECT list_id, list_index FROM moved",
        [driver.uuid for driver, _, _ in coming], [credential.uuid for _, credential, _ in coming],
        [key.uuid for _, _, key in coming], target.value, CredentialEvent.REPLACED.value, now,
    )  # fmt: skip
    return [StatusPlace(row["list_id"], row["list_index"]) for row in rows]


async def end_phone(tx: Connection, driver_id: DriverId, phone_key_id: PhoneKeyId, now: datetime) -> None:
    """The phone key has ended for good: no draft made before this was heard becomes live."""
    await tx.execute(
        "INSERT INTO ended_phone_key (driver_id, phone_key_id, ended_at) VALUES ($1, $2, $3) "
        "ON CONFLICT (driver_id, phone_key_id) DO NOTHING",
        driver_id.uuid,
        phone_key_id.uuid,
        now,
    )


async def expiring(tx: Connection, before: datetime, limit: int) -> list[Credential]:
    """Live credentials that expire before an instant and whose slot has nothing coming; a report over all
    drivers.
    """
    rows = await tx.fetch(
        "SELECT c.driver_id, c.id, c.licence_id, c.licence_version, c.state, c.slot, c.phone_key_id, "
        "c.list_id, c.list_index, "
        "c.octets, c.signature, c.expires_at FROM credential AS c WHERE c.state = 'live' AND c.expires_at < "
        "$1 "
        "AND NOT EXISTS (SELECT 1 FROM credential AS n WHERE n.driver_id = c.driver_id AND n.slot = c.slot "
        "AND n.state IN ('requested', 'drafted')) ORDER BY c.expires_at LIMIT $2",
        before,
        limit,
    )
    return [_credential(row) for row in rows]


async def phone_of(tx: Connection, credential: Credential) -> Phone:
    """The phone key a credential is bound to."""
    octets = await tx.fetchval(
        "SELECT phone_key FROM credential WHERE driver_id = $1 AND id = $2",
        credential.driver_id.uuid,
        credential.id.uuid,
    )
    return Phone(credential.phone_key_id, octets)
