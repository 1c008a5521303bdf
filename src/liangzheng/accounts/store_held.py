"""Every statement on held_act, and what a done one changes in account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from liangzheng.accounts.lifecycle import HeldKind, HeldState
from liangzheng.accounts.model import HeldAct
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import HeldActId, PersonId
from liangzheng.kernel.people import Mobile


async def add(tx: Connection, act: HeldAct) -> None:
    """It waits. Raises Conflict, through the transaction's constraints, when one of its kind waits already."""
    await tx.execute(
        """
        INSERT INTO held_act (person_id, id, asked_at, due_at, move, kind, state, new_mobile)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        act.person_id.uuid, act.held_act_id.uuid, act.asked_at, act.due_at, act.move, act.kind.value,
        act.state.value, act.new_mobile.value if act.new_mobile else None,
    )  # fmt: skip


async def waiting(tx: Connection, person_id: PersonId) -> list[HeldAct]:
    """What waits of a person; locked."""
    rows = await tx.fetch(
        "SELECT * FROM held_act WHERE person_id = $1 AND state = 'waiting' FOR UPDATE", person_id.uuid
    )
    return [_held(row) for row in rows]


async def is_waiting(tx: Connection, person_id: PersonId, kind: HeldKind) -> bool:
    """Whether one of this kind waits."""
    return bool(
        await tx.fetchval(
            "SELECT EXISTS (SELECT FROM held_act WHERE person_id = $1 AND kind = $2 AND state = 'waiting')",
            person_id.uuid, kind.value,
        )
    )  # fmt: skip


async def of_person(tx: Connection, person_id: PersonId) -> list[HeldAct]:
    """All there were, newest first."""
    rows = await tx.fetch(
        "SELECT * FROM held_act WHERE person_id = $1 ORDER BY id DESC LIMIT 100", person_id.uuid
    )
    return [_held(row) for row in rows]


async def find(tx: Connection, person_id: PersonId, held_act_id: HeldActId) -> HeldAct | None:
    """The act, if it is this person's; locked."""
    row = await tx.fetchrow(
        "SELECT * FROM held_act WHERE person_id = $1 AND id = $2 FOR UPDATE", person_id.uuid, held_act_id.uuid
    )
    return _held(row) if row is not None else None


async def is_waiting_act(tx: Connection, person_id: PersonId, held_act_id: HeldActId) -> bool:
    """Whether this act waits; not locked."""
    return bool(
        await tx.fetchval(
            "SELECT EXISTS (SELECT FROM held_act WHERE person_id = $1 AND id = $2 AND state = 'waiting')",
            person_id.uuid, held_act_id.uuid,
        )
    )  # fmt: skip


async def noticed(tx: Connection, person_id: PersonId, held_act_id: HeldActId, now: datetime) -> None:
    """The holding time begins, the first time this is said of an act that waits."""
    await tx.execute(
        """
        UPDATE held_act SET noticed_at = greatest($3, asked_at), due_at = due_at + (greatest($3, asked_at) - asked_at)
         WHERE person_id = $1 AND id = $2 AND state = 'waiting' AND noticed_at IS NULL
        """,
        person_id.uuid, held_act_id.uuid, now,
    )  # fmt: skip


async def due(tx: Connection, now: datetime, limit: int) -> Sequence[tuple[PersonId, HeldActId]]:
    """Whose holding time is over. A job over all shards."""
    rows = await tx.fetch(
        """
        SELECT person_id, id FROM held_act AS h
         WHERE state = 'waiting' AND due_at <= $1 AND noticed_at IS NOT NULL
           AND (kind <> 'mobile' OR NOT EXISTS (
               SELECT FROM held_act AS o
                WHERE o.person_id = h.person_id AND o.state = 'waiting' AND o.noticed_at IS NULL))
         ORDER BY due_at LIMIT $2
        """,
        now, limit,
    )  # fmt: skip
    return [(PersonId(row["person_id"]), HeldActId(row["id"])) for row in rows]


async def move(tx: Connection, act: HeldAct, target: HeldState, now: datetime) -> None:
    """It has ended, and the new mobile is forgotten with it. Raises Conflict for a stale mover."""
    status = await tx.execute(
        """
        UPDATE held_act SET state = $5, ended_at = $6, new_mobile = NULL, move = move + 1
         WHERE person_id = $1 AND id = $2 AND state = $3 AND move = $4
        """,
        act.person_id.uuid, act.held_act_id.uuid, act.state.value, act.move, target.value, now,
    )  # fmt: skip
    if status != "UPDATE 1":
        raise Conflict("another change came first; read again and retry")


async def set_mobile(tx: Connection, person_id: PersonId, mobile: Mobile) -> None:
    """The account is reached under this mobile."""
    await tx.execute(
        "UPDATE account SET mobile = $2 WHERE person_id = $1 AND closed_at IS NULL",
        person_id.uuid,
        mobile.value,
    )


async def close_account(tx: Connection, person_id: PersonId, now: datetime) -> None:
    """No way in is left: no mobile, password, passkey, login or code; the driver is free to be another account's."""
    for statement in (
        "UPDATE account SET closed_at = $2, mobile = NULL, password_hash = NULL, second_factor = false WHERE person_id = $1",
        "UPDATE session SET ended_at = $2 WHERE person_id = $1 AND ended_at IS NULL",
    ):
        await tx.execute(statement, person_id.uuid, now)
    await tx.execute("DELETE FROM passkey WHERE person_id = $1", person_id.uuid)
    await tx.execute("DELETE FROM phone_key_challenge WHERE person_id = $1", person_id.uuid)


async def free_driver(tx: Connection, driver_id: UUID, person_id: PersonId) -> None:
    """The driver is nobody's, where it was this person's."""
    await tx.execute(
        "DELETE FROM driver_person WHERE driver_id = $1 AND person_id = $2", driver_id, person_id.uuid
    )


def _held(row: Row) -> HeldAct:
    return HeldAct(
        PersonId(row["person_id"]), HeldActId(row["id"]), HeldKind(row["kind"]), HeldState(row["state"]),
        row["asked_at"], row["due_at"], row["ended_at"], row["move"],
        Mobile(row["new_mobile"]) if row["new_mobile"] else None, row["noticed_at"],
    )  # fmt: skip
