"""Every statement on verifier, verification and short_code, and the one statement that verifies.

That one reads the driver register, licences and credentials too, which are other contexts' tables: live
standing, first showing and the audit entry must be one statement, for speed and so that nothing comes
between what was read and what was recorded. It is the only place where a store reads beyond its own tables.
Looks that wait at the same time go together (look_queue.py). Where tables are sharded, one look goes at a
time, and `status_entry`, which is kept by list, is read by a statement of its own first; everything else here
is kept by driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from liangzheng import audit
from liangzheng.infra.epochs import UNCERTAIN
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import DriverId, LicenceId, VerificationId, VerifierId
from liangzheng.kernel.pages import Place
from liangzheng.showing.model import Verifier, VerifierKind

_RECORD = audit.insert_from(
    "FROM found LEFT JOIN shown USING (driver_id, shown_at, code_hash)",
    scope="driver_id",
    id="found.verification_id",  # a look is recorded once: its entry has its id
    at="found.at",
    act="'code.verified'",
    actor_kind="CASE WHEN found.duty IS NULL THEN 'verifier' ELSE 'staff' END",
    actor="found.verifier_id",
    subject_kind="'vrf'",
    subject="found.verification_id",
    purpose="found.purpose",
    detail="jsonb_build_object('class', found.class_asked, 'credential', found.credential_state, "
    "'as_issued', found.as_issued, 'standing_version', found.standing_version, "
    "'first', shown.verification_id = found.verification_id) "
    "|| CASE WHEN found.duty IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('duty', found.duty) END",
)

_VERIFY: Final = f"""
WITH asked AS (
    SELECT a.*, r.verifier_id IS NOT NULL AS active
      FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::bytea[], $5::timestamptz[], $6::bytea[],
                  $7::uuid[], $8::text[], $9::timestamptz[], $10::text[], $11::text[], $12::text[])
           WITH ORDINALITY AS a (verifier_id, list_id, list_index, octets, shown_at, code_hash,
                  verification_id, request_key, at, purpose, class_asked, duty, n)
      LEFT JOIN verifier AS r ON r.verifier_id = a.verifier_id AND r.state = 'active'
), found AS (
    SELECT a.n, a.verifier_id, a.shown_at, a.code_hash, a.verification_id, a.request_key, a.at, a.purpose,
           a.class_asked, a.duty,
           d.driver_id, d.standing_version, d.status, d.points, d.classes, d.valid_from, d.valid_until,
           d.extended_until, d.issuing_authority, d.name, d.document_number, d.sex,
           c.licence_id, c.licence_version, c.state AS credential_state, l.state AS licence_state,
           c.octets IS NOT DISTINCT FROM a.octets AS as_issued
      FROM asked AS a
      JOIN status_entry AS s ON s.list_id = a.list_id AND s.list_index = a.list_index
      JOIN credential AS c ON c.driver_id = s.driver_id AND c.id = s.credential_id
      JOIN licence AS l ON l.driver_id = c.driver_id AND l.id = c.licence_id AND l.version = c.licence_version
      JOIN driver AS d ON d.driver_id = s.driver_id
     WHERE a.active
), shown AS (
    INSERT INTO verification AS v
           (driver_id, shown_at, code_hash, verification_id, verifier_id, request_key, at, licence_id,
            licence_version, purpose, class_asked, credential_state, standing_version, status, points)
    SELECT driver_id, shown_at, code_hash, verification_id, verifier_id, request_key, at, licence_id,
           licence_version, purpose, class_asked, credential_state, standing_version, status, points
      FROM found WHERE as_issued
     ORDER BY driver_id, shown_at, code_hash  -- two statements with the same showings wait, and never for each other
    -- Nothing is changed: the update makes the row that came first visible here, also if it came just now.
    ON CONFLICT (driver_id, shown_at, code_hash) DO UPDATE SET at = v.at
    RETURNING driver_id, shown_at, code_hash, verification_id, verifier_id, request_key
), recorded AS (
    {_RECORD}
)
SELECT a.n, a.active, f.driver_id, f.standing_version, f.status, f.points, f.classes, f.valid_from,
       f.valid_until, f.extended_until, f.issuing_authority, f.name, f.document_number, f.sex, f.licence_id,
       f.licence_version, f.credential_state, f.licence_state, f.as_issued, s.verification_id,
       s.verifier_id = a.verifier_id AND s.request_key = a.request_key AS same_request,
       {UNCERTAIN} AS uncertain
  FROM asked AS a
  LEFT JOIN found AS f ON f.n = a.n
  LEFT JOIN shown AS s ON s.driver_id = f.driver_id AND s.shown_at = f.shown_at AND s.code_hash = f.code_hash
