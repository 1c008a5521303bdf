"""Every statement on look_up, look_up_count, proposal and proposal_event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import DriverId, LookUpId, ProposalId, StaffId
from liangzheng.kernel.pages import Place
from liangzheng.staff.lifecycle import PROPOSAL, ProposalEvent, ProposalState
from liangzheng.staff.model import CaseNumber, Duty, Kind, LookUp, Proposal

CONSTRAINTS: Final = {
    "proposal_open_once": "the same is proposed for this driver already; decide that first",
    "proposal_four_eyes": "two people",
}

# --- look-ups ---------------------------------------------------------------------------------------


async def count_look_up(tx: Connection, staff_id: StaffId, day: date, duty: Duty, budget: int) -> bool:
    """Whether one more look-up is within the day's budget; then it is counted. Holds the count until commit."""
    if budget < 1:
        return False
    used = await tx.fetchval(
        """
        INSERT INTO look_up_count AS c (staff_id, day, duty, used) VALUES ($1, $2, $3, 1)
        ON CONFLICT (staff_id, day, duty) DO UPDATE SET used = c.used + 1 WHERE c.used < $4 RETURNING used
        """,
        staff_id.uuid, day, duty.value, budget,
    )  # fmt: skip
    return used is not None


async def look_ups_used(tx: Connection, staff_id: StaffId, day: date) -> dict[Duty, int]:
    """How many look-ups of the day are used up, by duty; a duty without any is not in it."""
    rows = await tx.fetch(
        "SELECT duty, used FROM look_up_count WHERE staff_id = $1 AND day = $2", staff_id.uuid, day
    )
    return {Duty(row["duty"]): row["used"] for row in rows}


async def add_look_up(
    tx: Connection, driver_id: DriverId, look: LookUp, staff_id: StaffId, case: CaseNumber
) -> None:
    """The look-up is in the driver's list."""
    await tx.execute(
        "INSERT INTO look_up (driver_id, id, at, staff_id, unit, duty, purpose, case_number) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        driver_id.uuid, look.look_up_id.uuid, look.at, staff_id.uuid, look.unit, look.duty.value,
        look.purpose, str(case),
    )  # fmt: skip


async def look_ups_at(tx: Connection, driver_id: DriverId, before: Place, limit: int) -> list[LookUp]:
    """Who looked this driver up by number before a place, newest first."""
    rows = await tx.fetch(
        "SELECT id, at, unit, duty, purpose FROM look_up WHERE driver_id = $1 AND (at, id) < ($2, $3) "
        "ORDER BY at DESC, id DESC LIMIT $4",
        driver_id.uuid, before.at, before.id, limit,
    )  # fmt: skip
    return [
        LookUp(LookUpId(row["id"]), row["at"], row["unit"], Duty(row["duty"]), row["purpose"]) for row in rows
    ]


async def forget_look_ups(tx: Connection, before: datetime, limit: int) -> int:
    """Look-ups before an instant are gone, at most `limit`; how many. Their audit entries stay."""
    gone = await tx.execute(
        "DELETE FROM look_up WHERE (driver_id, id) IN (SELECT driver_id, id FROM look_up WHERE at < $1 LIMIT $2)",
        before, limit,
    )  # fmt: skip
    return int(gone.rsplit(" ", 1)[1])


async def forget_counts(tx: Connection, before: date) -> None:
    """Counts of days long past are gone."""
    await tx.execute("DELETE FROM look_up_count WHERE day < $1", before)


# --- proposals --------------------------------------------------------------------------------------

_COLUMNS: Final = (
    "province, id, proposed_at, expires_at, decided_at, driver_id, proposed_by, decided_by, move, kind, state, "
    "division, duty, reason, case_number, what"
)


def _proposal(row: Row) -> Proposal:
    return Proposal(
        proposal_id=ProposalId(row["id"]),
        province=row["province"],
        division=row["division"],
        kind=Kind(row["kind"]),
        state=ProposalState(row["state"]),
        move=row["move"],
        driver_id=None if row["driver_id"] is None else DriverId(row["driver_id"]),
        duty=Duty(row["duty"]),
        reason=row["reason"],
        case=CaseNumber.parse(row["case_number"]),
        what=row["what"],
        proposed_by=StaffId(row["proposed_by"]),
        proposed_at=row["proposed_at"],
        expires_at=row["expires_at"],
        decided_by=None if row["decided_by"] is None else StaffId(row["decided_by"]),
        decided_at=row["decided_at"],
    )


