"""Every statement on face_capture, and those on face_review that are not every queue's: checks an engine left open, and
their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from liangzheng.accounts.model import FaceReason, FaceReview, Purpose
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import DriverId, FaceCheckId, PersonId
from liangzheng.kernel.time import Promise
from liangzheng.reviewing import Queue, in_common


async def add(
    tx: Connection,
    person_id: PersonId,
    face_check_id: FaceCheckId,
    driver_id: DriverId,
    authority: str,
    promise: Promise,
    now: datetime,
) -> None:
    """A check waits for a reviewer of that authority."""
    await tx.execute(
        "INSERT INTO face_review (person_id, face_check_id, driver_id, authority, submitted_at, due_day, due_at, provisional) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        person_id.uuid, face_check_id.uuid, driver_id.uuid, authority, now, promise.day, promise.ends_at,
        promise.provisional,
    )  # fmt: skip


async def add_captures(
    tx: Connection,
    person_id: PersonId,
    face_check_id: FaceCheckId,
    captures: Sequence[tuple[int, bytes]],
    kept_until: datetime,
) -> None:
    """Step and sealed picture, in their order."""
    await tx.execute(
        "INSERT INTO face_capture (person_id, face_check_id, number, step, kept_until, sealed) "
        "SELECT $1, $2, c.number - 1, c.step, $3, c.sealed "
        "FROM unnest($4::smallint[], $5::bytea[]) WITH ORDINALITY AS c (step, sealed, number)",
        person_id.uuid, face_check_id.uuid, kept_until, [step for step, _ in captures],
        [sealed for _, sealed in captures],
    )  # fmt: skip


async def captures(
    tx: Connection, person_id: PersonId, face_check_id: FaceCheckId
) -> list[tuple[int, bytes]]:
    """Step and sealed picture, in their order."""
    rows = await tx.fetch(
        "SELECT step, sealed FROM face_capture WHERE person_id = $1 AND face_check_id = $2 ORDER BY number",
        person_id.uuid, face_check_id.uuid,
    )  # fmt: skip
    return [(row["step"], bytes(row["sealed"])) for row in rows]


async def drop_captures(tx: Connection, person_id: PersonId, face_check_id: FaceCheckId) -> None:
    """Its pictures are gone."""
    await tx.execute(
        "DELETE FROM face_capture WHERE person_id = $1 AND face_check_id = $2",
        person_id.uuid, face_check_id.uuid,
    )  # fmt: skip


async def count_captures(tx: Connection, person_id: PersonId) -> int:
    """How many pictures of a person's face are kept now."""
    return int(await tx.fetchval("SELECT count(*) FROM face_capture WHERE person_id = $1", person_id.uuid))


async def over(tx: Connection, now: datetime, limit: int) -> list[tuple[PersonId, FaceCheckId]]:
    """Checks whose pictures have been kept as long as they may be; no two workers see the same."""
    rows = await tx.fetch(
        "SELECT person_id, face_check_id FROM face_review AS r WHERE outcome IS NULL AND EXISTS (SELECT FROM face_capture "
        "AS c WHERE c.person_id = r.person_id AND c.face_check_id = r.face_check_id AND c.kept_until <= $1) "
        "ORDER BY r.due_at LIMIT $2 FOR UPDATE OF r SKIP LOCKED",
        now,
        limit,
    )
    return [(PersonId(row["person_id"]), FaceCheckId(row["face_check_id"])) for row in rows]


# --- the queue --------------------------------------------------------------------------------------


async def open_of(tx: Connection, person_id: PersonId) -> list[FaceCheckId]:
    """A person's checks that wait for a reviewer."""
    rows = await tx.fetch(
        "SELECT face_check_id FROM face_review WHERE person_id = $1 AND outcome IS NULL ORDER BY face_check_id FOR UPDATE",
        person_id.uuid,
    )
    return [FaceCheckId(row["face_check_id"]) for row in rows]


def _review(row: Row) -> FaceReview:
    return FaceReview(
        **in_common(row),
        person_id=PersonId(row["person_id"]),
        face_check_id=FaceCheckId(row["face_check_id"]),
        purpose=Purpose(row["purpose"]),
        steps=tuple(row["steps"]),
        engine=row["engine"],
        found=tuple(row["found"]),
        reasons=tuple(FaceReason(reason) for reason in row["reasons"]),
    )


FACE_QUEUE: Final = Queue(
    table="face_review",
    shard="person_id",
    named="face_check_id",
    more="r.person_id, r.face_check_id, c.purpose, c.steps, c.engine, c.reasons AS found",
    joins="JOIN face_check AS c ON c.person_id = r.person_id AND c.id = r.face_check_id",
    review=_review,
    purpose="reviewing a face check",
    name="face-review",
    escalated="face-review.escalated",
    told=lambda review: {"face_check_id": str(review.face_check_id), "authority": review.authority},
    own=("somebody else decides your own check", "own-check"),
)
