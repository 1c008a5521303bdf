"""Applications: added with their decision, moved along arrows, read for their holder; and the issuers'
queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.classes import ORDER_162_DAY, Classes
from liangzheng.kernel.ids import (
    ApplicationId,
    CredentialId,
    DriverId,
    FaceCheckId,
    PersonId,
    PhoneKeyId,
    PhotoId,
)
from liangzheng.licences.lifecycle import APPLICATION, ApplicationEvent, ApplicationState
from liangzheng.licences.model import Application, ApplicationEventRow, Phone, TurnedAway
from liangzheng.licences.photo_rules import PhotoSource
from liangzheng.licences.rules import Refusal, Terms

CONSTRAINTS = {
    "application_open": "an application is already under way",
    "application_open_own": "an application is already under way",
    "photo_review_photo": "this photo has served another application",
    "application_face_check": "this face check has served another application",
}


def terms_of(row: Row) -> Terms:
    """Terms of a row with classes, valid_from, valid_until, authority."""
    classes = Classes.parse_outside(row["classes"], max(row["valid_from"], ORDER_162_DAY))
    return Terms(classes, row["valid_from"], row["valid_until"], row["authority"])


def _application(row: Row) -> Application:
    return Application(
        driver_id=DriverId(row["driver_id"]),
        id=ApplicationId(row["id"]),
        state=ApplicationState(row["state"]),
        move=row["move"],
        origin=row["origin"],
        person_id=PersonId(row["person_id"]) if row["person_id"] else None,
        phone=Phone(PhoneKeyId(row["phone_key_id"]), row["phone_key"]) if row["phone_key_id"] else None,
        refusal=Refusal(row["refusal"]) if row["refusal"] else None,
        standing_version=row["standing_version"],
        submitted_at=row["submitted_at"],
        moved_at=row["moved_at"],
        photo=PhotoSource(row["photo"]),
        photo_id=PhotoId(row["photo_id"]) if row["photo_id"] else None,
    )


_COLUMNS = (
    "a.driver_id, a.id, a.state, a.move, a.origin, a.person_id, a.phone_key_id, a.phone_key, a.refusal, "
    "a.standing_version, a.submitted_at, a.moved_at, a.photo, a.photo_id"
)


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many refusals of one applicant after `since`."""

    refusals: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Situation:
    """What this context already has of a driver: an application an issuer will take, one under review, the live
    licence's terms, its phones; and when the oldest refusal of a used-up quota was, None while some of it is left.
    """

    under_way: bool
    under_review: bool
    held: Terms | None
    phones: tuple[PhoneKeyId, ...]
    quota_spent_at: datetime | None


async def situations(
    tx: Connection, drivers: Sequence[DriverId], quota: Quota | None
) -> dict[DriverId, Situation]:
    """One statement, for deciding applications of these drivers; refusals are counted where there is a quota."""
    rows = await tx.fetch(
        """
        SELECT d.driver_id, l.classes, l.valid_from, l.valid_until, l.authority,
               EXISTS (SELECT FROM application AS a
                        WHERE a.driver_id = d.driver_id AND a.state IN ('accepted', 'drafted')) AS under_way,
               EXISTS (SELECT FROM application AS a
                        WHERE a.driver_id = d.driver_id AND a.state = 'under_review') AS under_review,
               ARRAY (SELECT c.phone_key_id FROM credential AS c
                       WHERE c.driver_id = d.driver_id AND c.state = 'live') AS phones,
               (SELECT r.submitted_at FROM application AS r
                 WHERE r.driver_id = d.driver_id AND r.state = 'refused' AND r.origin = 'holder'
                   AND r.submitted_at > $2
                 ORDER BY r.submitted_at DESC OFFSET $3 - 1 LIMIT 1) AS quota_spent_at
          FROM unnest($1::uuid[]) AS d (driver_id)
          LEFT JOIN licence AS l ON l.driver_id = d.driver_id AND l.state = 'live'
        """,
        [driver.uuid for driver in drivers],
        quota.since if quota else None,  # nothing is later than null
        quota.refusals if quota else 1,
    )
    return {
        DriverId(row["driver_id"]): Situation(
            row["under_way"],
            row["under_review"],
            terms_of(row) if row["classes"] is not None else None,
            tuple(PhoneKeyId(key) for key in row["phones"]),
            row["quota_spent_at"],
        )
        for row in rows
    }


