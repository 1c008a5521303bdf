"""Every statement on look_up_draw and look_up_sample."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import DriverId, LookUpId, StaffId
from liangzheng.staff.model import CaseNumber, Duty, Outcome, SampledLookUp

_COLUMNS: Final = "staff_id, look_up_id, driver_id, at, reviewed_at, reviewed_by, week, unit, duty, purpose, case_number, outcome"


def _sampled(row: Row) -> SampledLookUp:
    return SampledLookUp(
        look_up_id=LookUpId(row["look_up_id"]),
        staff_id=StaffId(row["staff_id"]),
        driver_id=DriverId(row["driver_id"]),
        at=row["at"],
        week=row["week"],
        unit=row["unit"],
        duty=Duty(row["duty"]),
        purpose=row["purpose"],
        case=CaseNumber.parse(row["case_number"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        reviewed_by=None if row["reviewed_by"] is None else StaffId(row["reviewed_by"]),
        reviewed_at=row["reviewed_at"],
    )


async def draw(
    tx: Connection, week: date, seed: bytes, since: datetime, until: datetime, most: int, now: datetime
) -> tuple[int, int] | None:
    """How many look-ups there were and how many are drawn; None when the week was drawn before.

    Of each member of staff the first `most` in the order of SHA-256 over seed and id (`rules.drawn` is the same in Python).
    """
    fresh = await tx.fetchval(
        "INSERT INTO look_up_draw (week, drawn_at, looked, drawn, per_staff, seed) VALUES ($1, $2, 0, 0, $3, $4) "
        "ON CONFLICT (week) DO NOTHING RETURNING true",
        week, now, most, seed,
    )  # fmt: skip
    if not fresh:
        return None
    looked = await tx.fetchval("SELECT count(*) FROM look_up WHERE at >= $1 AND at < $2", since, until)
    added = await tx.execute(
        """
        INSERT INTO look_up_sample (staff_id, look_up_id, driver_id, at, week, division, unit, duty, purpose, case_number)
        SELECT staff_id, id, driver_id, at, $1, split_part(case_number, '-', 2), unit, duty, purpose, case_number
          FROM (SELECT l.*, row_number() OVER (PARTITION BY staff_id ORDER BY sha256($2 || uuid_send(id))) AS place
                  FROM look_up AS l WHERE at >= $3 AND at < $4) AS ordered
         WHERE place <= $5
        """,
        week, seed, since, until, most,
    )  # fmt: skip
    drawn = int(added.rsplit(" ", 1)[1])
    await tx.execute("UPDATE look_up_draw SET looked = $2, drawn = $3 WHERE week = $1", week, looked, drawn)
    return looked, drawn


async def unreviewed(
    tx: Connection, reviewer: StaffId, prefixes: Sequence[str], after: LookUpId | None, limit: int
) -> list[SampledLookUp]:
    """Drawn look-ups in these regions that nobody has reviewed and somebody else than `reviewer` made, oldest first."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM look_up_sample WHERE outcome IS NULL AND staff_id <> $1 AND look_up_id > $3 "
        "AND EXISTS (SELECT 1 FROM unnest($2::text[]) AS p (prefix) WHERE starts_with(division, prefix)) "
        "ORDER BY look_up_id LIMIT $4",
        reviewer.uuid, list(prefixes), after.uuid if after is not None else UUID(int=0), limit,
    )  # fmt: skip
    return [_sampled(row) for row in rows]


async def sampled(tx: Connection, look_up_id: LookUpId) -> SampledLookUp | None:
    """A drawn look-up."""
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM look_up_sample WHERE look_up_id = $1", look_up_id.uuid)
    return None if row is None else _sampled(row)


async def review(
    tx: Connection, found: SampledLookUp, outcome: Outcome, by: StaffId, now: datetime
) -> SampledLookUp | None:
    """The look-up with its outcome; None when it had one."""
    row = await tx.fetchrow(
        f"UPDATE look_up_sample SET outcome = $3, reviewed_by = $4, reviewed_at = $5 "
        f"WHERE staff_id = $1 AND look_up_id = $2 AND outcome IS NULL RETURNING {_COLUMNS}",
        found.staff_id.uuid, found.look_up_id.uuid, outcome.value, by.uuid, now,
    )  # fmt: skip
    return None if row is None else _sampled(row)


async def prune(tx: Connection, before: date, limit: int) -> int:
    """Samples of weeks that were over before a day began are gone, at most `limit`; how many. Audit entries and drawings
    stay."""
    gone = await tx.execute(
        "DELETE FROM look_up_sample WHERE (staff_id, look_up_id) IN "
        "(SELECT staff_id, look_up_id FROM look_up_sample WHERE week <= $1::date - 7 LIMIT $2)",
        before, limit,
    )  # fmt: skip
    return int(gone.rsplit(" ", 1)[1])
