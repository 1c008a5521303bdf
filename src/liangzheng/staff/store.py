"""Every statement on staff, their duties, enrolments, second factors, attempts and logins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from liangzheng.infra.attempts import Attempts
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import StaffId, StaffSessionId
from liangzheng.staff.lifecycle import StaffState
from liangzheng.staff.model import Duty, HeldDuty, Member, Officer, Region, StaffNumber, StaffSession

CONSTRAINTS: Final = {
    "staff_number_pkey": "this staff number is given already",
    "staff_duty_once": "this duty is held there already",
    "staff_passkey_once": "this passkey is there already",
    "staff_one_administration": "system, security and audit administration are three people's",
}

# --- members ----------------------------------------------------------------------------------------


async def add_member(tx: Connection, member: Member, now: datetime) -> None:
    """The member is active and cannot log in yet. A number given before breaks staff_number_pkey."""
    await tx.execute(
        "INSERT INTO staff_number (number, staff_id) VALUES ($1, $2)",
        member.number.value, member.staff_id.uuid,
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO staff (staff_id, added_at, moved_at, move, state, number, name, unit) "
        "VALUES ($1, $2, $2, $3, $4, $5, $6, $7)",
        member.staff_id.uuid, now, member.move, member.state.value, member.number.value, member.name,
        member.unit,
    )  # fmt: skip


async def staff_with_number(tx: Connection, number: str) -> StaffId | None:
    """Whose number this is; nobody's for whatever else people type there."""
    typed = number if number.isascii() and number.isprintable() else ""  # a NUL is no text to PostgreSQL
    found = await tx.fetchval("SELECT staff_id FROM staff_number WHERE number = $1", typed)
    return None if found is None else StaffId(found)


_MEMBER: Final = (
    "SELECT s.staff_id, s.state, s.move, s.number, s.name, s.unit, "
    "s.password_hash IS NOT NULL AND (t.enrolled_at IS NOT NULL OR EXISTS "
    "(SELECT FROM staff_passkey AS k WHERE k.staff_id = s.staff_id)) AS enrolled "
    "FROM staff AS s LEFT JOIN staff_totp AS t ON t.staff_id = s.staff_id"
)


async def member(tx: Connection, staff_id: StaffId) -> Member | None:
    """One member with the duties not taken away."""
    row = await tx.fetchrow(f"{_MEMBER} WHERE s.staff_id = $1", staff_id.uuid)
    return None if row is None else _member(row, await duties(tx, staff_id))


async def members(tx: Connection) -> list[Member]:
    """Everybody, by number."""
    held: dict[UUID, list[HeldDuty]] = {}
    for row in await tx.fetch(
        "SELECT staff_id, duty, region, from_day, until_day FROM staff_duty WHERE ended_at IS NULL ORDER BY staff_id, id"
    ):
        held.setdefault(row["staff_id"], []).append(_held(row))
    rows = await tx.fetch(f"{_MEMBER} ORDER BY s.number")
    return [_member(row, held.get(row["staff_id"], [])) for row in rows]