_FIRST_EVENT = {
    ApplicationState.ACCEPTED: ApplicationEvent.FACTS_HELD,
    ApplicationState.UNDER_REVIEW: ApplicationEvent.PHOTO_IS_NEW,
    ApplicationState.REFUSED: ApplicationEvent.FACTS_FAILED,
}


async def add(tx: Connection, decided: Sequence[tuple[Application, FaceCheckId | None]]) -> None:
    """Keeps decided applications with the event of each decision. Raises Conflict (see CONSTRAINTS)."""
    rows, events = [], []
    for application, face_check_id in decided:
        event = _FIRST_EVENT[application.state]
        assert APPLICATION.step(ApplicationState.SUBMITTED, event) is application.state
        phone, at = application.phone, application.submitted_at
        rows.append(
            (
                application.driver_id.uuid, application.id.uuid, application.state.value, 1, application.origin,
                application.photo.value, application.photo_id.uuid if application.photo_id else None,
                application.person_id.uuid if application.person_id else None,
                face_check_id.uuid if face_check_id else None, phone.key_id.uuid if phone else None,
                phone.public_key if phone else None,
                application.refusal.value if application.refusal else None, application.standing_version, at, at,
            )
        )  # fmt: skip
        events.append((application.driver_id.uuid, application.id.uuid, 1, event.value, at))
    await tx.copy_records_to_table("application", records=rows, columns=_KEPT)
    await tx.copy_records_to_table(
        "application_event",
        records=events,
        columns=("driver_id", "application_id", "move", "event", "at"),
    )


_KEPT = (
    "driver_id", "id", "state", "move", "origin", "photo", "photo_id", "person_id", "face_check_id", "phone_key_id", "phone_key",
    "refusal", "standing_version", "submitted_at", "moved_at",
)  # fmt: skip


async def add_turned_away(tx: Connection, refused: TurnedAway) -> None:
    """Keeps a refusal that belongs to no driver."""
    await tx.execute(
        "INSERT INTO application_turned_away (person_id, id, refusal, submitted_at) VALUES ($1, $2, $3, $4)",
        refused.person_id.uuid, refused.id.uuid, refused.refusal.value, refused.submitted_at,
    )  # fmt: skip


async def turned_away_spent(
    tx: Connection, people: Sequence[PersonId], quota: Quota
) -> dict[PersonId, datetime]:
    """When the oldest refusal of a used-up quota was, for those of these people who have none left."""
    rows = await tx.fetch(
        """
        SELECT p.person_id, spent.submitted_at
          FROM unnest($1::uuid[]) AS p (person_id) CROSS JOIN LATERAL (
               SELECT t.submitted_at FROM application_turned_away AS t
                WHERE t.person_id = p.person_id AND t.submitted_at > $2
                ORDER BY t.submitted_at DESC OFFSET $3 - 1 LIMIT 1) AS spent
        """,
        [person.uuid for person in people], quota.since, quota.refusals,
    )  # fmt: skip
    return {PersonId(row["person_id"]): row["submitted_at"] for row in rows}


async def of_driver(tx: Connection, driver_id: DriverId, limit: int) -> list[Application]:
    """The newest applications of a driver, newest first."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM application AS a WHERE a.driver_id = $1 ORDER BY a.id DESC LIMIT $2",
        driver_id.uuid,
        limit,
    )
    return [_application(row) for row in rows]


async def one(tx: Connection, driver_id: DriverId, application_id: ApplicationId) -> Application | None:
    """An application of this driver."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM application AS a WHERE a.driver_id = $1 AND a.id = $2",
        driver_id.uuid,
        application_id.uuid,
    )
    return _application(row) if row else None


