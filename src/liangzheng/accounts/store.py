"""Every SQL statement of accounts. Rows become model values here; each statement carries its shard key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from liangzheng.accounts.lifecycle import State
from liangzheng.accounts.model import (
    Account,
    Caller,
    FaceCheck,
    Level,
    Person,
    PhoneKey,
    Purpose,
    Session,
)
from liangzheng.infra.attempts import Attempts
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import (
    ApplicationId,
    DriverId,
    FaceCheckId,
    HeldActId,
    Id,
    PersonId,
    PhoneKeyId,
    SessionId,
)
from liangzheng.kernel.people import IdentityKind, IdentityNumber, Mobile, PersonName

# --- people -----------------------------------------------------------------------------------------


async def add_person(tx: Connection, person: Person, mobile: Mobile, password_hash: str) -> None:
    """The person and their account."""
    await tx.execute(
        """
        INSERT INTO person (person_id, created_at, driver_id, real_name_checked_at, level,
                            identity_kind, identity_number, name)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        person.person_id.uuid, person.created_at, person.driver_id and person.driver_id.uuid,
        person.real_name_checked_at, int(person.level), person.identity.kind.value, person.identity.value,
        person.name.value,
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO account (person_id, created_at, mobile, password_hash) VALUES ($1, $2, $3, $4)",
        person.person_id.uuid, person.created_at, mobile.value, password_hash,
    )  # fmt: skip


async def find_person(tx: Connection, person_id: PersonId, *, for_update: bool = False) -> Person | None:
    """The person; `for_update` makes everybody else who asks that way wait for this transaction."""
    row = await tx.fetchrow(
        "SELECT * FROM person WHERE person_id = $1" + (" FOR NO KEY UPDATE" if for_update else ""),
        person_id.uuid,
    )
    return _person(row) if row is not None else None


async def find_account(tx: Connection, person_id: PersonId) -> Account | None:
    """The person with their mobile; None when the account is closed."""
    row = await tx.fetchrow(
        """
        SELECT p.*, a.mobile FROM person p JOIN account a ON a.person_id = p.person_id
         WHERE p.person_id = $1 AND a.closed_at IS NULL
        """,
        person_id.uuid,
    )
    return Account(_person(row), Mobile(row["mobile"])) if row is not None else None


async def bind_driver(tx: Connection, driver_id: DriverId, person_id: PersonId, now: datetime) -> bool:
    """The driver is this person's; False when it is another's."""
    holder = await tx.fetchval(
        """
        INSERT INTO driver_person (driver_id, person_id, bound_at) VALUES ($1, $2, $3)
        ON CONFLICT (driver_id) DO NOTHING RETURNING person_id
        """,
        driver_id.uuid, person_id.uuid, now,
    )  # fmt: skip
    if holder is None:
        holder = await tx.fetchval("SELECT person_id FROM driver_person WHERE driver_id = $1", driver_id.uuid)
    return bool(holder == person_id.uuid)


async def find_person_of(tx: Connection, driver_id: DriverId) -> PersonId | None:
    """Whose driver this is; None while nobody with an account has shown the face."""
    found = await tx.fetchval("SELECT person_id FROM driver_person WHERE driver_id = $1", driver_id.uuid)
    return PersonId(found) if found is not None else None


async def keep_real_name(tx: Connection, person_id: PersonId, driver_id: DriverId, now: datetime) -> None:
    """Level 1 with its driver. Only a person without one gets one."""
    status = await tx.execute(
        """
        UPDATE person SET driver_id = $2, real_name_checked_at = $3, level = 1
         WHERE person_id = $1 AND driver_id IS NULL
        """,
        person_id.uuid, driver_id.uuid, now,
    )  # fmt: skip
    _moved(status)


async def keep_verified(tx: Connection, person_id: PersonId, level: Level, now: datetime) -> None:
    """At least that level, by somebody or something that looked at the face now."""
    await tx.execute(
        """
        UPDATE person SET level = greatest(level, $2), face_checked_at = $3 WHERE person_id = $1 AND level >= 1
        """,
        person_id.uuid, int(level), now,
    )  # fmt: skip


# --- logging in -------------------------------------------------------------------------------------


async def find_password(tx: Connection, person_id: PersonId) -> str | None:
    """The argon2id text."""
    found: str | None = await tx.fetchval(
        "SELECT password_hash FROM account WHERE person_id = $1", person_id.uuid
    )
    return found


