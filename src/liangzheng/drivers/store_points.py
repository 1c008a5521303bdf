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


async def restate(
    tx: Connection, totals: Sequence[tuple[UUID, int]], source: str, on: date, now: datetime
) -> None:
    """An office or a register file said another total: where there is a ledger, an entry makes up the difference."""
    if not totals:
        return
    await tx.execute(
        """
        WITH said AS (SELECT * FROM unnest($1::uuid[], $2::integer[]) AS t (driver_id, total)),
             folded AS (
                SELECT a.driver_id, a.cycle_from, a.entries + 1 AS number, s.total,
                       s.total - coalesce((SELECT sum(e.points) FROM points_entry AS e
                                            WHERE e.driver_id = a.driver_id AND e.cycle_from = a.cycle_from), 0) AS points
                  FROM points_account AS a JOIN said AS s ON s.driver_id = a.driver_id),
             moved AS (
                UPDATE points_account AS a SET entries = f.number, is_full = f.total >= 12
                  FROM folded AS f WHERE a.driver_id = f.driver_id AND f.points <> 0)
        INSERT INTO points_entry (driver_id, at, number, cycle_from, on_day, points, kind, source)
        SELECT driver_id, $5, number, cycle_from, $4, points, 'restated', $3 FROM folded WHERE points <> 0
        """,
        [driver_id for driver_id, _ in totals], [total for _, total in totals], source, on, now,
    )  # fmt: skip


async def due(tx: Connection, on: date, limit: int) -> list[UUID]:
    """Drivers whose cycle is over and not full, the longest over first."""
    rows = await tx.fetch(
        "SELECT driver_id FROM points_account WHERE resets_on <= $1 AND NOT is_full ORDER BY resets_on, driver_id LIMIT $2",
        on, limit,
    )  # fmt: skip
    return [row["driver_id"] for row in rows]
