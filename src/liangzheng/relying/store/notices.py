"""Every statement on notice, the queue of change notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import CompanyId, ConsentId, DriverId, NoticeId, PersonId, PseudonymId
from liangzheng.relying.lifecycle import NOTICE, NoticeEvent, NoticeState
from liangzheng.relying.model import Notice, NoticeToSend

_COLUMNS = "company_id, notice_id, pseudonym, purpose, state, attempts, due_at, made_at, ended_at, last_error"
_OF_ONE_COMPANY = 4
"""Notices of one company in a batch: a receiver that is slow or many does not hold up the others'."""


async def to_be_told(
    tx: Connection, drivers: Sequence[DriverId], today: date
) -> list[tuple[CompanyId, ConsentId, DriverId, PseudonymId, str]]:
    """Whom a change of these drivers concerns: an active consent, for a purpose registered with notices, of an
    approved company that has a webhook."""
    rows = await tx.fetch(
        """
        SELECT s.company_id, s.consent_id, s.driver_id, s.pseudonym, s.purpose
          FROM standing_consent AS s
          JOIN company AS c ON c.company_id = s.company_id AND c.state = 'approved' AND c.webhook_url IS NOT NULL
          JOIN company_purpose AS p ON p.company_id = s.company_id AND p.purpose = s.purpose AND p.notices
         WHERE s.driver_id = ANY ($1::uuid[]) AND s.state = 'active' AND s.until >= $2
        """,
        [driver.uuid for driver in drivers], today,
    )  # fmt: skip
    return [
        (
            CompanyId(row["company_id"]),
            ConsentId(row["consent_id"]),
            DriverId(row["driver_id"]),
            PseudonymId(row["pseudonym"]),
            row["purpose"],
        )
        for row in rows
    ]


async def add(
    tx: Connection,
    notices: Sequence[tuple[CompanyId, ConsentId, DriverId, PseudonymId, str]],
    now: datetime,
) -> int:
    """A notice for each, but where one waits that was not tried yet; how many were added."""
    rows = await tx.fetch(
        """
        INSERT INTO notice (company_id, notice_id, driver_id, consent_id, pseudonym, purpose, state, attempts, due_at,
                            made_at)
        SELECT company_id, notice_id, driver_id, consent_id, pseudonym, purpose, 'waiting', 0, $7, $7
          FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[])
               AS n (company_id, notice_id, driver_id, consent_id, pseudonym, purpose)
        ON CONFLICT (company_id, consent_id) WHERE state = 'waiting' AND attempts = 0 DO NOTHING
        RETURNING notice_id
        """,
        [company.uuid for company, *_ in notices],
        [NoticeId.new().uuid for _ in notices],
        [driver.uuid for _, _, driver, _, _ in notices],
        [consent.uuid for _, consent, _, _, _ in notices],
        [pseudonym.uuid for _, _, _, pseudonym, _ in notices],
        [purpose for *_, purpose in notices],
        now,
    )
    return len(rows)


async def claim(
    tx: Connection, now: datetime, lease: timedelta, today: date, limit: int
) -> list[NoticeToSend]:
    """Due notices, each counted as tried and this caller's until the lease ends, a few of each company, the first of
    every company before anybody's second; among them by chance, so that many with long queues shut nobody out.

    A claim counts as an attempt before anything is sent: a sender that dies at it cannot try for ever, and a
    change that comes while one is on its way makes a notice of its own.
    """
    rows = await tx.fetch(
        """
        WITH RECURSIVE who AS (
            -- From company to company by the index: a queue of a million is passed over, not read.
            (SELECT company_id FROM notice WHERE state = 'waiting' ORDER BY company_id LIMIT 1)
            UNION ALL
            SELECT (SELECT n.company_id FROM notice AS n WHERE n.state = 'waiting' AND n.company_id > who.company_id
                     ORDER BY n.company_id LIMIT 1) FROM who WHERE who.company_id IS NOT NULL
        ), due AS (
            SELECT first.company_id, first.notice_id, first.place
              FROM who, LATERAL (
                SELECT n.company_id, n.notice_id, row_number() OVER (ORDER BY n.due_at) AS place FROM notice AS n
                 WHERE n.company_id = who.company_id AND n.state = 'waiting' AND n.due_at <= $1
                 ORDER BY n.due_at LIMIT $4) AS first
        ), held AS (
            SELECT n.company_id, n.notice_id FROM notice AS n
              JOIN due USING (company_id, notice_id)
             WHERE due.place <= $4 AND n.state = 'waiting' AND n.due_at <= $1
             ORDER BY due.place, random() LIMIT $3 FOR UPDATE OF n SKIP LOCKED
        ), claimed AS (
            UPDATE notice AS n SET attempts = attempts + 1, due_at = $2
              FROM held WHERE n.company_id = held.company_id AND n.notice_id = held.notice_id
         RETURNING n.*
        )
        SELECT n.company_id, n.notice_id, n.pseudonym, n.purpose, n.state, n.attempts, n.due_at, n.made_at, n.ended_at,
               n.last_error, n.driver_id, s.person_id, c.webhook_key,
               CASE WHEN c.state = 'approved' AND s.state = 'active' AND s.until >= $5 AND p.notices
                    THEN c.webhook_url END AS url
          FROM claimed AS n
          JOIN company AS c ON c.company_id = n.company_id
          LEFT JOIN standing_consent AS s ON s.driver_id = n.driver_id AND s.consent_id = n.consent_id
          LEFT JOIN company_purpose AS p ON p.company_id = n.company_id AND p.purpose = n.purpose
        """,
        now, now + lease, limit, _OF_ONE_COMPANY, today,
    )  # fmt: skip
    return [
        NoticeToSend(
            _notice(row), row["url"], row["webhook_key"], DriverId(row["driver_id"]),
            PersonId(row["person_id"]) if row["person_id"] else None,
        )
        for row in rows
    ]  # fmt: skip