async def replace_password_hash(tx: Connection, person_id: PersonId, old: str, new: str) -> None:
    """The same password under new parameters, unless it was changed meanwhile."""
    await tx.execute(
        "UPDATE account SET password_hash = $3 WHERE person_id = $1 AND password_hash = $2",
        person_id.uuid, old, new,
    )  # fmt: skip


async def set_password(tx: Connection, person_id: PersonId, password_hash: str | None) -> None:
    """The account opens with another password, or with none until it is reset."""
    await tx.execute(
        "UPDATE account SET password_hash = $2 WHERE person_id = $1 AND closed_at IS NULL",
        person_id.uuid, password_hash,
    )  # fmt: skip


async def has_second_factor(tx: Connection, person_id: PersonId) -> bool:
    """Whether the person wants a one-time code asked for besides the password."""
    return bool(await tx.fetchval("SELECT second_factor FROM account WHERE person_id = $1", person_id.uuid))


async def set_second_factor(tx: Connection, person_id: PersonId, wanted: bool) -> None:
    """A one-time code is asked for besides the password, or not."""
    await tx.execute("UPDATE account SET second_factor = $2 WHERE person_id = $1", person_id.uuid, wanted)


ATTEMPTS: Final = Attempts("log_in_attempt", "mobile_hash", "for this mobile")