"""


class Look(NamedTuple):
    """What is asked and recorded when a genuine, fresh code is verified online."""

    verifier: VerifierId
    status_list: int
    status_index: int
    credential_octets: bytes
    shown_at: datetime
    code_hash: bytes
    verification_id: VerificationId
    request_key: str
    purpose: str
    class_asked: str | None
    at: datetime
    duty: str | None = None
    """Under which a member of staff verifies; None for a terminal or a company."""


class Found(NamedTuple):
    """The live register's word, and what became of the showing. `as_issued`: these very octets were."""

    driver_id: DriverId
    standing_version: int
    status: str
    points: int
    classes: str
    valid_from: date
    valid_until: date | None
    extended_until: date | None
    authority: str
    name: str
    document_number: str
    sex: int
    licence_id: LicenceId
    licence_version: int
    credential_state: str
    licence_state: str
    as_issued: bool
    verification_id: VerificationId | None
    same_request: bool
    uncertain: bool = False
    """The register is that of a backup and was not read again yet."""

    def __repr__(self) -> str:
        return "Found(…)"  # it holds a name and a number


class Missing(Enum):
    """Why a look found nothing. Of an ended caller's look nothing was written; nor of one at nothing."""

    CALLER_ENDED = "caller ended"
    NOT_ISSUED = "not issued"


async def verify(tx: Connection, looks: Sequence[Look]) -> list[Found | Missing]:
    """One round trip and one transaction: read live, record the showings and the entries, in the order of
    `looks`.

    Outside a transaction of the caller's. No showing may stand in `looks` twice.
    """
    rows = await tx.fetch(
        _VERIFY,
        [look.verifier.uuid for look in looks],
        [look.status_list for look in looks],
        [look.status_index for look in looks],
        [look.credential_octets for look in looks],
        [look.shown_at for look in looks],
        [look.code_hash for look in looks],
        [look.verification_id.uuid for look in looks],
        [look.request_key for look in looks],
        [look.at for look in looks],
        [look.purpose for look in looks],
        [look.class_asked for look in looks],
        [look.duty for look in looks],
    )
    return [_answered(row) for row in sorted(rows, key=lambda row: cast(int, row["n"]))]


def _answered(row: Row) -> Found | Missing:
    if row["driver_id"] is not None:
        return _found(row)
    return Missing.NOT_ISSUED if row["active"] else Missing.CALLER_ENDED


