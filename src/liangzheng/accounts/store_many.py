"""Statements of accounts that serve many people at once: reads and one move, for requests that go together.

Each row carries its shard key; where tables are sharded, callers hand in one person at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from liangzheng.accounts.model import Assurance, Caller, FaceCheck, Level, PhoneKey, Session
from liangzheng.accounts.store import face_check_of, login_of, phone_key_of
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import DriverId, FaceCheckId, Id, PersonId, PhoneKeyId


async def sessions(
    tx: Connection, asked: Sequence[tuple[UUID, bytes]]
) -> dict[tuple[UUID, bytes], tuple[Session, Caller]]:
    """The logins with these people and token hashes, and who each is; also those that ended or expired."""
    rows = await tx.fetch(
        """
        SELECT s.*, p.driver_id, p.level
          FROM unnest($1::uuid[], $2::bytea[]) AS a (person_id, token_hash)
          JOIN session s ON s.person_id = a.person_id AND s.token_hash = a.token_hash
          JOIN person p ON p.person_id = s.person_id
        """,
        [person for person, _ in asked],
        [token_hash for _, token_hash in asked],
    )
    return {(row["person_id"], bytes(row["token_hash"])): login_of(row) for row in rows}


async def assurances(tx: Connection, people: Sequence[PersonId]) -> list[Assurance]:
    """How sure we are who they are; people who do not exist are left out."""
    rows = await tx.fetch(
        """
        SELECT person_id, level, driver_id, real_name_checked_at, face_checked_at
          FROM person WHERE person_id = ANY ($1::uuid[])
        """,
        [person.uuid for person in people],
    )
    return [
        Assurance(
            PersonId(row["person_id"]),
            Level(row["level"]),
            DriverId(row["driver_id"]) if row["driver_id"] else None,
            row["real_name_checked_at"],
            row["face_checked_at"],
        )
        for row in rows
    ]


async def phone_keys(tx: Connection, asked: Sequence[tuple[PersonId, PhoneKeyId]]) -> list[PhoneKey]:
    """Those of the keys that are their person's, live or ended."""
    rows = await tx.fetch(
        """
        SELECT k.* FROM phone_key k
          JOIN unnest($1::uuid[], $2::uuid[]) AS a (person_id, id)
            ON k.person_id = a.person_id AND k.id = a.id
        """,
        [person.uuid for person, _ in asked],
        [key.uuid for _, key in asked],
    )
    return [phone_key_of(row) for row in rows]


async def face_checks(tx: Connection, asked: Sequence[tuple[PersonId, FaceCheckId]]) -> list[FaceCheck]:
    """Those of the checks that are their person's, while no change of that person's mobile waits."""
    rows = await tx.fetch(
        """
        SELECT f.* FROM face_check f
          JOIN unnest($1::uuid[], $2::uuid[]) AS a (person_id, id)
            ON f.person_id = a.person_id AND f.id = a.id
         WHERE NOT EXISTS (SELECT FROM held_act h
                            WHERE h.person_id = f.person_id AND h.kind = 'mobile' AND h.state = 'waiting')
        """,
        [person.uuid for person, _ in asked],
        [check.uuid for _, check in asked],
    )
    return [face_check_of(row) for row in rows]


async def consume_face_checks(
    tx: Connection, used: Sequence[tuple[FaceCheck, Id]], state: str
) -> set[FaceCheckId]:
    """Each is used up by its subject, where it is still as it was read; which of them were."""
    rows = await tx.fetch(
        """
        UPDATE face_check f
           SET state = $7, consumed_kind = u.kind, consumed_by = u.subject, move = f.move + 1
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::text[], $6::uuid[])
            AS u (person_id, id, state, move, kind, subject)
         WHERE f.person_id = u.person_id AND f.id = u.id AND f.state = u.state AND f.move = u.move
        RETURNING f.id
        """,
        [check.person_id.uuid for check, _ in used],
        [check.face_check_id.uuid for check, _ in used],
        [check.state.value for check, _ in used],
        [check.move for check, _ in used],
        [subject.prefix for _, subject in used],
        [subject.uuid for _, subject in used],
        state,
    )
    return {FaceCheckId(row["id"]) for row in rows}


async def people_of(tx: Connection, drivers: Sequence[DriverId]) -> dict[DriverId, PersonId]:
    """The people these drivers are bound to."""
    rows = await tx.fetch(
        "SELECT driver_id, person_id FROM driver_person WHERE driver_id = ANY ($1::uuid[])",
        [driver.uuid for driver in drivers],
    )
    return {DriverId(row["driver_id"]): PersonId(row["person_id"]) for row in rows}
