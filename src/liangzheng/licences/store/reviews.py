"""Every statement on photo and photo_review: holders' own photos, and the queue of those a person must look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import ApplicationId, DriverId, PersonId, PhotoId
from liangzheng.kernel.reviews import Reviewer
from liangzheng.licences.model import Photo, PhotoReview
from liangzheng.licences.photo_rules import PhotoDoubt, PhotoReason, PhotoSource

CONSTRAINTS: Final = {
    "application_open": "a new version of this licence is being made at this moment; decide again in a minute",
}
"""What a broken unique constraint means to a reviewer."""


async def add_photo(tx: Connection, photo: Photo, person_id: PersonId, facts: Mapping[str, Any]) -> None:
    """The photo is kept, with what was measured in it."""
    await tx.execute(
        "INSERT INTO photo (driver_id, id, person_id, source, portrait_hash, picture, doubts, facts, added_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        photo.driver_id.uuid, photo.id.uuid, person_id.uuid, photo.source.value, photo.portrait_hash, photo.picture,
        [doubt.value for doubt in photo.doubts], dict(facts), photo.added_at,
    )  # fmt: skip


async def added_since(tx: Connection, driver_id: DriverId, since: datetime) -> int:
    """Photos of a driver kept after an instant."""
    return int(
        await tx.fetchval(
            "SELECT count(*) FROM photo WHERE driver_id = $1 AND added_at > $2", driver_id.uuid, since
        )
    )


async def photos_of(tx: Connection, driver_id: DriverId) -> list[tuple[PhotoSource, datetime, bool]]:
    """A driver's own photos, newest first: from where, when they were sent, and whether the picture is kept still, with the
    photo or as that of a licence."""
    rows = await tx.fetch(
        "SELECT p.source, p.added_at, p.picture IS NOT NULL OR EXISTS (SELECT FROM photo_review AS r "
        "WHERE r.driver_id = p.driver_id AND r.photo_id = p.id AND r.outcome = 'approved') AS kept "
        "FROM photo AS p WHERE p.driver_id = $1 ORDER BY p.added_at DESC, p.id DESC",
        driver_id.uuid,
    )
    return [(PhotoSource(row["source"]), row["added_at"], row["kept"]) for row in rows]


async def refused_hashes(tx: Connection, driver_id: DriverId) -> frozenset[bytes]:
    """Of the pictures that were refused; kept also when the pictures are not any more."""
    rows = await tx.fetch(
        "SELECT p.portrait_hash FROM photo AS p JOIN photo_review AS r ON r.driver_id = p.driver_id AND r.photo_id = p.id "
        "WHERE p.driver_id = $1 AND r.outcome = 'refused'",
        driver_id.uuid,
    )
    return frozenset(row["portrait_hash"] for row in rows)


async def photo(tx: Connection, driver_id: DriverId, photo_id: PhotoId) -> Photo | None:
    """One photo with its picture, if it still has one."""
    row = await tx.fetchrow(
        "SELECT driver_id, id, source, portrait_hash, doubts, added_at, picture FROM photo "
        "WHERE driver_id = $1 AND id = $2",
        driver_id.uuid,
        photo_id.uuid,
    )
    return (
        None
        if row is None
        else Photo(
            driver_id,
            photo_id,
            PhotoSource(row["source"]),
            row["portrait_hash"],
            tuple(PhotoDoubt(doubt) for doubt in row["doubts"]),
            row["added_at"],
            row["picture"],
        )
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A photo an applicant names: whose it must be, and from where they say it is."""

    person_id: PersonId
    driver_id: DriverId
    photo_id: PhotoId
    source: PhotoSource


async def usable(tx: Connection, named: Sequence[Named], since: datetime) -> set[PhotoId]:
    """Those that are theirs, kept after `since`, from where they say, and never reviewed before."""
    if not named:
        return set()
    rows = await tx.fetch(
        "SELECT p.id FROM photo AS p JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) "
        "AS n (driver_id, id, person_id, source) ON p.driver_id = n.driver_id AND p.id = n.id "
        "AND p.person_id = n.person_id AND p.source = n.source "
        "WHERE p.picture IS NOT NULL AND p.added_at > $5 AND NOT EXISTS "
        "(SELECT FROM photo_review AS r WHERE r.driver_id = p.driver_id AND r.photo_id = p.id)",
        [each.driver_id.uuid for each in named], [each.photo_id.uuid for each in named],
        [each.person_id.uuid for each in named], [each.source.value for each in named], since,
    )  # fmt: skip
    return {PhotoId(row["id"]) for row in rows}


