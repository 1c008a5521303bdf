"""Every statement on points_account and points_entry. The caller holds the drivers' rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from liangzheng.drivers.points import Entry, EntryKind, Ledger
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.points import PointsCycle

ONE_DAY: Final = date(2000, 1, 2) - date(2000, 1, 1)


async def ledgers(tx: Connection, driver_ids: Sequence[UUID]) -> dict[UUID, Ledger]:
    """The ledgers of those drivers that have one."""
    accounts = await tx.fetch(
        "SELECT driver_id, cycle_from, resets_on FROM points_account WHERE driver_id = ANY ($1::uuid[])",
        list(driver_ids),
    )
    rows = await tx.fetch(
        "SELECT driver_id, number, kind, points, on_day, cycle_from, reference, corrects FROM points_entry "
        "WHERE driver_id = ANY ($1::uuid[]) ORDER BY driver_id, number",
        [row["driver_id"] for row in accounts],
    )
    entries: dict[UUID, list[Entry]] = {row["driver_id"]: [] for row in accounts}
    for row in rows:
        entries[row["driver_id"]].append(
            Entry(
                row["number"], EntryKind(row["kind"]), row["points"], row["on_day"], row["cycle_from"],
                row["reference"], row["corrects"],
            )
        )  # fmt: skip
    return {
        row["driver_id"]: Ledger(
            PointsCycle(row["cycle_from"], row["resets_on"] - ONE_DAY), tuple(entries[row["driver_id"]])
        )
        for row in accounts
    }


async def ledger(tx: Connection, driver_id: UUID) -> Ledger | None:
    """One driver's ledger; None while no feed has spoken of their points."""
    return (await ledgers(tx, [driver_id])).get(driver_id)


async def keep(
    tx: Connection,
    kept: Mapping[UUID, Ledger],
    added: Sequence[tuple[UUID, Entry, str]],
    now: datetime,
) -> None:
    """The ledgers are as given: accounts made or moved, `added` entries (with their source) written."""
    ids = list(kept)
    await tx.execute(
        """
        INSERT INTO points_account (driver_id, cycle_from, resets_on, entries, is_full)
        SELECT * FROM unnest($1::uuid[], $2::date[], $3::date[], $4::integer[], $5::boolean[])
        ON CONFLICT (driver_id) DO UPDATE SET cycle_from = excluded.cycle_from, resets_on = excluded.resets_on,
               entries = excluded.entries, is_full = excluded.is_full
        """,
        ids,
        [kept[driver_id].cycle.start for driver_id in ids],
        [kept[driver_id].cycle.resets_on for driver_id in ids],
        [len(kept[driver_id].entries) for driver_id in ids],
        [kept[driver_id].is_full for driver_id in ids],
    )
    await tx.copy_records_to_table(
        "points_entry",
        records=[
            (
                driver_id, now, entry.number, entry.cycle_from, entry.on, entry.corrects, entry.points,
                entry.kind.value, entry.reference, source,
            )
            for driver_id, entry, source in added
        ],
        columns=(
            "driver_id", "at", "number", "cycle_from", "on_day", "corrects", "points", "kind", "reference", "source",
        ),
    )  # fmt: skip


async def cycles_of(tx: Connection, driver_ids: Sequence[UUID]) -> dict[UUID, tuple[date, date | None]]:
    """The day each driver's cycles count from, and when the register says that the present total ends."""
    if not driver_ids:
        return {}
    rows = await tx.fetch(
        "SELECT driver_id, first_issue_date, points_reset_on FROM driver WHERE driver_id = ANY ($1::uuid[])",
        list(driver_ids),
    )
    return {row["driver_id"]: (row["first_issue_date"], row["points_reset_on"]) for row in rows}


async def due(tx: Connection, on: date, limit: int) -> list[UUID]:
    """Drivers whose cycle is over and not full, the longest over first."""
    rows = await tx.fetch(
        "SELECT driver_id FROM points_account WHERE resets_on <= $1 AND NOT is_full ORDER BY resets_on, driver_id LIMIT $2",
        on, limit,
    )  # fmt: skip
    return [row["driver_id"] for row in rows]
