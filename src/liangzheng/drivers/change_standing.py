"""The act of changing a driver's standing: suspension at the roadside, points, a new class, another
authority."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.drivers import store, store_letters
from liangzheng.drivers.import_register import STANDING_CHANGED, standing_event
from liangzheng.drivers.model import Standing, StandingChange
from liangzheng.drivers.restate import restate
from liangzheng.drivers.rules import decide_change
from liangzheng.drivers.store import Change
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.time import civil_day


async def change_standing(
    tx: Connection,
    driver_id: DriverId,
    change: StandingChange,
    source: str,
    now: datetime,
    actor: Actor = Actor("operator"),  # noqa: B008 (frozen)
    *,
    told_by: str | None = None,
) -> Standing:
    """The standing after the change, in `tx` with its history line, audit entry and event `standing.changed`.

    A change that changes nothing leaves none of them and the version as it was. `source` says where the
    change comes from, without personal data. `told_by`: the topic of an event of the caller's own that tells the
    driver of it, so that nobody hears of one act twice. Raises NotFound, Invalid for a change that makes no sense.
    """
    # 1. What it is, held until the transaction ends.
    before, record_version = await store.held_standing(tx, driver_id)
    # 2. What it becomes.
    after = decide_change(before, change, civil_day(now))
    old, new = _columns(before), _columns(after)
    differ = sorted(column for column in new if new[column] != old[column])
    if not differ:
        return before
    # 3. Record, history, event, audit: together or not at all.
    changed = Change(
        driver_id.uuid, record_version, before.version,
        {column: old[column] for column in differ}, {column: new[column] for column in differ},
    )  # fmt: skip
    await store.change(tx, changed, source, now)
    if "status" in differ:
        await store_letters.keep_only(tx, driver_id, after.status)
    if "points" in differ:
        was = {driver_id.uuid: before.points}
        await restate(tx, {driver_id.uuid: after.points}, source, now, opening=was)
    subject, body = standing_event(changed, told_by)
    await outbox.put(tx, STANDING_CHANGED, subject, body, now)
    await audit.record(
        tx, act="standing.changed", actor=actor, subject=driver_id, driver_id=driver_id, purpose=source,
        detail={"standing_version": changed.new_standing_version, "columns": differ}, now=now,
    )  # fmt: skip
    return await store.standing(tx, driver_id)


def _columns(standing: Standing) -> dict[str, Any]:
    return {
        "status": str(standing.status),
        "extended_until": standing.extended_until,
        "points": standing.points,
        "classes": str(standing.classes),
        "class_history": str(standing.class_history),
        "valid_from": standing.valid_from,
        "valid_until": standing.valid_until,
        "validity_term": standing.validity_term.value,
        "issuing_authority": standing.authority,
    }
