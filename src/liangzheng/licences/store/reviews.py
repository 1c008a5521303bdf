"""Every statement on photo, and those on photo_review that are not every queue's: holders' own photos, and which wait for
a person to look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import ApplicationId, DriverId, PersonId, PhotoId
from liangzheng.kernel.time import Promise
from liangzheng.licences.model import Photo, PhotoReview
from liangzheng.licences.photo_rules import PhotoDoubt, PhotoReason, PhotoSource
from liangzheng.reviewing import Queue, in_common

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
    tx: Connection,
    reviews: Sequence[tuple[DriverId, ApplicationId, PhotoId, str]],
    promise: Promise,
    now: datetime,
) -> None:
    """The photos of these applications wait for a reviewer: driver, application, photo, authority."""
    await tx.execute(
        "INSERT INTO photo_review (driver_id, application_id, photo_id, authority, submitted_at, due_day, due_at, "
        "provisional) SELECT r.driver_id, r.application_id, r.photo_id, r.authority, $5, $6, $7, $8 "
        "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS r (driver_id, application_id, photo_id, "
        "authority)",
        [driver.uuid for driver, _, _, _ in reviews], [application.uuid for _, application, _, _ in reviews],
        [photo_id.uuid for _, _, photo_id, _ in reviews], [authority for _, _, _, authority in reviews],
        now, promise.day, promise.ends_at, promise.provisional,
    )  # fmt: skip


def _review(row: Row) -> PhotoReview:
    return PhotoReview(
        **in_common(row),
        application_id=ApplicationId(row["application_id"]),
        photo_id=PhotoId(row["photo_id"]),
        origin=row["origin"],
        reasons=tuple(PhotoReason(reason) for reason in row["reasons"]),
        move=row["move"],
        source=PhotoSource(row["source"]),
        doubts=tuple(PhotoDoubt(doubt) for doubt in row["doubts"]),
        facts=row["facts"],
    )


PHOTO_QUEUE: Final = Queue(
    table="photo_review",
    shard="driver_id",
    named="application_id",
    more="r.application_id, r.photo_id, a.origin, a.move, p.source, p.doubts, p.facts",
    joins="JOIN application AS a ON a.driver_id = r.driver_id AND a.id = r.application_id "
    "JOIN photo AS p ON p.driver_id = r.driver_id AND p.id = r.photo_id",
    review=_review,
    purpose="reviewing a new photo",
    name="photo-review",
    escalated="review.escalated",
    told=lambda review: {
        "driver_id": str(review.driver_id),
        "application_id": str(review.application_id),
        "authority": review.authority,
        "due_day": review.due_day.isoformat(),
    },
    own=("somebody else reviews your own photo", "own-photo"),
)


async def hold_application(tx: Connection, driver_id: DriverId, application_id: ApplicationId) -> None:
    """An application is held until the transaction ends; before its review, as the holder's withdrawal does."""
    await tx.execute(
        "SELECT 1 FROM application WHERE driver_id = $1 AND id = $2 FOR UPDATE",
        driver_id.uuid,
        application_id.uuid,
    )


async def open_replacement(tx: Connection, driver_id: DriverId) -> tuple[ApplicationId, int] | None:
    """The driver's replacement under review, with its move."""
    row = await tx.fetchrow(
        "SELECT id, move FROM application WHERE driver_id = $1 AND state = 'under_review' AND origin = 'photo'",
        driver_id.uuid,
    )
    return (ApplicationId(row["id"]), row["move"]) if row else None