async def add_proposal(tx: Connection, proposal: Proposal) -> None:
    """Breaks proposal_open_once when one of the kind waits for this driver."""
    await tx.execute(
        "INSERT INTO proposal (province, id, proposed_at, moved_at, expires_at, driver_id, proposed_by, move, kind, "
        "state, division, duty, reason, case_number, what) "
        "VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        proposal.province, proposal.proposal_id.uuid, proposal.proposed_at, proposal.expires_at,
        proposal.driver_id and proposal.driver_id.uuid, proposal.proposed_by.uuid, proposal.move,
        proposal.kind.value, proposal.state.value, proposal.division, proposal.duty.value, proposal.reason,
        str(proposal.case), dict(proposal.what),
    )  # fmt: skip


async def proposal(
    tx: Connection, provinces: Sequence[str], proposal_id: ProposalId, *, hold: bool = False
) -> Proposal | None:
    """One proposal of these provinces; `hold`: whoever else asks that way waits for this transaction."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM proposal WHERE province = ANY ($1::text[]) AND id = $2"
        + (" FOR NO KEY UPDATE" if hold else ""),
        list(provinces), proposal_id.uuid,
    )  # fmt: skip
    return None if row is None else _proposal(row)


async def proposals(
    tx: Connection, provinces: Sequence[str], state: ProposalState, before: ProposalId, limit: int
) -> list[Proposal]:
    """Proposals of these provinces in a state, older than `before`, newest first."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM proposal WHERE province = ANY ($1::text[]) AND state = $2 AND id < $3 "
        "ORDER BY id DESC LIMIT $4",
        list(provinces), state.value, before.uuid, limit,
    )  # fmt: skip
    return [_proposal(row) for row in rows]


async def run_out(tx: Connection, now: datetime, limit: int) -> list[Proposal]:
    """Open proposals whose time is over, held until the transaction ends; those another worker holds are left to it."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM proposal WHERE state IN ('proposed', 'approved') AND expires_at <= $1 "
        "ORDER BY province, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        now, limit,
    )  # fmt: skip
    return [_proposal(row) for row in rows]


async def move_proposal(
    tx: Connection, proposal: Proposal, event: ProposalEvent, by: StaffId | None, now: datetime
) -> Proposal:
    """The proposal after `event`, with its line. A decision names who decided. Raises Conflict when it has moved on."""
    state = PROPOSAL.step(proposal.state, event)
    decides = event in (ProposalEvent.AGREED, ProposalEvent.TURNED_DOWN)
    row = await tx.fetchrow(
        f"""
        WITH moved AS (
            UPDATE proposal
               SET state = $4, move = move + 1, moved_at = $6,
                   decided_by = CASE WHEN $8 THEN $7::uuid ELSE decided_by END,
                   decided_at = CASE WHEN $8 THEN $6 ELSE decided_at END
             WHERE province = $1 AND id = $2 AND move = $3 AND state = $9
         RETURNING {_COLUMNS}), told AS (
            INSERT INTO proposal_event (province, proposal_id, move, at, event, staff_id)
            SELECT province, id, move, $6, $5, $7::uuid FROM moved)
        SELECT {_COLUMNS} FROM moved
        """,
        proposal.province, proposal.proposal_id.uuid, proposal.move, state.value, event.value, now,
        by and by.uuid, decides, proposal.state.value,
    )  # fmt: skip
    if row is None:
        raise Conflict("this proposal has moved on: read it again", place="move", rule="stale")
    return _proposal(row)


async def events(tx: Connection, proposal: Proposal) -> list[dict[str, Any]]:
    """What happened to a proposal, oldest first: move, at, event, staff_id."""
    rows = await tx.fetch(
        "SELECT move, at, event, staff_id FROM proposal_event WHERE province = $1 AND proposal_id = $2 ORDER BY move",
        proposal.province, proposal.proposal_id.uuid,
    )  # fmt: skip
    return [dict(row) for row in rows]