async def move(
    tx: Connection, notice: Notice, event: NoticeEvent, now: datetime, *, due_at: datetime, error: str | None
) -> bool:
    """What became of a claimed notice; False when its lease ran out and another has it."""
    target = NOTICE.step(notice.state, event)
    ended_at = None if target is NoticeState.WAITING else now
    moved = await tx.execute(
        "UPDATE notice SET state = $4, due_at = $5, ended_at = $6, last_error = $7 "
        "WHERE company_id = $1 AND notice_id = $2 AND attempts = $3 AND state = 'waiting'",
        notice.company_id.uuid, notice.id.uuid, notice.attempts, target.value, due_at, ended_at, error,
    )  # fmt: skip
    return moved == "UPDATE 1"


async def ask_again(tx: Connection, company_id: CompanyId, notice_id: NoticeId, now: datetime) -> bool:
    """Whether a parked notice of the company waits again, with all its attempts before it."""
    moved = await tx.execute(
        "UPDATE notice SET state = $3, attempts = 1, due_at = $4, ended_at = NULL "
        "WHERE company_id = $1 AND notice_id = $2 AND state = 'parked'",
        company_id.uuid, notice_id.uuid, NOTICE.step(NoticeState.PARKED, NoticeEvent.ASKED_AGAIN).value, now,
    )  # fmt: skip
    return moved == "UPDATE 1"


async def listed(tx: Connection, company_id: CompanyId, before: NoticeId | None, limit: int) -> list[Notice]:
    """A company's notices, newest first."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM notice WHERE company_id = $1 AND ($2::uuid IS NULL OR notice_id < $2) "
        "ORDER BY notice_id DESC LIMIT $3",
        company_id.uuid,
        before and before.uuid,
        limit,
    )
    return [_notice(row) for row in rows]


async def counts(tx: Connection, company_id: CompanyId) -> dict[NoticeState, int]:
    """How many notices of a company stand where; states without any are left out."""
    rows = await tx.fetch(
        "SELECT state, count(*) AS number FROM notice WHERE company_id = $1 GROUP BY state", company_id.uuid
    )
    return {NoticeState(row["state"]): row["number"] for row in rows}


async def last_error(tx: Connection, company_id: CompanyId) -> str | None:
    """Why the newest notice that was not taken was not; None where the newest one tried was."""
    found: str | None = await tx.fetchval(
        "SELECT last_error FROM notice WHERE company_id = $1 AND attempts > 0 ORDER BY notice_id DESC LIMIT 1",
        company_id.uuid,
    )
    return found


async def forget_over(tx: Connection, before: datetime, limit: int) -> int:
    """Drops notices that ended before an instant, at most `limit`."""
    dropped = await tx.execute(
        "DELETE FROM notice WHERE (company_id, notice_id) IN ("
        "SELECT company_id, notice_id FROM notice WHERE ended_at < $1 LIMIT $2)",
        before,
        limit,
    )
    return int(dropped.rsplit(" ", 1)[1])


def _notice(row: Row) -> Notice:
    return Notice(
        id=NoticeId(row["notice_id"]),
        company_id=CompanyId(row["company_id"]),
        pseudonym=PseudonymId(row["pseudonym"]),
        purpose=row["purpose"],
        state=NoticeState(row["state"]),
        attempts=row["attempts"],
        due_at=row["due_at"],
        made_at=row["made_at"],
        ended_at=row["ended_at"],
        last_error=row["last_error"],
    )
