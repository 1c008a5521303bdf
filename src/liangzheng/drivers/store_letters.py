"""Every statement on status_letter. The caller holds the drivers' rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from liangzheng.drivers.letters import PutHere
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.status import Status, StatusLetter


async def put_letter(
    tx: Connection, driver_id: DriverId, letter: StatusLetter, put_by: UUID, now: datetime
) -> None:
    """The letter, which the status has since just now, is this act's."""
    await tx.execute(
        "INSERT INTO status_letter (driver_id, put_by, put_at, letter) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (driver_id, letter) DO UPDATE SET put_by = $2, put_at = $3, also_said = false",
        driver_id.uuid, put_by, now, letter.value,
    )  # fmt: skip


async def let_go_of_letter(tx: Connection, driver_id: DriverId, letter: StatusLetter, put_by: UUID) -> bool:
    """Whether the letter stood in the status by this act alone; the act has no say in it any more."""
    also_said = await tx.fetchval(
        "DELETE FROM status_letter WHERE driver_id = $1 AND letter = $2 AND put_by = $3 RETURNING also_said",
        driver_id.uuid, letter.value, put_by,
    )  # fmt: skip
    return also_said is False


async def keep_only(tx: Connection, driver_id: DriverId, status: Status) -> None:
    """Nothing is said of letters that the status does not have any more."""
    await tx.execute(
        "DELETE FROM status_letter WHERE driver_id = $1 AND position(letter IN $2) = 0",
        driver_id.uuid, str(status),
    )  # fmt: skip


async def put_here(tx: Connection, driver_ids: Sequence[UUID]) -> dict[UUID, tuple[PutHere, ...]]:
    """The letters that staff put, of those drivers that have any."""
    rows = await tx.fetch(
        "SELECT driver_id, letter, put_by, put_at, also_said FROM status_letter WHERE driver_id = ANY ($1::uuid[]) "
        "ORDER BY driver_id, letter",
        list(driver_ids),
    )
    found: dict[UUID, tuple[PutHere, ...]] = {}
    for row in rows:
        each = PutHere(StatusLetter(row["letter"]), row["put_by"], row["put_at"], row["also_said"])
        found[row["driver_id"]] = (*found.get(row["driver_id"], ()), each)
    return found


async def keep(tx: Connection, letters: Mapping[UUID, Sequence[PutHere]]) -> None:
    """Of these drivers exactly these letters are left."""
    for driver_id, left in letters.items():
        await tx.execute(
            "DELETE FROM status_letter WHERE driver_id = $1 AND letter <> ALL ($2::text[])",
            driver_id, [each.letter.value for each in left],
        )  # fmt: skip
        for each in left:
            await tx.execute(
                "UPDATE status_letter SET also_said = $3 WHERE driver_id = $1 AND letter = $2",
                driver_id, each.letter.value, each.also_said,
            )  # fmt: skip


async def hear(tx: Connection, said: Mapping[UUID, str]) -> None:
    """What a register file says of statuses as they are from now on: letters it names are its own too, others are gone."""
    if not said:
        return
    values = (list(said), list(said.values()))
    await tx.execute(
        "DELETE FROM status_letter AS l USING unnest($1::uuid[], $2::text[]) AS said (driver_id, status) "
        "WHERE l.driver_id = said.driver_id AND position(l.letter IN said.status) = 0",
        *values,
    )
    await tx.execute(
        "UPDATE status_letter AS l SET also_said = true FROM unnest($1::uuid[], $2::text[]) AS said (driver_id, status) "
        "WHERE l.driver_id = said.driver_id AND NOT l.also_said",
        *values,
    )