async def portrait_hashes(tx: Connection, wanted: Sequence[tuple[DriverId, PhotoId]]) -> dict[PhotoId, bytes]:
    """Photo → SHA-256 of its picture."""
    if not wanted:
        return {}
    rows = await tx.fetch(
        "SELECT p.id, p.portrait_hash FROM photo AS p JOIN unnest($1::uuid[], $2::uuid[]) AS w (driver_id, id) "
        "ON p.driver_id = w.driver_id AND p.id = w.id",
        [driver.uuid for driver, _ in wanted],
        [photo_id.uuid for _, photo_id in wanted],
    )
    return {PhotoId(row["id"]): row["portrait_hash"] for row in rows}


async def let_go_of_picture(tx: Connection, driver_id: DriverId, photo_id: PhotoId) -> None:
    """The photo's row has no picture any more: it is a blob now, or nobody needs it."""
    await tx.execute(
        "UPDATE photo SET picture = NULL WHERE driver_id = $1 AND id = $2", driver_id.uuid, photo_id.uuid
    )


async def let_go_of_old(tx: Connection, unused_before: datetime, decided_before: datetime, limit: int) -> int:
    """Pictures nobody applied with, and those refused or withdrawn long enough ago, are gone; how many."""
    rows = await tx.fetch(
        "WITH old AS MATERIALIZED (SELECT p.driver_id, p.id FROM photo AS p LEFT JOIN photo_review AS r "
        "ON r.driver_id = p.driver_id AND r.photo_id = p.id "
        "WHERE p.picture IS NOT NULL AND p.added_at < $1 "
        "AND (r.application_id IS NULL OR r.decided_at < $2) LIMIT $3) "
        "UPDATE photo AS p SET picture = NULL FROM old WHERE p.driver_id = old.driver_id AND p.id = old.id "
        "RETURNING p.id",
        unused_before,
        decided_before,
        limit,
    )
    return len(rows)


async def replacements_refused_since(tx: Connection, driver_id: DriverId, since: datetime) -> int:
    """Refused replacements of a driver submitted after an instant."""
    return int(
        await tx.fetchval(
            "SELECT count(*) FROM application WHERE driver_id = $1 AND state = 'refused' AND origin = 'photo' "
            "AND submitted_at > $2",
            driver_id.uuid,
            since,
        )
    )


async def last_new_photo(tx: Connection, driver_id: DriverId) -> datetime | None:
    """When the newest version with a camera, album or replaced photo was issued; re-issues do not count."""
    found: datetime | None = await tx.fetchval(
        "SELECT max(moved_at) FROM application WHERE driver_id = $1 AND state = 'issued' "
        "AND photo <> 'archived' AND origin <> 'reissue'",
        driver_id.uuid,
    )
    return found


# --- the queue --------------------------------------------------------------------------------------