async def units(tx: Connection, staff_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The units of these members as they are called today."""
    rows = await tx.fetch("SELECT staff_id, unit FROM staff WHERE staff_id = ANY ($1::uuid[])", staff_ids)
    return {row["staff_id"]: row["unit"] for row in rows}


async def members_after(tx: Connection, number: str, limit: int) -> list[Member]:
    """So many members whose number comes after this one, by number."""
    rows = await tx.fetch(f"{_MEMBER} WHERE s.number > $1 ORDER BY s.number LIMIT $2", number, limit)
    return [_member(row, await duties(tx, StaffId(row["staff_id"]))) for row in rows]


def _member(row: Row, held: Sequence[HeldDuty]) -> Member:
    return Member(
        StaffId(row["staff_id"]), StaffState(row["state"]), row["move"], StaffNumber(row["number"]), row["name"],
        row["unit"], tuple(held), row["enrolled"],
    )  # fmt: skip


async def put_person_link(tx: Connection, staff_id: StaffId, link: bytes) -> None:
    """Which person the member is, as a keyed hash; an earlier link is no more."""
    await tx.execute("UPDATE staff SET person_link = $2 WHERE staff_id = $1", staff_id.uuid, link)


async def linked(tx: Connection) -> frozenset[StaffId]:
    """Members who are linked to a person."""
    rows = await tx.fetch("SELECT staff_id FROM staff WHERE person_link IS NOT NULL")
    return frozenset(StaffId(row["staff_id"]) for row in rows)


async def person_link(tx: Connection, staff_id: StaffId) -> bytes | None:
    """The keyed hash; None for a member who is not linked."""
    found: bytes | None = await tx.fetchval(
        "SELECT person_link FROM staff WHERE staff_id = $1", staff_id.uuid
    )
    return found


async def move_member(tx: Connection, member: Member, state: StaffState, now: datetime) -> None:
    """The member is in `state`. Raises Conflict when another moved them first."""
    moved = await tx.execute(
        "UPDATE staff SET state = $4, move = move + 1, moved_at = $5 "
        "WHERE staff_id = $1 AND state = $2 AND move = $3",
        member.staff_id.uuid, member.state.value, member.move, state.value, now,
    )  # fmt: skip
    if moved != "UPDATE 1":
        raise Conflict("this member of staff was changed by another; read again", place="staff")


# --- duties -----------------------------------------------------------------------------------------


async def hold_member(tx: Connection, staff_id: StaffId) -> None:
    """Nobody else changes this member's duties before this transaction ends."""
    await tx.execute("SELECT 1 FROM staff WHERE staff_id = $1 FOR NO KEY UPDATE", staff_id.uuid)


async def duties(tx: Connection, staff_id: StaffId) -> list[HeldDuty]:
    """Duties not taken away, in the order they were given; also those of other days."""
    rows = await tx.fetch(
        "SELECT duty, region, from_day, until_day FROM staff_duty "
        "WHERE staff_id = $1 AND ended_at IS NULL ORDER BY id",
        staff_id.uuid,
    )
    return [_held(row) for row in rows]


def _held(row: Row) -> HeldDuty:
    return HeldDuty(Duty(row["duty"]), Region(row["region"]), row["from_day"], row["until_day"])


async def give_duty(tx: Connection, staff_id: StaffId, duty_id: UUID, held: HeldDuty, now: datetime) -> None:
    """Breaks a unique index of CONSTRAINTS for a duty held there already and for a second administration."""
    await tx.execute(
        "INSERT INTO staff_duty (staff_id, id, given_at, from_day, until_day, duty, region) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        staff_id.uuid, duty_id, now, held.from_day, held.until_day, held.duty.value, held.region.prefix,
    )  # fmt: skip


async def take_duty(tx: Connection, staff_id: StaffId, duty: Duty, region: Region, now: datetime) -> bool:
    """Whether it was held there."""
    taken = await tx.execute(
        "UPDATE staff_duty SET ended_at = $4 WHERE staff_id = $1 AND duty = $2 AND region = $3 AND ended_at IS NULL",
        staff_id.uuid, duty.value, region.prefix, now,
    )  # fmt: skip
    return taken != "UPDATE 0"


# --- enrolment and second factor --------------------------------------------------------------------


async def put_enrolment(
    tx: Connection, staff_id: StaffId, code_hash: bytes, now: datetime, expires_at: datetime
) -> None:
    """The one code that is good for this member; an older one is not any more."""
    await tx.execute(
        "INSERT INTO staff_enrolment (staff_id, made_at, expires_at, code_hash) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (staff_id) DO UPDATE SET made_at = $2, expires_at = $3, code_hash = $4, used_at = NULL",
        staff_id.uuid, now, expires_at, code_hash,
    )  # fmt: skip


async def enrolment_hash(tx: Connection, staff_id: StaffId, now: datetime) -> bytes | None:
    """The hash of the code that is good now, for an active member."""
    found: bytes | None = await tx.fetchval(
        "SELECT e.code_hash FROM staff_enrolment AS e JOIN staff AS s ON s.staff_id = e.staff_id "
        "WHERE e.staff_id = $1 AND e.used_at IS NULL AND e.expires_at > $2 AND s.state = 'active'",
        staff_id.uuid, now,
    )  # fmt: skip
    return found


async def use_enrolment(tx: Connection, staff_id: StaffId, code_hash: bytes, now: datetime) -> bool:
    """Whether this call used the code up."""
    used = await tx.execute(
        "UPDATE staff_enrolment SET used_at = $3 "
        "WHERE staff_id = $1 AND code_hash = $2 AND used_at IS NULL AND expires_at > $3",
        staff_id.uuid, code_hash, now,
    )  # fmt: skip
    return used == "UPDATE 1"


async def put_totp(tx: Connection, staff_id: StaffId, sealed: bytes, now: datetime) -> None:
    """A secret that was shown; it proves nothing before `confirm_totp`."""
    await tx.execute(
        "INSERT INTO staff_totp (staff_id, made_at, last_step, sealed) VALUES ($1, $2, 0, $3) "
        "ON CONFLICT (staff_id) DO UPDATE SET made_at = $2, enrolled_at = NULL, last_step = 0, sealed = $3",
        staff_id.uuid, now, sealed,
    )  # fmt: skip


async def totp(tx: Connection, staff_id: StaffId, *, enrolled: bool) -> tuple[bytes, int] | None:
    """Sealed secret and the last step used."""
    row = await tx.fetchrow(
        "SELECT sealed, last_step FROM staff_totp WHERE staff_id = $1 AND (enrolled_at IS NOT NULL) = $2",
        staff_id.uuid, enrolled,
    )  # fmt: skip
    return None if row is None else (bytes(row["sealed"]), row["last_step"])


async def confirm_totp(tx: Connection, staff_id: StaffId, step: int, now: datetime) -> bool:
    """The shown secret is the member's second factor from now on."""
    done = await tx.execute(
        "UPDATE staff_totp SET enrolled_at = $3, last_step = $2 WHERE staff_id = $1 AND enrolled_at IS NULL",
        staff_id.uuid, step, now,
    )  # fmt: skip
    return done == "UPDATE 1"


async def use_step(tx: Connection, staff_id: StaffId, step: int) -> bool:
    """Whether this call used the time step up: it, and all before it, are used up now."""
    used = await tx.execute(
        "UPDATE staff_totp SET last_step = $2 WHERE staff_id = $1 AND enrolled_at IS NOT NULL AND last_step < $2",
        staff_id.uuid, step,
    )  # fmt: skip
    return used == "UPDATE 1"


async def forget_totp(tx: Connection, staff_id: StaffId) -> None:
    """No one-time code proves anything, and no secret is kept."""
    await tx.execute("DELETE FROM staff_totp WHERE staff_id = $1", staff_id.uuid)


async def forget_password(tx: Connection, staff_id: StaffId) -> None:
    """Only an enrolment lets this member in again."""
    await tx.execute("UPDATE staff SET password_hash = NULL WHERE staff_id = $1", staff_id.uuid)


async def password_hash(tx: Connection, staff_id: StaffId) -> str | None:
    """Of an active member who has enrolled."""
    found: str | None = await tx.fetchval(
        "SELECT password_hash FROM staff WHERE staff_id = $1 AND state = 'active'", staff_id.uuid
    )
    return found


async def put_password(tx: Connection, staff_id: StaffId, hashed: str) -> None:
    """The argon2id text."""
    await tx.execute("UPDATE staff SET password_hash = $2 WHERE staff_id = $1", staff_id.uuid, hashed)


# --- attempts and logins ----------------------------------------------------------------------------


ATTEMPTS: Final = Attempts("staff_attempt", "number_hash", "with this number")


async def add_session(tx: Connection, session: StaffSession, at_once: int) -> bool:
    """Whether the login is kept: the member must be active still. At most `at_once` of theirs stay."""
    await tx.execute(
        "UPDATE staff_session SET ended_at = $3 WHERE staff_id = $1 AND id IN ("
        "SELECT id FROM staff_session WHERE staff_id = $1 AND ended_at IS NULL ORDER BY id DESC OFFSET $2)",
        session.staff_id.uuid, at_once - 1, session.opened_at,
    )  # fmt: skip
    added = await tx.execute(
        "INSERT INTO staff_session (staff_id, id, opened_at, seen_at, proved_at, expires_at, token_hash) "
        "SELECT staff_id, $2, $3, $3, $3, $4, $5 FROM staff WHERE staff_id = $1 AND state = 'active'",
        session.staff_id.uuid, session.session_id.uuid, session.opened_at, session.expires_at,
        session.token_hash,
    )  # fmt: skip
    return added == "INSERT 0 1"


async def session(
    tx: Connection, staff_id: StaffId, token_hash: bytes
) -> tuple[StaffSession, Officer] | None:
    """The login with this token of an active member, and who it is; also one that ended or expired."""
    rows = await tx.fetch(
        """
        SELECT l.*, s.number, s.name, s.unit, d.duty, d.region, d.from_day, d.until_day
          FROM staff_session AS l
          JOIN staff AS s ON s.staff_id = l.staff_id AND s.state = 'active'
          LEFT JOIN staff_duty AS d ON d.staff_id = l.staff_id AND d.ended_at IS NULL
         WHERE l.staff_id = $1 AND l.token_hash = $2 ORDER BY d.id
        """,
        staff_id.uuid, token_hash,
    )  # fmt: skip
    if not rows:
        return None
    first = rows[0]
    opened = StaffSession(
        staff_id, StaffSessionId(first["id"]), token_hash, first["opened_at"], first["seen_at"],
        first["proved_at"], first["expires_at"], first["ended_at"],
    )  # fmt: skip
    held = tuple(_held(row) for row in rows if row["duty"] is not None)
    number = StaffNumber(first["number"])
    return opened, Officer(
        staff_id, opened.session_id, number, first["name"], first["unit"], held, opened.proved_at
    )


async def touch_session(tx: Connection, session: StaffSession, now: datetime) -> None:
    """Used now."""
    await tx.execute(
        "UPDATE staff_session SET seen_at = $3 WHERE staff_id = $1 AND id = $2 AND seen_at < $3",
        session.staff_id.uuid, session.session_id.uuid, now,
    )  # fmt: skip


async def prove_session(tx: Connection, officer: Officer, now: datetime) -> bool:
    """Whether the login, still open, carries a second factor proved now."""
    done = await tx.execute(
        "UPDATE staff_session SET proved_at = $3 WHERE staff_id = $1 AND id = $2 AND ended_at IS NULL",
        officer.staff_id.uuid, officer.session_id.uuid, now,
    )  # fmt: skip
    return done == "UPDATE 1"


async def end_session(tx: Connection, officer: Officer, now: datetime) -> bool:
    """Whether this call ended the login."""
    ended = await tx.execute(
        "UPDATE staff_session SET ended_at = $3 WHERE staff_id = $1 AND id = $2 AND ended_at IS NULL",
        officer.staff_id.uuid, officer.session_id.uuid, now,
    )  # fmt: skip
    return ended == "UPDATE 1"


async def end_sessions(tx: Connection, staff_id: StaffId, now: datetime) -> None:
    """Every login of a member has ended."""
    await tx.execute(
        "UPDATE staff_session SET ended_at = $2 WHERE staff_id = $1 AND ended_at IS NULL", staff_id.uuid, now
    )


async def still_active(tx: Connection, staff_id: StaffId, on: date, duty: Duty, region: Region) -> bool:
    """Whether a member is active and holds a duty in this very region today; held until the transaction ends.

    A decision asks it again inside its transaction: who was stopped a moment ago decides nothing any more.
    """
    found = await tx.fetchval(
        """
        SELECT true FROM staff AS s JOIN staff_duty AS d ON d.staff_id = s.staff_id
         WHERE s.staff_id = $1 AND s.state = 'active' AND d.ended_at IS NULL AND d.duty = $3 AND d.region = $4
           AND d.from_day <= $2 AND (d.until_day IS NULL OR d.until_day >= $2) LIMIT 1
           FOR KEY SHARE OF s
        """,
        staff_id.uuid, on, duty.value, region.prefix,
    )  # fmt: skip
    return bool(found)


async def prune(tx: Connection, ended_before: datetime, limit: int) -> int:
    """Logins and attempts over for long are gone; how many. The audit entries of what was done stay."""
    sessions = await tx.execute(
        "DELETE FROM staff_session WHERE (staff_id, id) IN ("
        "SELECT staff_id, id FROM staff_session WHERE expires_at < $1 LIMIT $2)",
        ended_before, limit,
    )  # fmt: skip
    attempts = await tx.execute("DELETE FROM staff_attempt WHERE last_at < $1", ended_before)
    return int(sessions.rsplit(" ", 1)[1]) + int(attempts.rsplit(" ", 1)[1])
