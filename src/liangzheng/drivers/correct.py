"""The act of correcting a record: fields the register had wrong, as they should have been read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.drivers import store
from liangzheng.drivers.columns import CodeTables, Fault, columns
from liangzheng.drivers.import_register import STANDING_CHANGED, standing_event
from liangzheng.drivers.names import sort_key
from liangzheng.drivers.points import decide_crossing
from liangzheng.drivers.restate import restate
from liangzheng.drivers.store import Change
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.errors import Conflict, Invalid, NotFound
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.status import Status

CORRECTABLE: Final = (
    "name", "sex", "nationality", "resident_address", "address_division", "hearing_aid_condition", "notes",
    "accumulated_points",
)  # fmt: skip
"""Headers of a register file. Numbers, classes, validity, authority and status change by their own procedures."""

RECORD_CORRECTED: Final = "record.corrected"


def read_correction(tables: CodeTables, fields: Mapping[str, str]) -> dict[str, Any]:
    """Column → value of the fields, which are written as in a register file. Raises Invalid naming the field."""
    if not fields:
        raise Invalid("fields", "at least one")
    by_header = {column.header: column for column in columns(tables)}
    values: dict[str, Any] = {}
    for header, text in fields.items():
        if header not in CORRECTABLE:
            raise Invalid("fields", f"of {' '.join(CORRECTABLE)}")
        try:
            values[by_header[header].sql] = by_header[header].parse(text)
        except Fault as fault:
            raise Invalid(header, fault.why) from None
    return values


async def correction(
    tx: Connection, tables: CodeTables, driver_id: DriverId, record_version: int, fields: Mapping[str, str]
) -> Change:
    """What correcting these fields would change; the record is held until the transaction ends. Points that cross the
    12 change the status with them.

    Raises Conflict when the record is not at `record_version` any more, Invalid for a field that will not do or when nothing
    would change, NotFound.
    """
    values = read_correction(tables, fields)
    row = (await store.columns_held(tx, [driver_id.uuid])).get(driver_id.uuid)
    if row is None:
        raise NotFound("no such driver")
    if row["record_version"] != record_version:
        raise Conflict(
            "the record was changed since it was read; read it again", place="record_version", rule="stale"
        )
    if "points" in values:
        values |= _crossing(row, values["points"])
    differ = sorted(column for column in values if row[column] != values[column])
    if not differ:
        raise Invalid("fields", "different from what the record says")
    return Change(
        driver_id.uuid, record_version, row["standing_version"],
        {column: row[column] for column in differ}, {column: values[column] for column in differ},
    )  # fmt: skip


def _crossing(row: Row, points: int) -> dict[str, Any]:
    """What the 12-point rule makes of corrected points. The day they were reached is not known from a total."""
    crossing = decide_crossing(row["points"], points, Status.parse(row["status"]))
    if crossing is None:
        return {}
    return {"status": str(crossing.status)} | ({} if crossing.reached else {"points_exceeded_on": None})


async def correct_record(
    tx: Connection,
    tables: CodeTables,
    driver_id: DriverId,
    record_version: int,
    fields: Mapping[str, str],
    source: str,
    now: datetime,
    actor: Actor,
) -> int:
    """The record says what it should, as its next version, with history line, audit entry and event `record.corrected`;
    returns that version.

    Corrected points are an entry of the ledger, which begins with them where there is none, and a change of standing
    too. Raises as `correction`.
    """
    changed = await correction(tx, tables, driver_id, record_version, fields)
    await store.change(tx, changed, source, now)
    if "points" in changed.after:
        total, was = ({driver_id.uuid: side["points"]} for side in (changed.after, changed.before))
        await restate(tx, total, source, now, opening=was)
    if "name" in changed.after:
        await store.set_name_key(tx, driver_id, sort_key(changed.after["name"]))
    if changed.changes_standing:
        subject, body = standing_event(changed, RECORD_CORRECTED)
        await outbox.put(tx, STANDING_CHANGED, subject, body, now)
    told: dict[str, int | list[str]] = {
        "record_version": record_version + 1,
        "columns": sorted(changed.after),
    }
    await outbox.put(tx, RECORD_CORRECTED, driver_id, told, now)
    await audit.record(
        tx, act="record.corrected", actor=actor, subject=driver_id, driver_id=driver_id, purpose=source,
        detail=told, now=now,
    )  # fmt: skip
    return record_version + 1