async def add(
    tx: Connection, reviews: Sequence[tuple[DriverId, ApplicationId, PhotoId, str]], promise: Promised
) -> None:
    """The photos of these applications wait for a reviewer: driver, application, photo, authority."""
    await tx.execute(
        "INSERT INTO photo_review (driver_id, application_id, photo_id, authority, submitted_at, due_day, due_at, "
        "provisional) SELECT r.driver_id, r.application_id, r.photo_id, r.authority, $5, $6, $7, $8 "
        "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS r (driver_id, application_id, photo_id, "
        "authority)",
        [driver.uuid for driver, _, _, _ in reviews], [application.uuid for _, application, _, _ in reviews],
        [photo_id.uuid for _, _, photo_id, _ in reviews], [authority for _, _, _, authority in reviews],
        promise.submitted_at, promise.due_day, promise.due_at, promise.provisional,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Promised:
    """Until when a review is promised."""

    submitted_at: datetime
    due_day: date
    due_at: datetime
    provisional: bool


_COLUMNS = (
    "r.driver_id, r.application_id, r.photo_id, r.authority, r.submitted_at, r.due_day, r.due_at, r.provisional, "
    "r.taken_by_kind, r.taken_by, r.taken_until, r.escalated_at, r.outcome, r.reasons, r.decided_at, a.origin, a.move, "
    "p.source, p.doubts, p.facts"
)
_FROM = (
    "photo_review AS r JOIN application AS a ON a.driver_id = r.driver_id AND a.id = r.application_id "
    "JOIN photo AS p ON p.driver_id = r.driver_id AND p.id = r.photo_id"
)


def _review(row: Row) -> PhotoReview:
    kind = row["taken_by_kind"]
    return PhotoReview(
        driver_id=DriverId(row["driver_id"]),
        application_id=ApplicationId(row["application_id"]),
        photo_id=PhotoId(row["photo_id"]),
        origin=row["origin"],
        authority=row["authority"],
        submitted_at=row["submitted_at"],
        due_day=row["due_day"],
        due_at=row["due_at"],
        provisional=row["provisional"],
        taken_by=Reviewer(kind, row["taken_by"]) if kind else None,
        taken_until=row["taken_until"],
        escalated_at=row["escalated_at"],
        outcome=row["outcome"],
        reasons=tuple(PhotoReason(reason) for reason in row["reasons"]),
        decided_at=row["decided_at"],
        move=row["move"],
        source=PhotoSource(row["source"]),
        doubts=tuple(PhotoDoubt(doubt) for doubt in row["doubts"]),
        facts=row["facts"],
    )


async def waiting(
    tx: Connection,
    authorities: Collection[str] | None,
    after: tuple[datetime, ApplicationId] | None,
    limit: int,
    late: bool,
) -> list[PhotoReview]:
    """Open reviews, or only those escalated, the one due first in front; a page begins after a due instant and
    application."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE r.outcome IS NULL AND ($1::text[] IS NULL OR r.authority = ANY($1)) "
        "AND ($2::timestamptz IS NULL OR (r.due_at, r.application_id) > ($2, $3::uuid)) "
        "AND (NOT $5 OR r.escalated_at IS NOT NULL) "
        "ORDER BY r.due_at, r.application_id LIMIT $4",
        list(authorities) if authorities is not None else None,
        after[0] if after else None,
        after[1].uuid if after else None,
        limit,
        late,
    )
    return [_review(row) for row in rows]


async def driver_of(tx: Connection, application_id: ApplicationId) -> DriverId | None:
    """Whose review it is; asked once for a reviewer, who knows only the application."""
    found = await tx.fetchval(
        "SELECT driver_id FROM photo_review WHERE application_id = $1", application_id.uuid
    )
    return DriverId(found) if found else None


async def hold_with_application(
    tx: Connection, driver_id: DriverId, application_id: ApplicationId
) -> PhotoReview | None:
    """One review and its application, held until the transaction ends. The application first: as the holder's
    withdrawal does."""
    await tx.execute(
        "SELECT 1 FROM application WHERE driver_id = $1 AND id = $2 FOR UPDATE",
        driver_id.uuid,
        application_id.uuid,
    )
    return await hold(tx, driver_id, application_id)


async def hold(tx: Connection, driver_id: DriverId, application_id: ApplicationId) -> PhotoReview | None:
    """One review, held until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE r.driver_id = $1 AND r.application_id = $2 FOR UPDATE OF r",
        driver_id.uuid,
        application_id.uuid,
    )
    return _review(row) if row else None


