"""Every statement on face_review and face_capture: checks an engine left open, and their pictures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from liangzheng.accounts.model import FaceReason, FaceReview, Purpose
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import DriverId, FaceCheckId, PersonId
from liangzheng.kernel.reviews import Reviewer
from liangzheng.kernel.time import Promise

_COLUMNS = (
    "r.person_id, r.face_check_id, r.driver_id, r.authority, r.submitted_at, r.due_day, r.due_at, r.provisional, "
    "r.taken_by_kind, r.taken_by, r.taken_until, r.escalated_at, r.outcome, r.reasons, c.purpose, c.steps, c.engine, "
    "c.reasons AS found"
)
_FROM = "face_review AS r JOIN face_check AS c ON c.person_id = r.person_id AND c.id = r.face_check_id"


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


async def waiting(
    tx: Connection,
    authorities: Collection[str] | None,
    after: tuple[datetime, FaceCheckId] | None,
    limit: int,
    late: bool,
) -> list[FaceReview]:
    """Open reviews, or only those escalated, the one due first in front; a page begins after a due instant and check."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE r.outcome IS NULL AND ($1::text[] IS NULL OR r.authority = ANY($1)) "
        "AND ($2::timestamptz IS NULL OR (r.due_at, r.face_check_id) > ($2, $3::uuid)) "
        "AND (NOT $5 OR r.escalated_at IS NOT NULL) ORDER BY r.due_at, r.face_check_id LIMIT $4",
        list(authorities) if authorities is not None else None, after[0] if after else None,
        after[1].uuid if after else None, limit, late,
    )  # fmt: skip
    return [_review(row) for row in rows]


async def find(tx: Connection, face_check_id: FaceCheckId) -> FaceReview | None:
    """One review, by the check alone: all a reviewer knows of it."""
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM {_FROM} WHERE r.face_check_id = $1", face_check_id.uuid)
    return _review(row) if row else None


async def hold(tx: Connection, person_id: PersonId, face_check_id: FaceCheckId) -> FaceReview | None:
    """One review, held until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE r.person_id = $1 AND r.face_check_id = $2 FOR UPDATE OF r",
        person_id.uuid, face_check_id.uuid,
    )  # fmt: skip
    return _review(row) if row else None


async def open_of(tx: Connection, person_id: PersonId) -> list[FaceCheckId]:
    """A person's checks that wait for a reviewer."""
    rows = await tx.fetch(
        "SELECT face_check_id FROM face_review WHERE person_id = $1 AND outcome IS NULL ORDER BY face_check_id FOR UPDATE",
        person_id.uuid,
    )
    return [FaceCheckId(row["face_check_id"]) for row in rows]


async def next_free(
    tx: Connection,
    reviewer: Reviewer,
    authorities: Collection[str] | None,
    now: datetime,
    passing_over: Collection[DriverId] = (),
) -> FaceReview | None:
    """What this reviewer has in hand, else what is due first and in nobody's; what others are taking, and these drivers', is
    passed over."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE r.outcome IS NULL AND ($1::text[] IS NULL OR r.authority = ANY($1)) "
        "AND r.driver_id <> ALL ($5::uuid[]) AND (r.taken_until IS NULL OR r.taken_until <= $2 "
        "OR (r.taken_by_kind = $3 AND r.taken_by IS NOT DISTINCT FROM $4)) "
        "ORDER BY (r.taken_until > $2) IS TRUE DESC, r.due_at, r.face_check_id LIMIT 1 FOR UPDATE OF r SKIP LOCKED",
        list(authorities) if authorities is not None else None, now, reviewer.kind, reviewer.id,
        [driver.uuid for driver in passing_over],
    )  # fmt: skip
    return _review(row) if row else None


async def set_taken(
    tx: Connection, review: FaceReview, reviewer: Reviewer | None, until: datetime | None
) -> None:
    """The review, held by the caller, is in this reviewer's hand, or in nobody's."""
    await tx.execute(
        "UPDATE face_review SET taken_by_kind = $3, taken_by = $4, taken_until = $5 "
        "WHERE person_id = $1 AND face_check_id = $2",
        review.person_id.uuid, review.face_check_id.uuid, reviewer.kind if reviewer else None,
        reviewer.id if reviewer else None, until,
    )  # fmt: skip


async def close(
    tx: Connection,
    person_id: PersonId,
    face_check_id: FaceCheckId,
    outcome: str,
    reasons: Sequence[FaceReason],
    by: Reviewer,
    now: datetime,
) -> bool:
    """The review has its one outcome; whether it had none before."""
    done = await tx.execute(
        "UPDATE face_review SET outcome = $3, reasons = $4, decided_by_kind = $5, decided_by = $6, decided_at = $7 "
        "WHERE person_id = $1 AND face_check_id = $2 AND outcome IS NULL",
        person_id.uuid, face_check_id.uuid, outcome, [reason.value for reason in reasons], by.kind, by.id, now,
    )  # fmt: skip
    return done == "UPDATE 1"


async def escalate_due(
    tx: Connection, now: datetime, limit: int
) -> list[tuple[PersonId, FaceCheckId, DriverId, str, date]]:
    """Open reviews past their promise are marked, each once: person, check, driver, authority, promised day."""
    rows = await tx.fetch(
        "WITH late AS MATERIALIZED (SELECT person_id, face_check_id FROM face_review WHERE outcome IS NULL "
        "AND escalated_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) "
        "UPDATE face_review AS r SET escalated_at = $1 FROM late "
        "WHERE r.person_id = late.person_id AND r.face_check_id = late.face_check_id "
        "RETURNING r.person_id, r.face_check_id, r.driver_id, r.authority, r.due_day",
        now,
        limit,
    )
    return [
        (
            PersonId(row["person_id"]),
            FaceCheckId(row["face_check_id"]),
            DriverId(row["driver_id"]),
            row["authority"],
            row["due_day"],
        )
        for row in rows
    ]


async def queue_figures(tx: Connection, now: datetime) -> Row:
    """Of the open reviews: waiting, taken, late, and when the oldest was submitted."""
    row = await tx.fetchrow(
        "SELECT count(*) AS waiting, count(*) FILTER (WHERE taken_until > $1) AS taken, "
        "count(*) FILTER (WHERE due_at <= $1) AS late, min(submitted_at) AS oldest FROM face_review WHERE outcome IS NULL",
        now,
    )
    assert row is not None, "an aggregate has one row"
    return row


def _review(row: Row) -> FaceReview:
    kind = row["taken_by_kind"]
    return FaceReview(
        person_id=PersonId(row["person_id"]),
        face_check_id=FaceCheckId(row["face_check_id"]),
        driver_id=DriverId(row["driver_id"]),
        authority=row["authority"],
        purpose=Purpose(row["purpose"]),
        steps=tuple(row["steps"]),
        engine=row["engine"],
        found=tuple(row["found"]),
        submitted_at=row["submitted_at"],
        due_day=row["due_day"],
        due_at=row["due_at"],
        provisional=row["provisional"],
        taken_by=Reviewer(kind, row["taken_by"]) if kind else None,
        taken_until=row["taken_until"],
        escalated_at=row["escalated_at"],
        outcome=row["outcome"],
        reasons=tuple(FaceReason(reason) for reason in row["reasons"]),
    )