async def turned_away(
    tx: Connection, person_id: PersonId, application_id: ApplicationId
) -> TurnedAway | None:
    """One refusal of a person the register does not know."""
    row = await tx.fetchrow(
        "SELECT refusal, submitted_at FROM application_turned_away WHERE person_id = $1 AND id = $2",
        person_id.uuid,
        application_id.uuid,
    )
    return (
        TurnedAway(person_id, application_id, Refusal(row["refusal"]), row["submitted_at"]) if row else None
    )


async def turned_away_of(tx: Connection, person_id: PersonId, limit: int) -> list[TurnedAway]:
    """The newest refusals of a person the register does not know, newest first."""
    rows = await tx.fetch(
        "SELECT person_id, id, refusal, submitted_at FROM application_turned_away WHERE person_id = $1 "
        "ORDER BY id DESC LIMIT $2",
        person_id.uuid,
        limit,
    )
    return [
        TurnedAway(
            PersonId(row["person_id"]), ApplicationId(row["id"]), Refusal(row["refusal"]), row["submitted_at"]
        )
        for row in rows
    ]


async def events_of(
    tx: Connection, driver_id: DriverId, application_id: ApplicationId
) -> list[ApplicationEventRow]:
    """What happened to it, oldest first."""
    rows = await tx.fetch(
        "SELECT event, at FROM application_event WHERE driver_id = $1 AND application_id = $2 ORDER BY move",
        driver_id.uuid,
        application_id.uuid,
    )
    return [ApplicationEventRow(row["event"], row["at"]) for row in rows]


async def withdrawable(tx: Connection, driver_id: DriverId, person_id: PersonId) -> list[ApplicationId]:
    """Applications this person made as this driver that wait for a reviewer or for an issuer."""
    states = [ApplicationState.UNDER_REVIEW.value, ApplicationState.ACCEPTED.value]
    rows = await tx.fetch(
        "SELECT id FROM application WHERE driver_id = $1 AND person_id = $2 AND state = ANY ($3::text[]) ORDER BY id",
        driver_id.uuid, person_id.uuid, states,
    )  # fmt: skip
    return [ApplicationId(row["id"]) for row in rows]


@dataclass(frozen=True, slots=True)
class ApplicationMove:
    """One application and the `move` it was read with."""

    driver_id: DriverId
    id: ApplicationId
    move: int
    refusal: Refusal | None = None