async def of_application(
    tx: Connection, driver_id: DriverId, application_id: ApplicationId
) -> PhotoReview | None:
    """One review, only read."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE r.driver_id = $1 AND r.application_id = $2",
        driver_id.uuid,
        application_id.uuid,
    )
    return _review(row) if row else None


async def next_free(
    tx: Connection,
    reviewer: Reviewer,
    authorities: Collection[str] | None,
    now: datetime,
    passing_over: DriverId | None = None,
) -> tuple[DriverId, ApplicationId] | None:
    """What this reviewer has in hand, else what is due first and in nobody's; what others are taking, and one driver's,
    is passed over."""
    row = await tx.fetchrow(
        "SELECT driver_id, application_id FROM photo_review WHERE outcome IS NULL "
        "AND ($1::text[] IS NULL OR authority = ANY($1)) AND driver_id IS DISTINCT FROM $5 "
        "AND (taken_until IS NULL OR taken_until <= $2 OR (taken_by_kind = $3 AND taken_by IS NOT DISTINCT FROM $4)) "
        "ORDER BY (taken_until > $2) IS TRUE DESC, due_at, application_id LIMIT 1 FOR UPDATE SKIP LOCKED",
        list(authorities) if authorities is not None else None, now, reviewer.kind, reviewer.id,
        passing_over.uuid if passing_over else None,
    )  # fmt: skip
    return (DriverId(row["driver_id"]), ApplicationId(row["application_id"])) if row else None


async def set_taken(
    tx: Connection, review: PhotoReview, reviewer: Reviewer | None, until: datetime | None
) -> None:
    """The review, held by the caller, is in this reviewer's hand, or in nobody's."""
    await tx.execute(
        "UPDATE photo_review SET taken_by_kind = $3, taken_by = $4, taken_until = $5 "
        "WHERE driver_id = $1 AND application_id = $2",
        review.driver_id.uuid, review.application_id.uuid, reviewer.kind if reviewer else None,
        reviewer.id if reviewer else None, until,
    )  # fmt: skip


async def close(
    tx: Connection,
    driver_id: DriverId,
    application_id: ApplicationId,
    outcome: str,
    reasons: Sequence[PhotoReason],
    by: Reviewer,
    now: datetime,
) -> bool:
    """The review has its one outcome; whether it had none before."""
    done = await tx.execute(
        "UPDATE photo_review SET outcome = $3, reasons = $4, decided_by_kind = $5, decided_by = $6, decided_at = $7 "
        "WHERE driver_id = $1 AND application_id = $2 AND outcome IS NULL",
        driver_id.uuid, application_id.uuid, outcome, [reason.value for reason in reasons], by.kind, by.id, now,
    )  # fmt: skip
    return done == "UPDATE 1"


async def open_replacement(tx: Connection, driver_id: DriverId) -> tuple[ApplicationId, int] | None:
    """The driver's replacement under review, with its move."""
    row = await tx.fetchrow(
        "SELECT id, move FROM application WHERE driver_id = $1 AND state = 'under_review' AND origin = 'photo'",
        driver_id.uuid,
    )
    return (ApplicationId(row["id"]), row["move"]) if row else None


async def escalate_due(
    tx: Connection, now: datetime, limit: int
) -> list[tuple[DriverId, ApplicationId, str, date]]:
    """Open reviews past their promise are marked, each once: driver, application, authority, the day promised."""
    rows = await tx.fetch(
        "WITH late AS MATERIALIZED (SELECT driver_id, application_id FROM photo_review WHERE outcome IS NULL "
        "AND escalated_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) "
        "UPDATE photo_review AS r SET escalated_at = $1 FROM late "
        "WHERE r.driver_id = late.driver_id AND r.application_id = late.application_id "
        "RETURNING r.driver_id, r.application_id, r.authority, r.due_day",
        now,
        limit,
    )
    return [
        (
            DriverId(row["driver_id"]),
            ApplicationId(row["application_id"]),
            row["authority"],
            row["due_day"],
        )
        for row in rows
    ]


async def queue_figures(tx: Connection, now: datetime) -> Row:
    """Of the open reviews: waiting, taken, late, escalated, and when the oldest was submitted."""
    row = await tx.fetchrow(
        "SELECT count(*) AS waiting, count(*) FILTER (WHERE taken_until > $1) AS taken, "
        "count(*) FILTER (WHERE due_at <= $1) AS late, count(escalated_at) AS escalated, "
        "min(submitted_at) AS oldest FROM photo_review WHERE outcome IS NULL",
        now,
    )
    assert row is not None, "an aggregate has one row"
    return row