def _found(row: Row) -> Found:
    verification = row["verification_id"]
    return Found(
        driver_id=DriverId(row["driver_id"]),
        standing_version=row["standing_version"],
        status=row["status"],
        points=row["points"],
        classes=row["classes"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        extended_until=row["extended_until"],
        authority=row["issuing_authority"],
        name=row["name"],
        document_number=row["document_number"],
        sex=row["sex"],
        licence_id=LicenceId(row["licence_id"]),
        licence_version=row["licence_version"],
        credential_state=row["credential_state"],
        licence_state=row["licence_state"],
        as_issued=row["as_issued"],
        verification_id=None if verification is None else VerificationId(verification),
        same_request=bool(row["same_request"]),
        uncertain=row["uncertain"],
    )


# --- what was recorded -------------------------------------------------------------------------------


async def portrait_hash(
    tx: Connection, driver_id: DriverId, verification: VerificationId, caller: VerifierId, since: datetime
) -> tuple[bytes, str] | None:
    """SHA-256 of the portrait the verified licence was issued with, for the same verifier and a showing
    after `since` only, and the purpose of that verification."""
    row = await tx.fetchrow(
        "SELECT l.portrait_hash, v.purpose FROM verification AS v "
        "JOIN licence AS l "
        "ON l.driver_id = v.driver_id AND l.id = v.licence_id AND l.version = v.licence_version "
        "WHERE v.driver_id = $1 AND v.verification_id = $2 AND v.verifier_id = $3 AND v.shown_at > $4 "
        "AND v.credential_state = 'live' "
        # A token is known for half a minute; an ended verifier sees no portrait in it.
        "AND EXISTS (SELECT 1 FROM verifier AS r WHERE r.verifier_id = v.verifier_id AND r.state = 'active')",
        driver_id.uuid,
        verification.uuid,
        caller.uuid,
        since,
    )
    return None if row is None or row["portrait_hash"] is None else (row["portrait_hash"], row["purpose"])


async def verified_by(
    tx: Connection, driver_id: DriverId, verification: VerificationId, caller: VerifierId, since: datetime
) -> bool:
    """Whether this verifier verified a live code of this driver, shown after `since`, and is active still."""
    return bool(
        await tx.fetchval(
            "SELECT true FROM verification AS v JOIN verifier AS r ON r.verifier_id = v.verifier_id "
            "WHERE v.driver_id = $1 AND v.verification_id = $2 AND v.verifier_id = $3 AND v.shown_at > $4 "
            "AND v.credential_state = 'live' AND r.state = 'active'",
            driver_id.uuid,
            verification.uuid,
            caller.uuid,
            since,
        )
    )


async def looks_at(tx: Connection, driver_id: DriverId, before: Place, limit: int) -> list[Row]:
    """Who verified this driver's codes, newest first: verification_id, at, shown_at, name and kind of the
    verifier, purpose, class_asked."""
    return await tx.fetch(
        "SELECT v.verification_id, v.at, v.shown_at, v.purpose, v.class_asked, r.name, r.kind "
        "FROM verification AS v JOIN verifier AS r ON r.verifier_id = v.verifier_id "
        "WHERE v.driver_id = $1 AND (v.shown_at, v.verification_id) < ($2, $3) "
        "ORDER BY v.shown_at DESC, v.verification_id DESC LIMIT $4",
        driver_id.uuid,
        before.at,
        before.id,
        limit,
    )


async def forget_looks(tx: Connection, before: datetime, limit: int) -> int:
    """Drops verifications made before an instant, oldest first, at most `limit`; how many. Their audit entries stay."""
    return _count(
        await tx.execute(
            "DELETE FROM verification WHERE (driver_id, shown_at, code_hash) IN ("
            "SELECT driver_id, shown_at, code_hash FROM verification WHERE at < $1 ORDER BY at LIMIT $2)",
            before,
            limit,
        )
    )


async def driver_at(tx: Connection, status_list: int, status_index: int) -> DriverId | None:
    """The driver whose live credential has this place in a status list."""
    found = await tx.fetchval(
        "SELECT c.driver_id FROM status_entry AS s "
        "JOIN credential AS c ON c.driver_id = s.driver_id AND c.id = s.credential_id "
        "WHERE s.list_id = $1 AND s.list_index = $2 AND c.state = 'live'",
        status_list,
        status_index,
    )
    return None if found is None else DriverId(found)


# --- short codes -------------------------------------------------------------------------------------


async def add_short_code(
    tx: Connection, digits: str, code: bytes, now: datetime, lives_for: timedelta
) -> bool:
    """Whether these digits were free, or their last use over; then they stand for `code` from now on."""
    return bool(
        await tx.fetchval(
            "INSERT INTO short_code AS s (digits, code, made_at, expires_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (digits) DO UPDATE SET code = excluded.code, made_at = excluded.made_at, "
            "expires_at = excluded.expires_at, used_by = NULL, request_key = NULL "
            "WHERE s.expires_at <= $3 RETURNING true",
            digits,
            code,
            now,
            now + lives_for,
        )
    )


async def use_short_code(
    tx: Connection, digits: str, caller: VerifierId, request_key: str, now: datetime
) -> tuple[bytes, datetime] | None:
    """The code and when the holder made the digits; once, or again for the same verifier and request. None:
    unknown, over or used."""
    row = await tx.fetchrow(
        "UPDATE short_code SET used_by = $2, request_key = $3 "
        "WHERE digits = $1 AND made_at <= $4 AND expires_at > $4 "
        "AND (used_by IS NULL OR (used_by = $2 AND request_key = $3)) "
        # One that was ended uses up nobody's digits.
        "AND EXISTS (SELECT 1 FROM verifier AS r WHERE r.verifier_id = $2 AND r.state = 'active') RETURNING code, made_at",
        digits,
        caller.uuid,
        request_key,
        now,
    )
    return None if row is None else (row["code"], row["made_at"])


async def forget_short_codes(tx: Connection, now: datetime, limit: int) -> int:
    """Drops what is over, at most `limit`; how many."""
    return _count(
        await tx.execute(
            "DELETE FROM short_code WHERE digits IN (SELECT digits FROM short_code WHERE expires_at <= $1 LIMIT $2)",
            now,
            limit,
        )
    )


# --- verifiers ---------------------------------------------------------------------------------------


async def add_verifier(tx: Connection, verifier: Verifier, token_hash: bytes, now: datetime) -> None:
    """A new caller; its token is known by its hash only."""
    await tx.execute(
        "INSERT INTO verifier (verifier_id, name, kind, token_hash, state, created_at) "
        "VALUES ($1, $2, $3, $4, 'active', $5)",
        verifier.id.uuid,
        verifier.name,
        verifier.kind.value,
        token_hash,
        now,
    )


async def keep_verifier(
    tx: Connection, verifier: Verifier, active: bool, token_hash: bytes, now: datetime
) -> None:
    """A member of staff or a company as a verifier: added, or under another name, active or ended. `token_hash` is
    nobody's token."""
    await tx.execute(
        "INSERT INTO verifier (verifier_id, name, kind, token_hash, state, created_at) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (verifier_id) DO UPDATE SET name = $2, state = $5",
        verifier.id.uuid,
        verifier.name,
        verifier.kind.value,
        token_hash,
        "active" if active else "ended",
        now,
    )


async def verifier_with_hash(tx: Connection, verifier_id: VerifierId) -> tuple[Verifier, bytes] | None:
    """An active verifier and its token's hash."""
    row = await tx.fetchrow(
        "SELECT verifier_id, name, kind, token_hash FROM verifier "
        "WHERE verifier_id = $1 AND state = 'active'",
        verifier_id.uuid,
    )
    return None if row is None else (_verifier(row), row["token_hash"])


async def verifiers(tx: Connection) -> list[tuple[Verifier, str, datetime]]:
    """Every verifier with its state and when it was made, oldest first."""
    rows = await tx.fetch(
        "SELECT verifier_id, name, kind, state, created_at FROM verifier ORDER BY verifier_id"
    )
    return [(_verifier(row), row["state"], row["created_at"]) for row in rows]


async def end_verifier(tx: Connection, verifier_id: VerifierId) -> bool:
    """Whether an active verifier was ended by this call."""
    ended = await tx.execute(
        "UPDATE verifier SET state = 'ended' WHERE verifier_id = $1 AND state = 'active'", verifier_id.uuid
    )
    return _count(ended) == 1


def _verifier(row: Row) -> Verifier:
    return Verifier(VerifierId(cast(UUID, row["verifier_id"])), row["name"], VerifierKind(row["kind"]))


def _count(command_tag: Any) -> int:
    return int(str(command_tag).rsplit(" ", 1)[1])


async def looks_between(
    tx: Connection, since: datetime, until: datetime, limit: int
) -> list[tuple[DriverId, datetime]]:
    """Whose code was verified after `since` and not after `until`, in order of time; `limit` and those at one time with
    the last."""
    rows = await tx.fetch(
        "SELECT driver_id, at FROM verification WHERE at > $1 AND at <= $2 ORDER BY at "
        "FETCH FIRST ($3) ROWS WITH TIES",
        since, until, limit,
    )  # fmt: skip
    return [(DriverId(row["driver_id"]), row["at"]) for row in rows]