async def add_session(tx: Connection, session: Session) -> None:
    """The login is kept."""
    await tx.execute(
        """
        INSERT INTO session (person_id, id, opened_at, seen_at, expires_at, phone_offset_ms, token_hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        session.person_id.uuid, session.session_id.uuid, session.opened_at, session.seen_at,
        session.expires_at, session.phone_offset_ms, session.token_hash,
    )  # fmt: skip


async def end_oldest_sessions(tx: Connection, person_id: PersonId, keep: int, now: datetime) -> None:
    """At most the `keep` youngest logins of a person stay."""
    await tx.execute(
        """
        UPDATE session SET ended_at = $3
         WHERE person_id = $1 AND id IN (
               SELECT id FROM session WHERE person_id = $1 AND ended_at IS NULL ORDER BY id DESC OFFSET $2)
        """,
        person_id.uuid, keep, now,
    )  # fmt: skip


async def touch_session(tx: Connection, session: Session, now: datetime, phone_offset_ms: int | None) -> None:
    """Used now; the last measured clock offset stays when none was measured."""
    await tx.execute(
        """
        UPDATE session SET seen_at = $3, phone_offset_ms = coalesce($4, phone_offset_ms)
         WHERE person_id = $1 AND id = $2 AND seen_at < $3
        """,
        session.person_id.uuid, session.session_id.uuid, now, phone_offset_ms,
    )  # fmt: skip


async def keep_proof(tx: Connection, person_id: PersonId, session_id: SessionId, now: datetime) -> None:
    """Whoever uses this login has just proved that it is them."""
    await tx.execute(
        "UPDATE session SET proved_at = $3 WHERE person_id = $1 AND id = $2 AND ended_at IS NULL",
        person_id.uuid, session_id.uuid, now,
    )  # fmt: skip


async def end_session(tx: Connection, person_id: PersonId, session_id: SessionId, now: datetime) -> bool:
    """Logged out; False when it was already."""
    status = await tx.execute(
        "UPDATE session SET ended_at = $3 WHERE person_id = $1 AND id = $2 AND ended_at IS NULL",
        person_id.uuid, session_id.uuid, now,
    )  # fmt: skip
    return status == "UPDATE 1"


async def sessions_of(tx: Connection, person_id: PersonId, now: datetime) -> list[Session]:
    """Logins that have not ended, newest first."""
    rows = await tx.fetch(
        "SELECT * FROM session WHERE person_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY id DESC",
        person_id.uuid, now,
    )  # fmt: skip
    return [_session(row) for row in rows]


async def end_sessions(tx: Connection, person_id: PersonId, but: SessionId | None, now: datetime) -> int:
    """Every login ends, except `but`; how many did."""
    status = await tx.execute(
        """
        UPDATE session SET ended_at = $3
         WHERE person_id = $1 AND id IS DISTINCT FROM $2 AND ended_at IS NULL
        """,
        person_id.uuid, but and but.uuid, now,
    )  # fmt: skip
    return int(status.split()[1])


# --- face checks ------------------------------------------------------------------------------------


async def add_face_check(tx: Connection, check: FaceCheck) -> None:
    """A fresh challenge."""
    await tx.execute(
        """
        INSERT INTO face_check (person_id, id, begun_at, expires_at, move, state, purpose, engine,
                                engine_version, calibrated, simulated, nonce, steps, reasons)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """,
        check.person_id.uuid, check.face_check_id.uuid, check.begun_at, check.expires_at, check.move,
        check.state.value, check.purpose.value, check.engine, check.engine_version, check.calibrated,
        check.simulated, check.nonce, list(check.steps), list(check.reasons),
    )  # fmt: skip


async def find_face_check(
    tx: Connection, person_id: PersonId, face_check_id: FaceCheckId, *, for_update: bool = False
) -> FaceCheck | None:
    """The check, if it is this person's."""
    row = await tx.fetchrow(
        "SELECT * FROM face_check WHERE person_id = $1 AND id = $2" + (" FOR UPDATE" if for_update else ""),
        person_id.uuid, face_check_id.uuid,
    )  # fmt: skip
    return face_check_of(row) if row is not None else None


async def face_checks_of(tx: Connection, person_id: PersonId) -> list[FaceCheck]:
    """A person's checks, newest first, at most 500."""
    rows = await tx.fetch(
        "SELECT * FROM face_check WHERE person_id = $1 ORDER BY begun_at DESC, id DESC LIMIT 500",
        person_id.uuid,
    )
    return [face_check_of(row) for row in rows]


async def count_face_checks(tx: Connection, person_id: PersonId, since: datetime) -> tuple[int, int]:
    """How many a person began since then, and how many of the latest in a row failed."""
    rows = await tx.fetch(
        "SELECT state FROM face_check WHERE person_id = $1 AND begun_at > $2 ORDER BY begun_at DESC, id DESC",
        person_id.uuid, since,
    )  # fmt: skip
    failures = 0
    for row in rows:
        if row["state"] == State.FAILED.value:
            failures += 1
        elif row["state"] in (State.PASSED.value, State.CONSUMED.value):
            break
    return len(rows), failures


async def keep_submission(tx: Connection, check: FaceCheck, target: State, submission_hash: bytes) -> None:
    """The nonce is spent. Raises Conflict when another submission came first."""
    status = await tx.execute(
        """
        UPDATE face_check SET state = $5, submission_hash = $6, move = move + 1
         WHERE person_id = $1 AND id = $2 AND state = $3 AND move = $4
        """,
        check.person_id.uuid, check.face_check_id.uuid, check.state.value, check.move, target.value,
        submission_hash,
    )  # fmt: skip
    _moved(status)


async def seen_frames(tx: Connection, person_id: PersonId, hashes: Sequence[bytes]) -> set[bytes]:
    """Which of these pictures the person has sent before."""
    rows = await tx.fetch(
        "SELECT frame_hash FROM face_frame WHERE person_id = $1 AND frame_hash = ANY ($2::bytea[])",
        person_id.uuid, list(hashes),
    )  # fmt: skip
    return {bytes(row["frame_hash"]) for row in rows}


async def add_frames(tx: Connection, check: FaceCheck, hashes: Sequence[bytes], now: datetime) -> None:
    """Hashes of the pictures, never the pictures."""
    await tx.execute(
        """
        INSERT INTO face_frame (person_id, frame_hash, face_check_id, seen_at)
        SELECT $1, hash, $2, $4 FROM unnest($3::bytea[]) AS h (hash)
        ON CONFLICT (person_id, frame_hash) DO NOTHING
        """,
        check.person_id.uuid, check.face_check_id.uuid, list(set(hashes)), now,
    )  # fmt: skip


async def keep_judgement(
    tx: Connection,
    check: FaceCheck,
    target: State,
    now: datetime,
    *,
    usable_until: datetime | None,
    reasons: Sequence[str],
    liveness: str | None = None,
    score: float | None = None,
    decided_by: tuple[str, UUID | None] | None = None,
) -> None:
    """What the engine, or the person who decided, found. Raises Conflict for a stale mover."""
    kind, who = decided_by or (None, None)
    status = await tx.execute(
        """
        UPDATE face_check
           SET state = $5, judged_at = $6, usable_until = $7, reasons = $8, move = move + 1,
               liveness = coalesce($9, liveness), score = coalesce($10, score),
               decided_by_kind = $11, decided_by = $12
         WHERE person_id = $1 AND id = $2 AND state = $3 AND move = $4
        """,
        check.person_id.uuid, check.face_check_id.uuid, check.state.value, check.move, target.value, now,
        usable_until, list(reasons), liveness, score, kind, who,
    )  # fmt: skip
    _moved(status)


async def consume_face_check(tx: Connection, check: FaceCheck, subject: Id) -> None:
    """Used up by `subject`. Raises Conflict when something else was faster."""
    status = await tx.execute(
        """
        UPDATE face_check SET state = $5, consumed_kind = $6, consumed_by = $7, move = move + 1
         WHERE person_id = $1 AND id = $2 AND state = $3 AND move = $4
        """,
        check.person_id.uuid, check.face_check_id.uuid, check.state.value, check.move,
        State.CONSUMED.value, subject.prefix, subject.uuid,
    )  # fmt: skip
    _moved(status)


async def unused_face_checks(tx: Connection, person_id: PersonId, states: Sequence[State]) -> list[FaceCheck]:
    """A person's checks in these states; locked."""
    rows = await tx.fetch(
        "SELECT * FROM face_check WHERE person_id = $1 AND state = ANY ($2::text[]) ORDER BY id FOR UPDATE",
        person_id.uuid, [state.value for state in states],
    )  # fmt: skip
    return [face_check_of(row) for row in rows]


async def void_face_check(tx: Connection, check: FaceCheck, target: State) -> None:
    """It comes to nothing; what was measured is forgotten. Raises Conflict for a stale mover."""
    status = await tx.execute(
        """
        UPDATE face_check SET state = $5, usable_until = NULL, score = NULL, move = move + 1
         WHERE person_id = $1 AND id = $2 AND state = $3 AND move = $4
        """,
        check.person_id.uuid, check.face_check_id.uuid, check.state.value, check.move, target.value,
    )  # fmt: skip
    _moved(status)


# --- phone keys -------------------------------------------------------------------------------------


async def add_phone_key_challenge(
    tx: Connection, person_id: PersonId, nonce: bytes, expires_at: datetime
) -> None:
    """A nonce to be signed."""
    await tx.execute(
        "INSERT INTO phone_key_challenge (person_id, nonce, expires_at) VALUES ($1, $2, $3)",
        person_id.uuid, nonce, expires_at,
    )  # fmt: skip


async def use_phone_key_challenge(tx: Connection, person_id: PersonId, nonce: bytes, now: datetime) -> bool:
    """The nonce is spent; False when it is not this person's, was spent before or is too old."""
    status = await tx.execute(
        """
        UPDATE phone_key_challenge SET used_at = $3
         WHERE person_id = $1 AND nonce = $2 AND used_at IS NULL AND expires_at > $3
        """,
        person_id.uuid, nonce, now,
    )  # fmt: skip
    return status == "UPDATE 1"


async def phone_keys(tx: Connection, person_id: PersonId, *, ended_too: bool = False) -> list[PhoneKey]:
    """By slot, live ones; with `ended_too` every one, oldest first."""
    rows = await tx.fetch(
        "SELECT * FROM phone_key WHERE person_id = $1 AND ($2 OR ended_at IS NULL) ORDER BY slot, id",
        person_id.uuid, ended_too,
    )  # fmt: skip
    return [phone_key_of(row) for row in rows]


async def find_phone_key(tx: Connection, person_id: PersonId, phone_key_id: PhoneKeyId) -> PhoneKey | None:
    """The key, live or ended, if it is this person's."""
    row = await tx.fetchrow(
        "SELECT * FROM phone_key WHERE person_id = $1 AND id = $2", person_id.uuid, phone_key_id.uuid
    )
    return phone_key_of(row) if row is not None else None


async def add_phone_key(tx: Connection, key: PhoneKey) -> None:
    """Bound. The slot's and the key's own constraints raise Conflict through the transaction."""
    await tx.execute(
        """
        INSERT INTO phone_key (person_id, id, bound_at, slot, label, public_key)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        key.person_id.uuid, key.phone_key_id.uuid, key.bound_at, key.slot, key.label, key.public_key,
    )  # fmt: skip


async def end_phone_key(tx: Connection, key: PhoneKey, replaced_by: PhoneKeyId | None, now: datetime) -> bool:
    """Ended; False when it was already."""
    status = await tx.execute(
        """
        UPDATE phone_key SET ended_at = $3, replaced_by = $4
         WHERE person_id = $1 AND id = $2 AND ended_at IS NULL
        """,
        key.person_id.uuid, key.phone_key_id.uuid, now, replaced_by and replaced_by.uuid,
    )  # fmt: skip
    return status == "UPDATE 1"


async def keep_use(tx: Connection, person_id: PersonId, public_key: bytes, on: date) -> None:
    """Used on that day; a day that is kept already, or a later one, is not written again."""
    await tx.execute(
        """
        UPDATE phone_key SET used_on = $3
         WHERE person_id = $1 AND public_key = $2 AND ended_at IS NULL AND (used_on IS NULL OR used_on < $3)
        """,
        person_id.uuid, public_key, on,
    )  # fmt: skip


CONSTRAINTS = {
    "phone_key_slot": "three phones are bound already: replace or end one",
    "passkey_once": "this passkey is there already",
    "held_act_one": "one of these waits already: stop it first",
    "phone_key_once": "this key was bound before: make a new one in the phone",
}
"""Constraint → what its breach means, for `Database.transaction`."""


# --- rows to values ---------------------------------------------------------------------------------

_CONSUMERS: dict[str, type[Id]] = {kind.prefix: kind for kind in (ApplicationId, PhoneKeyId, HeldActId)}


def _moved(status: str) -> None:
    if status != "UPDATE 1":
        raise Conflict("another change came first; read again and retry")


def _person(row: Row) -> Person:
    return Person(
        person_id=PersonId(row["person_id"]),
        identity=IdentityNumber(IdentityKind(row["identity_kind"]), row["identity_number"]),
        name=PersonName(row["name"]),
        level=Level(row["level"]),
        driver_id=DriverId(row["driver_id"]) if row["driver_id"] else None,
        created_at=row["created_at"],
        real_name_checked_at=row["real_name_checked_at"],
        face_checked_at=row["face_checked_at"],
    )


def login_of(row: Row) -> tuple[Session, Caller]:
    """A login and who it is, of a row of session with its person's driver_id and level."""
    session = _session(row)
    driver_id = DriverId(row["driver_id"]) if row["driver_id"] else None
    proved_at = row["proved_at"] or session.opened_at
    return session, Caller(session.person_id, driver_id, Level(row["level"]), session.session_id, proved_at)


def _session(row: Row) -> Session:
    return Session(
        person_id=PersonId(row["person_id"]),
        session_id=SessionId(row["id"]),
        token_hash=bytes(row["token_hash"]),
        opened_at=row["opened_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
        ended_at=row["ended_at"],
        phone_offset_ms=row["phone_offset_ms"],
    )


def phone_key_of(row: Row) -> PhoneKey:
    return PhoneKey(
        person_id=PersonId(row["person_id"]),
        phone_key_id=PhoneKeyId(row["id"]),
        public_key=bytes(row["public_key"]),
        label=row["label"],
        slot=row["slot"],
        bound_at=row["bound_at"],
        ended_at=row["ended_at"],
        replaced_by=PhoneKeyId(row["replaced_by"]) if row["replaced_by"] else None,
        used_on=row["used_on"],
    )


def face_check_of(row: Row) -> FaceCheck:
    consumer: Any = _CONSUMERS.get(row["consumed_kind"] or "")
    return FaceCheck(
        person_id=PersonId(row["person_id"]),
        face_check_id=FaceCheckId(row["id"]),
        purpose=Purpose(row["purpose"]),
        state=State(row["state"]),
        move=row["move"],
        nonce=bytes(row["nonce"]),
        steps=tuple(row["steps"]),
        engine=row["engine"],
        engine_version=row["engine_version"],
        calibrated=row["calibrated"],
        simulated=row["simulated"],
        reasons=tuple(row["reasons"]),
        begun_at=row["begun_at"],
        expires_at=row["expires_at"],
        usable_until=row["usable_until"],
        submission_hash=bytes(row["submission_hash"]) if row["submission_hash"] else None,
        consumed_by=consumer(row["consumed_by"]) if consumer and row["consumed_by"] else None,
    )


# --- what is no longer needed -------------------------------------------------------------------------


_OVER = (
    "DELETE FROM session WHERE (person_id, id) IN "
    "(SELECT person_id, id FROM session WHERE expires_at < $1 OR ended_at < $1 LIMIT $2)",
    "DELETE FROM phone_key_challenge WHERE (person_id, nonce) IN "
    "(SELECT person_id, nonce FROM phone_key_challenge WHERE expires_at < $1 LIMIT $2)",
    "DELETE FROM log_in_attempt WHERE mobile_hash IN "
    "(SELECT mobile_hash FROM log_in_attempt WHERE last_at < $1 AND blocked_until < $1 LIMIT $2)",
)


async def forget(tx: Connection, before: datetime, limit: int) -> int:
    """Sessions, challenges and failed log-ins that were over before an instant are gone, at most `limit` of each; how many
    rows. A job over all shards."""
    return sum([int((await tx.execute(statement, before, limit)).split()[1]) for statement in _OVER])