async def move(
    tx: Connection,
    moves: Sequence[ApplicationMove],
    source: ApplicationState,
    event: ApplicationEvent,
    now: datetime,
) -> set[ApplicationId]:
    """Takes one arrow for each, with its event, where state and `move` are still those read; which of them
    moved.
    """
    target = APPLICATION.step(source, event)
    rows = await tx.fetch(
        "WITH moved AS (UPDATE application AS a SET state = $5, move = a.move + 1, moved_at = $7, refusal = "
        "m.refusal "
        "FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $8::text[]) AS m (driver_id, id, move, refusal) "
        "WHERE a.driver_id = m.driver_id AND a.id = m.id AND a.move = m.move AND a.state = $4 "
        "RETURNING a.driver_id, a.id, a.move), "
        "noted AS (INSERT INTO application_event (driver_id, application_id, move, event, at) "
        "SELECT driver_id, id, move, $6, $7 FROM moved) SELECT id FROM moved",
        [m.driver_id.uuid for m in moves], [m.id.uuid for m in moves], [m.move for m in moves],
        source.value, target.value, event.value, now, [m.refusal.value if m.refusal else None for m in moves],
    )  # fmt: skip
    return {ApplicationId(row["id"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an issuer claims: an application or a credential request, and since when it is due."""

    driver_id: DriverId
    subject: ApplicationId | CredentialId
    due_at: datetime


async def enqueue(tx: Connection, waiting: Sequence[Waiting]) -> None:
    """The subjects wait for an issuer."""
    await tx.execute(
        "INSERT INTO issue_queue (bucket, due_at, subject, kind, driver_id) "
        "SELECT * FROM unnest($1::smallint[], $2::timestamptz[], $3::uuid[], $4::text[], $5::uuid[])",
        [w.driver_id.bucket for w in waiting], [w.due_at for w in waiting], [w.subject.uuid for w in waiting],
        ["application" if isinstance(w.subject, ApplicationId) else "credential" for w in waiting],
        [w.driver_id.uuid for w in waiting],
    )  # fmt: skip


async def unqueue(tx: Connection, subjects: Sequence[tuple[DriverId, ApplicationId | CredentialId]]) -> None:
    """These do not wait for an issuer any more, if they did."""
    for driver_id, subject in subjects:
        await tx.execute(
            "DELETE FROM issue_queue WHERE bucket = $1 AND subject = $2", driver_id.bucket, subject.uuid
        )


async def waiting_buckets(tx: Connection, now: datetime) -> list[int]:
    """Buckets in which something is due, the one that has waited longest first."""
    rows = await tx.fetch(
        "SELECT b.bucket FROM generate_series(0, 63) AS b (bucket) CROSS JOIN LATERAL ("
        "SELECT q.due_at FROM issue_queue AS q WHERE q.bucket = b.bucket AND q.due_at <= $1 ORDER BY "
        "q.due_at LIMIT 1"
        ") AS first ORDER BY first.due_at",
        now,
    )
    return [row["bucket"] for row in rows]


async def claim(tx: Connection, bucket: int, now: datetime, limit: int) -> list[Waiting]:
    """Takes what is due longest out of a bucket's queue, passing over what another issuer holds.

    The claim ends with the transaction: when it does not commit, everything waits again.
    """
    rows = await tx.fetch(
        "WITH taken AS MATERIALIZED (SELECT due_at, subject FROM issue_queue WHERE bucket = $1 AND due_at "
        "<= $2 "
        "ORDER BY due_at, subject LIMIT $3 FOR UPDATE SKIP LOCKED) DELETE FROM issue_queue AS q USING taken "
        "WHERE q.bucket = $1 AND q.due_at = taken.due_at AND q.subject = taken.subject "
        "RETURNING q.subject, q.kind, q.driver_id, q.due_at",
        bucket,
        now,
        limit,
    )
    return [
        Waiting(
            DriverId(row["driver_id"]),
            ApplicationId(row["subject"]) if row["kind"] == "application" else CredentialId(row["subject"]),
            row["due_at"],
        )
        for row in rows
    ]


async def hold_accepted(
    tx: Connection, claimed: Sequence[tuple[DriverId, ApplicationId]]
) -> list[Application]:
    """Those of the claimed that are still accepted, held until the transaction ends."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM application AS a JOIN unnest($1::uuid[], $2::uuid[]) AS c (driver_id, id) "
        "ON a.driver_id = c.driver_id AND a.id = c.id WHERE a.state = 'accepted' FOR UPDATE OF a",
        [driver.uuid for driver, _ in claimed],
        [application.uuid for _, application in claimed],
    )
    return [_application(row) for row in rows]


async def forget_phone(tx: Connection, driver_id: DriverId, phone_key_id: PhoneKeyId) -> None:
    """Applications for an ended phone that are not drafted yet go on without a phone."""
    await tx.execute(
        "UPDATE application SET phone_key_id = NULL, phone_key = NULL "
        "WHERE driver_id = $1 AND phone_key_id = $2 AND state IN ('under_review', 'accepted')",
        driver_id.uuid,
        phone_key_id.uuid,
    )
